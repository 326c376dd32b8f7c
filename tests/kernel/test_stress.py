# SPDX-License-Identifier: GPL-2.0-or-later
"""What a multi-server system does to threads: their waiting broken off, pagers, exceptions, deaths.

Each operation makes the events of the table in docs/kernel-counts.md, no more; what was begun and
never ended leaves nothing behind.
"""

import threading
from collections.abc import Callable, Iterator

import pytest

from perfmon import Event
from perfmon._generated.perf_monitor.types import PerfSample
from perfmon.kernel.boot import Guest
from tests.kernel.clients import EVENTS, Clients, connected

pytestmark = pytest.mark.kernel

UNCERTAIN = 2
"""What differs from call to call beside the operations: a call that takes long is answered at a
port of its own, which one more request destroys, and a page may be touched for the first time.
"""
ERROR, WAITED, INSTANT = 1, 2, 0x10
MACH_RCV_INTERRUPTED = 0x10004005
EXCEPTION_RAISE = 2400
NOT_MAPPED = 0x3FFFF000  # see exceptions.c
ARRIVED_ID, REFUSED_ID, PAGED_ID, NOWHERE = 4985, 4986, 4987, 0
MACH_SEND_TIMED_OUT, MACH_RCV_INVALID_DATA = 0x10000004, 0x10004008
PAGES = 4
TASKS, THREADS = 1, 2
CPUS = 6  # of struct perf_info_interface
CLOCK = 2  # perf_get_info's selector

Work = Callable[[Clients, int], int]

# Without a number for faults where they are the boot task's: it is copied, or sleeps.
WORKLOADS: dict[str, tuple[Work, tuple[int, ...]]] = {
    "pingpong": (lambda c, n: c.workload.workload_pingpong(n), (2, 2, 0, 0, 0, 0, 0, 0, 0)),
    "interruptions": (
        lambda c, n: c.workload.workload_interruptions(n),
        (6, 6, 0, 0, 0, 0, 0, 0, 0),
    ),
    "exceptions": (lambda c, n: c.workload.workload_exceptions(n), (10, 10, 0, 0, 0, 0, 0, 0, 1)),
    "paging": (
        lambda c, n: c.workload.workload_paging(n, PAGES),
        (8 + PAGES, 9 + PAGES, 1, 1, 0, 0, 0, 0, PAGES + 1),
    ),
    "deaths": (lambda c, n: c.workload.workload_deaths(n), (26, 29, 1, 0, 1, 1, 3, 3)),
    "crowds": (lambda c, n: c.workload.workload_crowds(n), (32, 32, 0, 0, 0, 0, 0, 0)),
    "failures": (lambda c, n: c.workload.workload_failures(n), (3, 2, 0, 0, 0, 0, 0, 0, 1)),
}


@pytest.fixture
def clients(guest: Guest) -> Iterator[Clients]:
    with connected(guest) as clients:
        clients.restart()
        yield clients


def measured(clients: Clients, work: Work, count: int) -> list[int]:
    before = clients.counts(EVENTS)
    assert work(clients, count) == count
    return [after - was for was, after in zip(before, clients.counts(EVENTS), strict=True)]


@pytest.mark.parametrize("name", WORKLOADS)
def test_each_operation_is_counted_exactly(name: str, clients: Clients):
    work, slope = WORKLOADS[name]
    unit = 6
    work(clients, 1)
    first, second, third = (measured(clients, work, unit * times) for times in (1, 2, 3))
    for less, more in ((first, second), (second, third)):
        found = [b - a for a, b in zip(less, more, strict=True)][: len(slope)]
        wanted = [unit * each for each in slope]
        assert found[2:8] == wanted[2:8]
        assert all(abs(a - b) <= UNCERTAIN for a, b in zip(found[8:], wanted[8:], strict=True))
        assert abs(found[0] - wanted[0]) <= UNCERTAIN
        assert found[0] - wanted[0] == found[1] - wanted[1]


def samples(clients: Clients) -> list[PerfSample]:
    """Of all processors, by time."""
    clients.privileged.perf_monitor_enable(False)
    found: list[PerfSample] = []
    for cpu in range(clients.host.perf_get_info(0)[CPUS]):
        result = clients.privileged.perf_read_samples(cpu, 0, 32768)
        assert result.lost == 0
        found += result.samples
    return sorted(found, key=lambda sample: sample.timestamp)


def ticks(clients: Clients) -> int:
    """What the clock of the samples says now."""
    return int(clients.host.perf_get_info(CLOCK)[1])


def of(found: list[PerfSample], event: Event) -> list[PerfSample]:
    return [sample for sample in found if sample.event == event]


def test_waiting_that_is_broken_off_ends_as_an_error_that_waited(clients: Clients):
    assert clients.workload.workload_interruptions(20) == 20
    cut_short = [s for s in of(samples(clients), Event.SYSCALL) if s.data2 == MACH_RCV_INTERRUPTED]
    assert [s.flags for s in cut_short] == [ERROR | WAITED] * 20


def test_a_page_that_a_pager_supplies_is_one_fault_that_waited(clients: Clients):
    clients.workload.workload_paging(1, PAGES)
    clients.restart()
    assert clients.workload.workload_paging(10, PAGES) == 10
    found = samples(clients)
    (server,) = {s.thread for s in of(found, Event.VM_FREE)}
    faults = [s for s in of(found, Event.PAGE_FAULT) if s.thread == server and s.flags & WAITED]
    assert len(faults) == 10 * (PAGES + 1)
    assert {s.flags for s in faults} == {WAITED}
    # Each lies within the time in which the object was mapped.
    mapped = [s.timestamp for s in of(found, Event.VM_ALLOC)]
    freed = [s.timestamp for s in of(found, Event.VM_FREE)]
    for fault in faults:
        begin = fault.timestamp - fault.duration
        assert any(m < begin and fault.timestamp < f for m, f in zip(mapped, freed, strict=True))


def test_a_message_whose_page_a_pager_supplies_is_one_send_that_waited(clients: Clients):
    assert clients.workload.workload_paging(10, 1) == 10
    found = samples(clients)
    sent = [s for s in of(found, Event.IPC_SEND) if s.data1 == PAGED_ID]
    received = [s for s in of(found, Event.IPC_RECEIVE) if s.data1 == PAGED_ID]
    assert [s.flags for s in sent] == [WAITED] * 10
    assert [s.flags for s in received] == [0] * 10
    (header,) = {s.data2 for s in sent}
    assert {s.data2 for s in received} == {header}


def test_an_exception_is_received_and_the_thread_goes_on(clients: Clients):
    assert clients.workload.workload_exceptions(20) == 20
    found = samples(clients)
    raised = [s for s in of(found, Event.IPC_RECEIVE) if s.data1 == EXCEPTION_RAISE]
    assert len(raised) == 2 * 20 + 1  # the last one's thread is ended while it waits for an answer
    refused = [s for s in of(found, Event.PAGE_FAULT) if s.data1 == NOT_MAPPED]
    assert [(s.flags, s.duration > 0) for s in refused] == [(ERROR, True)] * 20


def test_a_thread_that_its_task_takes_along_ends_too(clients: Clients):
    assert clients.workload.workload_deaths(5) == 5
    found = samples(clients)
    born, ended = of(found, Event.THREAD_CREATE), of(found, Event.THREAD_TERMINATE)
    assert sorted(s.data1 for s in born) == sorted(s.data1 for s in ended)
    assert {s.data2 for s in ended} == {s.data1 for s in of(found, Event.TASK_TERMINATE)}


def test_a_message_that_fails_is_one_failed_event(clients: Clients):
    assert clients.workload.workload_failures(5) == 5
    failed = [s for s in samples(clients) if s.flags == ERROR]
    calls = {s.data2 for s in failed if s.event == Event.SYSCALL}
    assert calls == {MACH_SEND_TIMED_OUT, MACH_RCV_INVALID_DATA}
    each = [
        (Event.IPC_SEND, REFUSED_ID),
        (Event.PAGE_FAULT, NOWHERE),
        (Event.IPC_RECEIVE, ARRIVED_ID),
    ]
    assert [(s.event, s.data1) for s in failed if s.event != Event.SYSCALL] == each * 5
    assert clients.host.perf_get_event_stats(Event.IPC_SEND).errors == 5
    assert clients.host.perf_get_event_stats(Event.IPC_RECEIVE).errors == 5


@pytest.mark.parametrize("name", WORKLOADS)
def test_no_event_began_before_monitoring_did(name: str, clients: Clients):
    work, _ = WORKLOADS[name]
    assert work(clients, 3) == 3
    before = ticks(clients)
    clients.restart()
    assert work(clients, 3) == 3
    after = ticks(clients)
    timed = [s for s in samples(clients) if not s.flags & INSTANT]
    assert min(s.timestamp - s.duration for s in timed) > before
    assert max(s.duration for s in timed) < after - before


def test_threads_that_die_waiting_leave_nothing_in_the_tables(clients: Clients):
    def living() -> tuple[list[int], list[int]]:
        """Tasks and threads that have ids, but for the kernel's, which are seen when they run."""
        tasks = {task.id: task.name for task in clients.privileged.perf_get_names(TASKS)}
        threads = clients.privileged.perf_get_names(THREADS)
        kernel = [task for task, name in tasks.items() if name.startswith(b"gnumach")]
        return sorted(tasks.keys() - kernel), sorted(
            thread.id for thread in threads if thread.parent not in kernel
        )

    assert clients.workload.workload_deaths(1) == 1
    before = living()
    overflows = clients.host.perf_get_system_stats().table_overflows
    # More threads than the table of what they are doing has room for, had it kept any.
    for _ in range(5):
        assert clients.workload.workload_deaths(100) == 100
    assert living() == before
    assert clients.host.perf_get_system_stats().table_overflows == overflows


def test_all_of_it_goes_on_while_monitoring_is_switched(guest: Guest, clients: Clients):
    done = threading.Event()

    def switch() -> None:
        with connected(guest) as control:
            while not done.is_set():
                control.privileged.perf_monitor_enable(False)
                control.privileged.perf_monitor_enable(True)

    switching = threading.Thread(target=switch)
    switching.start()
    try:
        for _ in range(3):
            for work, _ in WORKLOADS.values():
                assert work(clients, 20) == 20
    finally:
        done.set()
        switching.join()
    clients.restart()
    for name, (work, _) in WORKLOADS.items():
        assert work(clients, 3) == 3, name
    clients.privileged.perf_monitor_enable(False)
    events, written, overwritten, limited, refused, readable = clients.host.perf_get_info(16)[:6]
    assert events == written + limited + refused
    assert written == readable + overwritten
