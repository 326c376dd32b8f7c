# SPDX-License-Identifier: GPL-2.0-or-later
"""What the compiler's errors have in common; imports nothing, and so can be imported first."""


class InputError(Exception):
    """The input is wrong; the message says what and where."""
