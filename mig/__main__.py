# SPDX-License-Identifier: GPL-2.0-or-later
"""``python -m mig``: the same as the command ``mig``."""

import sys

from mig.cli import main

if __name__ == "__main__":
    sys.exit(main())
