# SPDX-License-Identifier: GPL-2.0-or-later
"""What all tests share.

Programs that they start can be interrupted, however pytest was started; no test drawn by
hypothesis fails because the machine is busy; and modules may be run in any order.
"""

import signal
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


def pytest_configure() -> None:
    # A shell starts what is in its background with SIGINT ignored, and children inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module", autouse=True)
def _embedded_host_as_it_began() -> Iterator[None]:
    """A process has one embedded host: what a module set there is no matter of the next one's."""
    yield
    if "perfmon._embedded" not in sys.modules:
        return
    import perfmon
    from perfmon.interface import BUFFER_DEFAULT, RATE_DEFAULT

    with perfmon.connect("embedded:") as host:
        host.disable()
        host.configure(sample_rate=RATE_DEFAULT, buffer_size=BUFFER_DEFAULT)
        host.set_events(range(12))
        host.set_mode(perfmon.Mode.OVERWRITE)
        host.set_regression_percent(20)
        host.set_thresholds(latency_us=1000, throughput=1000, error_rate=5)
        host.reset()
