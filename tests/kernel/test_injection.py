# SPDX-License-Identifier: GPL-2.0-or-later
"""K more instructions in a function of the kernel lengthen its event by K ticks, and no other."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perfmon import Event
from perfmon._generated.perf_monitor.types import PerfSample
from perfmon.kernel.boot import Guest, boot, stop
from perfmon.kernel.instrument import instrument
from tests.kernel.clients import Clients, connected
from tests.kernel.injection import COUNTED_INSTRUCTIONS, pad, write_word

pytestmark = pytest.mark.kernel

OLDEST = 0
MESSAGE_TO_ITSELF = 4999
MACH_TASK_SELF = 28
CLOCK_INTERRUPT = 0

LENGTHENED = {
    Event.IPC_SEND: "copyinmsg",
    Event.IPC_RECEIVE: "ipc_mqueue_receive",
    Event.VM_ALLOC: "vm_allocate",
    Event.VM_FREE: "vm_deallocate",
    Event.TASK_CREATE: "task_create",
    Event.TASK_TERMINATE: "task_terminate",
    Event.THREAD_CREATE: "thread_create",
    Event.THREAD_TERMINATE: "thread_halt_self",
    Event.CONTEXT_SWITCH: "thread_halt_self",
    Event.INTERRUPT: "hardclock",
    Event.SYSCALL: "mach_task_self",
    Event.PAGE_FAULT: "vm_fault",
}

ATTEMPTS = 5
"""Paths in the kernel differ now and then by a few instructions, with the state it is in."""

INSIDE = {
    Event.IPC_SEND: {Event.CONTEXT_SWITCH},  # a thread that ends itself sends a message to do so
    Event.THREAD_TERMINATE: {Event.CONTEXT_SWITCH},
    Event.CONTEXT_SWITCH: {Event.THREAD_TERMINATE},
}
"""Events whose time holds that of another: they are longer as well."""


@pytest.fixture(scope="module")
def padded(
    stock_kernel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Guest, dict[str, int]]]:
    directory = tmp_path_factory.mktemp("padded")
    words = pad(stock_kernel, directory / "stock", set(LENGTHENED.values()))
    instrument(directory / "stock", directory / "kernel")
    guest = boot(directory / "kernel", "padded", options=COUNTED_INSTRUCTIONS, timeout=300)
    try:
        with connected(guest) as clients:
            for _ in range(3):  # what happens once and for all
                shortest(clients)
        yield guest, words
    finally:
        stop(guest.name)


def shortest(clients: Clients, allocations: int = 50) -> dict[Event, int]:
    """The shortest time of each event, of the same operations each time; no interrupt is in it.

    An interrupt's own time depends a little on what it hits: only of ten does one look at it.
    """
    clients.restart()
    clients.workload.workload_messages(20)
    clients.workload.workload_tasks(20)
    clients.workload.workload_threads(20)
    clients.workload.workload_memory(allocations, 16)
    clients.privileged.perf_monitor_enable(False)
    read = clients.privileged.perf_read_samples(0, OLDEST, 32768)
    assert read.lost == 0
    found = [s for s in read.samples if not s.flags]
    dying = {s.data1 for s in found if s.event == Event.THREAD_TERMINATE}
    which: dict[Event, Callable[[PerfSample], bool]] = {
        Event.IPC_SEND: lambda s: s.data1 == MESSAGE_TO_ITSELF,
        Event.IPC_RECEIVE: lambda s: s.data1 == MESSAGE_TO_ITSELF,
        Event.SYSCALL: lambda s: s.data1 == MACH_TASK_SELF,
        Event.INTERRUPT: lambda s: s.data1 == CLOCK_INTERRUPT,
        Event.CONTEXT_SWITCH: lambda s: s.data1 in dying,
    }
    durations = {
        event: [s.duration for s in found if s.event == event and which.get(event, bool)(s)]
        for event in LENGTHENED
    }
    if len(durations[Event.INTERRUPT]) < 10:
        del durations[Event.INTERRUPT]
    return {event: min(times) for event, times in durations.items()}


@pytest.mark.parametrize("event", LENGTHENED, ids=lambda event: event.name)
def test_more_instructions_lengthen_their_event_alone(
    event: Event, padded: tuple[Guest, dict[str, int]]
):
    guest, words = padded
    more = 777
    allocations = 1000 if event == Event.INTERRUPT else 50
    longer = {event, *INSIDE.get(event, ())}
    for _ in range(ATTEMPTS):
        with connected(guest) as clients:
            before = shortest(clients, allocations)
            write_word(guest, words[LENGTHENED[event]], more)
            try:
                after = shortest(clients, allocations)
            finally:
                write_word(guest, words[LENGTHENED[event]], 0)
        difference = {e: after[e] - before[e] for e in before.keys() & after.keys()}
        if difference == {e: more if e in longer else 0 for e in difference}:
            break
    assert difference == {e: more if e in longer else 0 for e in difference}
    assert event in difference
