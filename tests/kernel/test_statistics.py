# SPDX-License-Identifier: GPL-2.0-or-later
"""Statistics agree with each other and with the time that passed, whether events leave samples."""

from collections.abc import Iterator

import pytest

from perfmon import Event
from perfmon.interface import RATE_EVERY_EVENT, RATE_MIN
from perfmon.kernel.boot import Guest
from tests.kernel.clients import Clients, connected

pytestmark = pytest.mark.kernel

CLOCK = 2  # perf_get_info's selector
HALF_OF_THE_CLOCK = 1 << 32
"""Ticks in which the lower half of the clock has had every value."""
WORK, WAITS = 0, 1


def now(clients: Clients) -> int:
    return int(clients.host.perf_get_info(CLOCK)[1])


@pytest.fixture
def clients(guest: Guest) -> Iterator[Clients]:
    with connected(guest) as clients:
        yield clients


@pytest.fixture(params=[RATE_EVERY_EVENT, RATE_MIN], ids=["sampled", "limited"])
def begin(request: pytest.FixtureRequest, clients: Clients) -> int:
    """Monitoring is enabled; the time, in ticks, when it was not yet."""
    begin = now(clients)
    clients.restart(request.param)
    return begin


def test_times_are_within_what_passed_and_in_their_buckets(clients: Clients, begin: int):
    while now(clients) < begin + HALF_OF_THE_CLOCK:
        clients.workload.workload_memory(100, 2)
        clients.workload.workload_messages(100)
        clients.workload.workload_tasks(10)
        clients.workload.workload_threads(10)
        clients.workload.workload_sleep(5)
    clients.privileged.perf_monitor_enable(False)
    ticks_per_second, end, boot = clients.host.perf_get_info(CLOCK)[:3]
    earliest, latest = ((ticks - boot) * 10**9 // ticks_per_second for ticks in (begin, end))
    for event in range(12):
        stats = clients.host.perf_get_event_stats(event)
        assert stats.timed > 0
        assert 0 < stats.min <= stats.mean <= stats.max <= stats.total, Event(event)
        assert stats.total < latest - earliest, Event(event)
        assert earliest <= stats.last <= latest, Event(event)
        for selector, count, total in (
            (WORK, stats.timed, stats.total),
            (WAITS, stats.waits, stats.wait_total),
        ):
            buckets = clients.host.perf_get_histogram(event, selector)
            assert sum(bucket.count for bucket in buckets) == count, Event(event)
            # Bounds are whole nanoseconds, a little less than they are.
            least = sum(bucket.lower * bucket.count for bucket in buckets)
            most = sum((bucket.upper + 2) * bucket.count for bucket in buckets)
            assert least <= total <= most, Event(event)
        work = clients.host.perf_get_histogram(event, WORK)
        assert work[0].lower <= stats.min <= work[0].upper + 1, Event(event)
        assert work[-1].lower <= stats.max, Event(event)


def test_a_call_that_waits_is_no_work_whatever_the_clock_says(clients: Clients, begin: int):
    calls = 0
    while now(clients) < begin + HALF_OF_THE_CLOCK:
        clients.workload.workload_sleep(1)
        calls += 1
    stats = clients.host.perf_get_event_stats(Event.SYSCALL)
    assert stats.waits >= calls
    assert stats.wait_total > stats.total
