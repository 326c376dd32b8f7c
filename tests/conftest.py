# SPDX-License-Identifier: GPL-2.0-or-later
"""What all tests share.

Programs that they start can be interrupted, however pytest was started; and no test drawn by
hypothesis fails because the machine is busy.
"""

import signal

from hypothesis import HealthCheck, settings

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


def pytest_configure() -> None:
    # A shell starts what is in its background with SIGINT ignored, and children inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
