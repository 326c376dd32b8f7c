# SPDX-License-Identifier: GPL-2.0-or-later
"""Durations of events that block, hand their stack over, fail, or were not seen to begin."""

import threading
import time
from collections.abc import Iterator

import pytest

from mig.rpc.errors import MachError
from mig.rpc.message import Header, Message, TypeName, make_bits, pack_header
from perfmon import Event
from perfmon._generated.perf_monitor.types import PerfSample
from perfmon.kernel.boot import Guest, open_guest
from tests.kernel.clients import ALL_EVENTS, Clients, connected
from tests.kernel.messages import descriptor

pytestmark = pytest.mark.kernel

OLDEST, CLOCK = 0, 2
ERROR, WAITED, INSTANT = 1, 2, 0x10
MACH_MSG_TRAP = 25
MACH_RCV_TIMED_OUT = 0x10004003
MACH_SEND_INVALID_TYPE = 0x1000000F


@pytest.fixture
def clients(guest: Guest) -> Iterator[Clients]:
    with connected(guest) as clients:
        clients.workload.workload_memory(1, 1)
        clients.restart()
        yield clients


def samples(clients: Clients) -> list[PerfSample]:
    clients.privileged.perf_monitor_enable(False)
    result = clients.privileged.perf_read_samples(0, OLDEST, 32768)
    assert result.lost == 0
    return list(result.samples)


def of(found: list[PerfSample], event: Event) -> list[PerfSample]:
    return [sample for sample in found if sample.event == event]


def ticks_per_second(clients: Clients) -> int:
    return int(clients.host.perf_get_info(CLOCK)[0])


def now(clients: Clients) -> int:
    return int(clients.host.perf_get_info(CLOCK)[1])


def test_every_built_in_event_is_timed(clients: Clients):
    assert clients.host.perf_get_info(0)[5] == ALL_EVENTS
    clients.workload.workload_threads(3)
    clients.workload.workload_tasks(3)
    clients.workload.workload_memory(2000, 2)
    clients.workload.workload_sleep(30)
    found = [s for s in samples(clients) if not s.flags & INSTANT]
    assert {s.event for s in found} == set(range(12))
    assert all(s.duration > 0 for s in found)


def test_a_call_that_sleeps_waits_as_long_and_says_so(clients: Clients):
    begin = now(clients)
    clients.workload.workload_sleep(80)
    passed = now(clients) - begin
    calls = of(samples(clients), Event.SYSCALL)
    # The relay sleeps as well, for shorter times.
    call = max((s for s in calls if s.data2 == MACH_RCV_TIMED_OUT), key=lambda s: s.duration)
    assert call.data1 == MACH_MSG_TRAP
    assert call.flags == ERROR | WAITED
    # A machine with much to do wakes it late; under QEMU kernels for several processors sleep half
    # as long: docs/kernels.md, Clock.
    assert 0.03 * ticks_per_second(clients) < call.duration < passed


def test_a_receiver_waits_for_its_message_and_a_sender_does_not(clients: Clients):
    clients.workload.workload_messages(1)
    time.sleep(0.2)  # the workload server waits for its next request
    clients.workload.workload_messages(1)
    found = samples(clients)
    requests = [s for s in found if s.data1 == 4900]
    sent, received = of(requests, Event.IPC_SEND), of(requests, Event.IPC_RECEIVE)
    assert [s.flags for s in sent] == [0, 0]
    assert received[1].flags == WAITED
    assert received[1].duration > 0.15 * ticks_per_second(clients)
    assert max(s.duration for s in sent) < 0.05 * ticks_per_second(clients)


def test_a_system_call_contains_the_messages_it_carries(clients: Clients):
    clients.workload.workload_messages(50)
    found = samples(clients)
    for at, sample in enumerate(found):
        if sample.data1 == 4999 and sample.event in {Event.IPC_SEND, Event.IPC_RECEIVE}:
            call = next(
                s for s in found[at:] if s.event == Event.SYSCALL and s.thread == sample.thread
            )
            begin = call.timestamp - call.duration
            assert call.data1 == MACH_MSG_TRAP
            assert abs(begin - (sample.timestamp - sample.duration)) == 0
            assert sample.timestamp < call.timestamp


def test_a_send_that_fails_is_one_send_with_an_error(guest: Guest, clients: Clients):
    with open_guest(guest.name) as transport:
        clients.restart()
        abi, port, reply_port = transport.abi, transport.ports["host"], transport.reply_port
        # What is inline cannot be deallocated.
        body = descriptor(abi, TypeName.BYTE, 8, 8, inline=True, deallocate=True) + bytes(8)
        bits = make_bits(19, 21, complex_=True)
        header = Header(bits, abi.header_size + len(body), port, reply_port, 0, 2087)
        with pytest.raises(MachError, match="MACH_SEND_INVALID_TYPE"):
            transport.call(Message(pack_header(abi, header) + body), 5)
    found = samples(clients)
    (failed,) = (s for s in of(found, Event.IPC_SEND) if s.data1 == 2087)
    (call,) = (s for s in of(found, Event.SYSCALL) if s.data2 == MACH_SEND_INVALID_TYPE)
    assert failed.flags == call.flags == ERROR
    assert failed.duration <= call.duration
    assert clients.host.perf_get_event_stats(Event.IPC_SEND).errors == 1


def test_what_began_before_an_enable_has_no_duration(guest: Guest, clients: Clients):
    with connected(guest) as other:
        sleeper = threading.Thread(target=lambda: other.workload.workload_sleep(200))
        sleeper.start()
        time.sleep(0.05)
        clients.restart()
        sleeper.join()
    limit = 0.1 * ticks_per_second(clients)
    assert [s for s in of(samples(clients), Event.SYSCALL) if s.duration > limit] == []


def test_a_thread_that_ends_itself_is_timed_to_its_end(clients: Clients):
    clients.workload.workload_threads(10)
    found = samples(clients)
    ends = of(found, Event.THREAD_TERMINATE)
    assert len(ends) == 10
    assert {s.flags for s in ends} == {0}
    for end in ends:
        last = [s for s in found if s.thread == end.thread and s.event == Event.SYSCALL][-1]
        assert last.timestamp < end.timestamp  # it still answered the request to end
        assert end.duration > end.timestamp - last.timestamp
