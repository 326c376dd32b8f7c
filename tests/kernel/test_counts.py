# SPDX-License-Identifier: GPL-2.0-or-later
"""What a real kernel counts is what was done: docs/kernel-counts.md, as a test."""

import time
from collections.abc import Callable, Iterator

import pytest

from perfmon import Event
from perfmon.interface import RATE_EVERY_EVENT, RATE_MIN
from perfmon.kernel.boot import Guest
from tests.kernel.clients import EVENTS, Clients, connected

pytestmark = pytest.mark.kernel

READING = len(EVENTS)
"""An RPC for each counter: the count itself is read somewhere in this sequence."""
FORWARDING = 2
"""The relay's request to the workload server and the server's reply."""

PATIENCE = 0.15
"""Seconds after which the relay makes way for others, even if the kernel's clock is fast: the port
for the reply is another then, and is destroyed by one more request.
"""

Work = Callable[[Clients, int], int]

WORKLOADS: dict[str, tuple[Work, dict[Event, int], dict[Event, int]]] = {
    "messages": (
        lambda c, n: c.workload.workload_messages(n),
        {Event.IPC_SEND: 1, Event.IPC_RECEIVE: 1},
        {},
    ),
    "requests": (
        lambda c, n: c.workload.workload_requests(n),
        {Event.IPC_SEND: 1, Event.IPC_RECEIVE: 1},
        {Event.IPC_SEND: 1, Event.IPC_RECEIVE: 1},  # mach_port_deallocate of the host port
    ),
    "memory of 1 page": (
        lambda c, n: c.workload.workload_memory(n, 1),
        {
            Event.IPC_SEND: 2,
            Event.IPC_RECEIVE: 2,
            Event.VM_ALLOC: 1,
            Event.VM_FREE: 1,
            Event.PAGE_FAULT: 1,
        },
        {},
    ),
    "memory of 16 pages": (
        lambda c, n: c.workload.workload_memory(n, 16),
        {
            Event.IPC_SEND: 2,
            Event.IPC_RECEIVE: 2,
            Event.VM_ALLOC: 1,
            Event.VM_FREE: 1,
            Event.PAGE_FAULT: 16,
        },
        {},
    ),
    "tasks": (
        lambda c, n: c.workload.workload_tasks(n),
        {
            Event.IPC_SEND: 3,
            Event.IPC_RECEIVE: 3,
            Event.TASK_CREATE: 1,
            Event.TASK_TERMINATE: 1,
        },
        {},
    ),
    "threads": (
        lambda c, n: c.workload.workload_threads(n),
        {
            Event.IPC_SEND: 8,
            Event.IPC_RECEIVE: 9,
            Event.THREAD_CREATE: 1,
            Event.THREAD_TERMINATE: 1,
        },
        {},
    ),
}


@pytest.fixture(scope="module", params=[RATE_EVERY_EVENT, RATE_MIN], ids=["sampled", "limited"])
def clients(request: pytest.FixtureRequest, guest: Guest) -> Iterator[Clients]:
    with connected(guest) as clients:
        clients.restart(request.param)
        for work, _, _ in WORKLOADS.values():
            work(clients, 1)  # memory that is touched once and for all
        yield clients


def measured(clients: Clients, work: Work, count: int) -> list[int]:
    before = clients.counts(EVENTS)
    assert work(clients, count) == count
    return [after - was for was, after in zip(before, clients.counts(EVENTS), strict=True)]


@pytest.mark.parametrize("name", WORKLOADS)
def test_each_operation_is_counted_exactly_and_the_rest_is_explained(name: str, clients: Clients):
    work, slope, constant = WORKLOADS[name]
    unit = 40
    for count in (unit, 2 * unit, 3 * unit):
        begin = time.monotonic()
        found = measured(clients, work, count)
        late = time.monotonic() - begin > PATIENCE
        assert found in [expected(slope, constant, count, more) for more in range(late + 1)]


def expected(
    slope: dict[Event, int], constant: dict[Event, int], count: int, more: int
) -> list[int]:
    messages = READING + FORWARDING + more
    constants = {Event.IPC_SEND: messages, Event.IPC_RECEIVE: messages}
    return [
        slope.get(event, 0) * count + constants.get(event, 0) + constant.get(event, 0)
        for event in EVENTS
    ]


def test_reading_alone_counts_only_its_own_messages(clients: Clients):
    assert measured(clients, lambda _, count: count, 0) == [READING, READING] + [0] * (READING - 2)


def test_system_calls_switches_and_interrupts_are_counted_at_least(clients: Clients):
    events = [Event.SYSCALL, Event.CONTEXT_SWITCH, Event.INTERRUPT]
    before = clients.counts(events)
    clients.workload.workload_messages(100)
    clients.workload.workload_sleep(50)
    system_calls, switches, interrupts = (
        after - was for was, after in zip(before, clients.counts(events), strict=True)
    )
    assert system_calls >= 200
    assert switches >= 2
    assert interrupts >= 3
