# SPDX-License-Identifier: GPL-2.0-or-later
"""Statistics agree with each other and with the time that passed, whether events leave samples."""

from collections.abc import Iterator

import pytest

from perfmon import Event
from perfmon.interface import RATE_EVERY_EVENT, RATE_MIN
from perfmon.kernel.boot import Guest
from tests.kernel.clients import ALL_EVENTS, Clients, connected

pytestmark = pytest.mark.kernel

CLOCK = 2  # perf_get_info's selector
HALF_OF_THE_CLOCK = 1 << 32
"""Ticks in which the lower half of the clock has had every value."""
WORK, WAITS = 0, 1


def now(clients: Clients) -> int:
    return int(clients.host.perf_get_info(CLOCK)[1])


def nanoseconds(clients: Clients, ticks: int) -> int:
    """A time, since the boot."""
    ticks_per_second, _, boot = clients.host.perf_get_info(CLOCK)[:3]
    return (ticks - boot) * 10**9 // ticks_per_second


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


def assert_in_buckets(clients: Clients, event: int, selector: int, count: int, total: int) -> None:
    buckets = clients.host.perf_get_histogram(event, selector)
    assert sum(bucket.count for bucket in buckets) == count, Event(event)
    # Bounds are whole nanoseconds, a little less than they are.
    least = sum(bucket.lower * bucket.count for bucket in buckets)
    most = sum((bucket.upper + 2) * bucket.count for bucket in buckets)
    assert least <= total <= most, Event(event)


def test_times_are_within_what_passed_and_in_their_buckets(clients: Clients, begin: int):
    while now(clients) < begin + HALF_OF_THE_CLOCK:
        clients.workload.workload_memory(100, 2)
        clients.workload.workload_messages(100)
        clients.workload.workload_tasks(10)
        clients.workload.workload_threads(10)
        clients.workload.workload_sleep(5)
    clients.privileged.perf_monitor_enable(False)
    earliest, latest = (nanoseconds(clients, ticks) for ticks in (begin, now(clients)))
    for event in range(12):
        stats = clients.host.perf_get_event_stats(event)
        assert stats.timed > 0
        assert 0 < stats.min <= stats.mean <= stats.max <= stats.total, Event(event)
        assert stats.total < latest - earliest, Event(event)
        for selector, count, total in (
            (WORK, stats.timed, stats.total),
            (WAITS, stats.waits, stats.wait_total),
        ):
            assert_in_buckets(clients, event, selector, count, total)
        work = clients.host.perf_get_histogram(event, WORK)
        assert work[0].lower <= stats.min <= work[0].upper + 1, Event(event)
        assert work[-1].lower <= stats.max, Event(event)


def test_a_total_goes_on_when_its_lower_half_is_full(clients: Clients, begin: int):
    full = nanoseconds(clients, HALF_OF_THE_CLOCK) - nanoseconds(clients, 0)
    while clients.host.perf_get_event_stats(Event.SYSCALL).total <= full:
        assert now(clients) < begin + 20 * HALF_OF_THE_CLOCK
        clients.workload.workload_memory(1000, 2)
    clients.privileged.perf_monitor_enable(False)
    stats = clients.host.perf_get_event_stats(Event.SYSCALL)
    assert_in_buckets(clients, Event.SYSCALL, WORK, stats.timed, stats.total)


def test_the_last_time_of_an_event_is_its_last_whether_it_left_a_sample(
    clients: Clients, begin: int
):
    del begin
    for _ in range(5):
        clients.workload.workload_memory(100, 1)  # more than a limit lets through at once
        before = now(clients)
        clients.workload.workload_memory(5, 1)
        earliest, latest = (nanoseconds(clients, ticks) for ticks in (before, now(clients)))
        for event in (Event.VM_ALLOC, Event.VM_FREE, Event.PAGE_FAULT, Event.IPC_SEND):
            last = clients.host.perf_get_event_stats(event).last
            assert earliest <= last, event
            # Asking for it is a message, and may touch memory.
            assert last <= latest or event in {Event.PAGE_FAULT, Event.IPC_SEND}, event


def test_a_call_that_waits_is_no_work_whatever_the_clock_says(clients: Clients, begin: int):
    calls = 0
    while now(clients) < begin + HALF_OF_THE_CLOCK:
        clients.workload.workload_sleep(1)
        calls += 1
    stats = clients.host.perf_get_event_stats(Event.SYSCALL)
    assert stats.waits >= calls
    assert stats.wait_total > stats.total


def test_a_receipt_that_waits_is_no_work_however_short(clients: Clients, begin: int):
    del begin
    clients.workload.workload_pingpong(200)
    stats = clients.host.perf_get_event_stats(Event.IPC_RECEIVE)
    assert stats.waits >= 400, stats


def test_every_event_left_a_sample_or_is_counted_as_one_that_did_not(clients: Clients, begin: int):
    del begin
    clients.workload.workload_memory(100, 2)
    clients.workload.workload_messages(100)
    clients.workload.workload_pingpong(50)
    clients.workload.workload_tasks(5)
    clients.workload.workload_threads(5)
    clients.privileged.perf_monitor_enable(False)
    system = clients.host.perf_get_system_stats()
    counts = clients.counts([event for event in Event if ALL_EVENTS >> event & 1])
    assert sum(counts) == system.events > 1000
    assert system.events == system.written + system.rate_limited
