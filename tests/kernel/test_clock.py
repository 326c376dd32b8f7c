# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel's idea of its clock's speed, beside this machine's."""

import time

import pytest

from perfmon.kernel.boot import Guest
from tests.kernel.clients import Clients, connected

pytestmark = pytest.mark.kernel

CLOCK = 2  # perf_get_info's selector
READINGS = 30
SECONDS = 0.5


def instant(clients: Clients) -> tuple[int, int]:
    """Ticks and nanoseconds of one moment: of some readings the one that took least time."""
    readings = []
    for _ in range(READINGS):
        before = time.monotonic_ns()
        ticks = int(clients.host.perf_get_info(CLOCK)[1])
        took = time.monotonic_ns() - before
        readings.append((took, ticks, before + took // 2))
    _, ticks, ns = min(readings)
    return ticks, ns


def test_a_second_of_a_kernels_clock_is_a_second(guest: Guest):
    with connected(guest) as clients:
        frequency = clients.host.perf_get_info(CLOCK)[0]
        begin, begin_ns = instant(clients)
        time.sleep(SECONDS)
        end, end_ns = instant(clients)
    assert frequency == pytest.approx((end - begin) * 1e9 / (end_ns - begin_ns), rel=0.001)
