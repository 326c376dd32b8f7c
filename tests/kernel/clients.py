# SPDX-License-Identifier: GPL-2.0-or-later
"""The generated clients of a guest's ports, side by side."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mig.rpc.port import Port
from perfmon import Event
from perfmon._generated.perf_monitor import PerfMonitor
from perfmon._generated.perf_workload import PerfWorkload
from perfmon.interface import Mode, Option
from perfmon.kernel.boot import Guest, open_guest

PATIENCE = 60.0
"""Seconds that a call may take: a guest whose clock counts instructions can be slow."""

RATE_EVERY_EVENT, BUFFER, ALL_EVENTS = 0, 32768, 0xFFF

EVENTS = [
    Event.IPC_SEND,
    Event.IPC_RECEIVE,
    Event.VM_ALLOC,
    Event.VM_FREE,
    Event.TASK_CREATE,
    Event.TASK_TERMINATE,
    Event.THREAD_CREATE,
    Event.THREAD_TERMINATE,
    Event.PAGE_FAULT,
]
"""Those that an operation makes exactly so many of."""


@dataclass(frozen=True)
class Clients:
    host: PerfMonitor
    privileged: PerfMonitor
    workload: PerfWorkload

    def restart(self, rate: int = RATE_EVERY_EVENT) -> None:
        """Enable afresh, at most so many events a second sampled, nothing counted yet."""
        self.privileged.perf_monitor_enable(False)
        self.privileged.perf_monitor_configure(rate, BUFFER)
        self.privileged.perf_set_options(Option.EVENT_MASK, ALL_EVENTS)
        self.privileged.perf_set_options(Option.MODE, Mode.OVERWRITE)
        self.privileged.perf_reset_stats()
        self.privileged.perf_monitor_enable(True)

    def counts(self, events: list[int]) -> list[int]:
        return [self.host.perf_get_event_stats(event).count for event in events]


@contextmanager
def connected(guest: Guest) -> Iterator[Clients]:
    with open_guest(guest.name) as transport:
        yield Clients(
            PerfMonitor(Port.offered(transport, "host"), timeout=PATIENCE),
            PerfMonitor(Port.offered(transport, "host-priv"), timeout=PATIENCE),
            PerfWorkload(Port.offered(transport, "workload"), timeout=PATIENCE),
        )
