# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages made readable: ``mig decode``.

Declares every message once more from the model, with construct, apart from everything that
marshals, so that the two can be held against each other.  Stands above compiler and runtime;
neither knows it.  Needs the extra ``perfmon[decode]``.
"""
