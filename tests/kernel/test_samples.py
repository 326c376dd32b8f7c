# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kernel's samples say, held against what was done."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from mig.rpc.errors import KernInvalidHost
from perfmon import Event
from perfmon._generated.perf_monitor.types import PerfSample
from perfmon.interface import BUFFER_MIN, RATE_EVERY_EVENT, Option
from perfmon.kernel.boot import Guest, open_guest
from perfmon.kernel.image import KernelImage
from perfmon.kernel.instrument import InstrumentReport
from tests.kernel.clients import Clients, connected

pytestmark = pytest.mark.kernel

PAGE = 4096
OLDEST = 0
CLOCK = 2  # perf_get_info's selector
INSTANT = 0x10
MACH_MSG_TRAP = 25


@pytest.fixture
def clients(guest: Guest) -> Iterator[Clients]:
    with connected(guest) as clients:
        clients.workload.workload_memory(1, 1)  # memory that is touched once and for all
        clients.restart()
        yield clients


def half(address: int) -> int:
    """What a sample has of an address."""
    return address & 0xFFFFFFFF


def samples(clients: Clients) -> list[PerfSample]:
    clients.privileged.perf_monitor_enable(False)
    result = clients.privileged.perf_read_samples(0, OLDEST, 32768)
    assert result.lost == 0
    return list(result.samples)


def test_memory_samples_carry_the_addresses_and_sizes_of_what_was_done(clients: Clients):
    clients.workload.workload_memory(100, 3)
    found = samples(clients)
    allocated = [s for s in found if s.event == Event.VM_ALLOC]
    freed = [s for s in found if s.event == Event.VM_FREE]
    faults = [s for s in found if s.event == Event.PAGE_FAULT]
    assert [s.data2 for s in allocated] == [3 * PAGE] * 100
    assert [(s.data1, s.data2) for s in freed] == [(s.data1, s.data2) for s in allocated]
    touched = [s.data1 + page * PAGE for s in allocated for page in range(3)]
    assert [s.data1 for s in faults if s.thread == allocated[0].thread] == touched
    assert all(s.duration > 0 and not s.flags for s in allocated + freed)
    assert {s.thread for s in allocated} == {s.thread for s in freed}


def test_messages_carry_their_ids_and_go_back_and_forth(clients: Clients, guest: Guest):
    clients.workload.workload_messages(50)
    own = [s for s in samples(clients) if s.data1 == 4999]
    assert [s.event for s in own] == [Event.IPC_SEND, Event.IPC_RECEIVE] * 50
    with open_guest(guest.name) as transport:
        assert {s.data2 for s in own} == {transport.abi.header_size}
    assert {s.flags for s in own} == {0}


def test_events_that_are_masked_leave_no_trace(clients: Clients):
    masked = (Event.IPC_SEND, Event.SYSCALL, Event.PAGE_FAULT, Event.VM_FREE)
    mask = 0xFFF & ~sum(1 << event for event in masked)
    clients.privileged.perf_set_options(Option.EVENT_MASK, mask)
    before = [clients.host.perf_get_event_stats(event) for event in masked]
    clients.workload.workload_memory(10, 3)
    clients.workload.workload_messages(10)
    assert [clients.host.perf_get_event_stats(event) for event in masked] == before
    assert not [s for s in samples(clients) if s.event in masked and s.data1 == 4999]


def test_time_stamps_never_go_back(clients: Clients):
    clients.workload.workload_threads(20)
    assert all(a.timestamp <= b.timestamp for a, b in pairwise(samples(clients)))


def test_the_last_time_of_an_event_is_that_of_its_newest_sample(clients: Clients):
    clients.workload.workload_memory(10, 1)
    while not clients.host.perf_get_event_stats(Event.INTERRUPT).count:
        clients.workload.workload_memory(10, 1)
    clients.workload.workload_threads(3)
    clients.workload.workload_tasks(3)
    newest = {s.event: s.timestamp for s in samples(clients)}
    ticks_per_second, _, boot = clients.host.perf_get_info(CLOCK)[:3]
    assert newest.keys() == set(range(12))
    for event, timestamp in newest.items():
        last = clients.host.perf_get_event_stats(event).last
        assert abs(last - (timestamp - boot) * 10**9 // ticks_per_second) <= 1


def test_what_is_masked_writes_over_nothing_in_a_full_ring(clients: Clients):
    clients.privileged.perf_monitor_enable(False)
    clients.privileged.perf_monitor_configure(RATE_EVERY_EVENT, BUFFER_MIN)
    clients.privileged.perf_set_options(Option.EVENT_MASK, 1 << Event.VM_ALLOC)
    clients.privileged.perf_monitor_enable(True)
    clients.workload.workload_memory(BUFFER_MIN + 500, 1)
    clients.privileged.perf_monitor_enable(False)
    found = clients.privileged.perf_read_samples(0, OLDEST, BUFFER_MIN).samples
    assert len(found) == BUFFER_MIN
    assert {s.event for s in found} == {Event.VM_ALLOC}
    assert all(a.timestamp < b.timestamp for a, b in pairwise(found))


def test_every_task_and_thread_that_was_created_has_an_id_of_its_own(clients: Clients):
    clients.workload.workload_tasks(50)
    clients.workload.workload_threads(50)
    found = samples(clients)
    for event, end, number in (
        (Event.TASK_CREATE, Event.TASK_TERMINATE, 50),
        (Event.THREAD_CREATE, Event.THREAD_TERMINATE, 50),
    ):
        created = [s.data1 for s in found if s.event == event]
        assert len(set(created)) == number
        assert [s.data1 for s in found if s.event == end] == created


def test_a_short_lived_thread_is_itself_when_it_ends(clients: Clients):
    clients.workload.workload_threads(5)
    ends = [s for s in samples(clients) if s.event == Event.THREAD_TERMINATE]
    assert [s.thread for s in ends] == [s.data1 for s in ends]
    assert {s.task for s in ends} == {s.data2 for s in ends}


def test_slices_add_up_to_the_time_that_passed(clients: Clients):
    clients.workload.workload_messages(200)
    clients.workload.workload_messages(200)
    switches = [s for s in samples(clients) if s.event == Event.CONTEXT_SWITCH]
    assert switches[0].flags == INSTANT
    for before, after in pairwise(switches):
        assert after.data1 == before.data2
        assert 0 < after.duration <= after.timestamp - before.timestamp


def test_clock_interrupts_tell_where_they_hit(clients: Clients, report: InstrumentReport):
    clients.workload.workload_memory(2000, 4)
    interrupts = [s for s in samples(clients) if s.event == Event.INTERRUPT]
    assert {s.data1 for s in interrupts} >= {0}  # the clock's
    kernel = KernelImage(report.output)
    begin, end = (half(address) for address in (kernel.symbols["_start"], kernel.segments[-1].end))
    places = [s.data2 for s in interrupts if s.data2 >= begin]
    assert places
    assert all(place < end for place in places)


def test_names_of_tasks_threads_and_system_calls_are_the_kernels(clients: Clients):
    clients.workload.workload_messages(1)

    def names(kind: int) -> set[bytes]:
        return {n.name.rstrip(b"\0") for n in clients.privileged.perf_get_names(kind)}

    assert b"relay" in {name.strip(b"()") for name in names(1)}
    assert {b"mach_msg_trap", b"mach_task_self"} <= names(3)


def test_the_unprivileged_port_changes_nothing(clients: Clients):
    before = clients.host.perf_get_info(1)
    for refused in (
        lambda: clients.host.perf_monitor_enable(False),
        lambda: clients.host.perf_monitor_configure(1000, 1024),
        lambda: clients.host.perf_set_options(0, 1),
        lambda: clients.host.perf_read_samples(0, OLDEST, 1),
        clients.host.perf_reset_stats,
        lambda: clients.host.perf_get_names(1),
    ):
        with pytest.raises(KernInvalidHost):
            refused()
    assert clients.host.perf_get_info(1) == before
    assert clients.host.perf_get_info(0)[7] == 1  # enabled


def test_every_call_reaches_the_kernel(clients: Clients):
    before = clients.host.perf_get_system_stats().requests
    for _ in range(10):
        clients.host.perf_get_event_stats(0)
    assert clients.host.perf_get_system_stats().requests == before + 11


def test_a_slot_that_is_written_again_says_nothing_of_what_it_held(clients: Clients):
    clients.privileged.perf_monitor_enable(False)
    clients.privileged.perf_monitor_configure(RATE_EVERY_EVENT, BUFFER_MIN)
    clients.privileged.perf_monitor_enable(True)
    clients.workload.workload_messages(2 * BUFFER_MIN)
    clients.privileged.perf_monitor_enable(False)
    found = clients.privileged.perf_read_samples(0, OLDEST, BUFFER_MIN).samples
    calls = [s for s in found if s.event == Event.SYSCALL and s.data1 == MACH_MSG_TRAP]
    assert len(calls) > BUFFER_MIN // 10
    assert {s.data2 for s in calls} == {0}
