# SPDX-License-Identifier: GPL-2.0-or-later
"""What all tests share: programs that they start can be interrupted, however pytest was started."""

import signal


def pytest_configure() -> None:
    # A shell starts what is in its background with SIGINT ignored, and children inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
