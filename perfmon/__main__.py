# SPDX-License-Identifier: GPL-2.0-or-later
"""`python -m perfmon` is `perfmon`."""

import sys

from perfmon.cli import main

sys.exit(main())
