# SPDX-License-Identifier: GPL-2.0-or-later
"""Every supported kernel counts each of the twelve events exactly: the table of `make boot-matrix`.

Of N, 2N and 3N operations it prints how many events they are and how many were recorded.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from perfmon import Event
from perfmon._generated.perf_monitor.types import PerfSample
from perfmon.kernel.boot import Guest, boot, stop
from perfmon.kernel.images import kernel_image
from perfmon.kernel.instrument import instrument
from perfmon.kernel.kinds import KINDS
from tests.kernel.clients import Clients, connected

pytestmark = pytest.mark.kernel

N = 20
OLDEST, CLOCK = 0, 2
OWN_MESSAGE, CLOCK_INTERRUPT, TICK_NS = 4999, 0, 10_000_000
PAGES = 3

MATRIX = [(kind, cpus) for kind in KINDS for cpus in ((1, 2) if "smp" in kind else (1,))]


@pytest.fixture(scope="module", params=MATRIX, ids=lambda pair: f"{pair[0]}, {pair[1]} CPU")
def booted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Guest, float]]:
    kind, cpus = request.param
    kernel: Path = tmp_path_factory.mktemp(kind) / "kernel"
    instrument(kernel_image(kind), kernel)
    begin = time.monotonic()
    guest = boot(kernel, f"matrix-{cpus}", cpus=cpus)
    took = time.monotonic() - begin
    yield f"{kind}, {cpus} CPU", guest, took
    stop(guest.name)


def recorded(clients: Clients) -> list[PerfSample]:
    """All samples of all processors; monitoring is disabled then."""
    clients.privileged.perf_monitor_enable(False)
    found: list[PerfSample] = []
    for cpu in range(clients.host.perf_get_info(0)[6]):
        read = clients.privileged.perf_read_samples(cpu, OLDEST, 32768)
        assert read.lost == 0
        found += read.samples
    return found


def began(sample: PerfSample) -> int:
    return sample.timestamp - sample.duration


def wall_ns(clients: Clients) -> int:
    """The kernel's time, which its clock interrupt advances."""
    seconds, nanoseconds = clients.host.perf_get_info(CLOCK)[3:5]
    return int(seconds * 10**9 + nanoseconds)


def measured(clients: Clients, count: int) -> dict[Event, tuple[int, int]]:
    """Of each event, how many that many operations are and how many were recorded of them.

    The clock goes on between any two requests: what it counted is between the ticks that passed
    while monitoring was enabled for certain and those that passed from before to after.
    """
    before = wall_ns(clients)
    clients.restart()
    begin = wall_ns(clients)
    clients.workload.workload_messages(count)
    clients.workload.workload_memory(count, PAGES)
    clients.workload.workload_tasks(count)
    clients.workload.workload_threads(count)
    clients.workload.workload_sleep(10 * count)
    ticks = (wall_ns(clients) - begin) // TICK_NS
    found = recorded(clients)
    most = (wall_ns(clients) - before) // TICK_NS
    of = {event: [s for s in found if s.event == event] for event in Event if event < 12}
    worker = of[Event.VM_ALLOC][0].thread
    created = {s.data1 for s in of[Event.THREAD_CREATE]}
    sent, received = (
        [s for s in of[event] if s.data1 == OWN_MESSAGE]
        for event in (Event.IPC_SEND, Event.IPC_RECEIVE)
    )
    first, last = min(map(began, sent)), max(map(began, received))
    calls = [s for s in of[Event.SYSCALL] if s.thread == worker and first <= began(s) <= last]
    clock = [s for s in of[Event.INTERRUPT] if s.data1 == CLOCK_INTERRUPT and s.cpu == 0]
    assert ticks <= len(clock) <= most
    return {
        Event.IPC_SEND: (count, len(sent)),
        Event.IPC_RECEIVE: (count, len(received)),
        Event.VM_ALLOC: (count, len(of[Event.VM_ALLOC])),
        Event.VM_FREE: (count, len([s for s in of[Event.VM_FREE] if s.thread == worker])),
        Event.TASK_CREATE: (count, len(of[Event.TASK_CREATE])),
        Event.TASK_TERMINATE: (count, len(of[Event.TASK_TERMINATE])),
        Event.THREAD_CREATE: (count, len(created)),
        Event.THREAD_TERMINATE: (count, len(of[Event.THREAD_TERMINATE])),
        # Each thread that was created is switched to and dies in one go.
        Event.CONTEXT_SWITCH: (
            count,
            len({s.data2 for s in of[Event.CONTEXT_SWITCH] if s.data2 in created}),
        ),
        Event.INTERRUPT: (ticks, len(clock)),
        Event.SYSCALL: (2 * count, len(calls)),
        Event.PAGE_FAULT: (
            PAGES * count,
            len([s for s in of[Event.PAGE_FAULT] if s.thread == worker]),
        ),
    }


def test_twelve_events_are_counted_as_often_as_they_happen(
    booted: tuple[str, Guest, float], capsys: pytest.CaptureFixture[str]
):
    name, guest, took = booted
    with connected(guest) as clients:
        measured(clients, 1)  # memory that is touched once and for all
        columns = [measured(clients, count) for count in (N, 2 * N, 3 * N)]
    with capsys.disabled():
        print(f"\n{name}: ready after {took:.1f} s; performed = recorded of {N}, {2 * N}, {3 * N}")
        for event in columns[0]:
            cells = (f"{column[event][0]:>7} = {column[event][1]:<7}" for column in columns)
            print(f"  {event.name:<17}", *cells)
    for column in columns:
        del column[Event.INTERRUPT]
        assert all(performed == found for performed, found in column.values()), column
