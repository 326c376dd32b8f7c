# SPDX-License-Identifier: GPL-2.0-or-later
"""Readings of a host that does not exist, for views that must not care."""

import time
from dataclasses import replace

from perfmon.errors import PeerDied
from perfmon.info import Configuration, Interface
from perfmon.interface import Mode
from perfmon.live.figures import AlertLine, CpuFigures, EventFigures, HostFigures, TaskFigures
from perfmon.statistics import Bucket, CpuStatistics, Histogram, SystemStatistics

ALERTS = (
    AlertLine("10:00:01", "VM_FREE took 3.00 ms, more than 1.00 ms"),
    AlertLine("10:00:00", "IPC_SEND 12 a second, fewer than 1,000"),
)
NAMES = ("IPC_SEND", "IPC_RECEIVE", "VM_ALLOC", "VM_FREE")
INTERFACE = Interface(1, 32, 64, 0b1111, 0b1111, 0b1111, 2, enabled=True)
CONFIGURATION = Configuration(1000, 8192, 0b1111, Mode.OVERWRITE, 0, 20, 1000, 1000, 5, 1)
SYSTEM = SystemStatistics(900, 3, 600, 100, 250, 50, 0, 10**9, 7, 2, regression=True)


def event(at: int, rate: float, p99_ns: int | None = 5_000) -> EventFigures:
    histogram = Histogram(at, NAMES[at], (Bucket(1024, 2048, 90), Bucket(4096, 8192, 10)))
    return EventFigures(
        event=at,
        name=NAMES[at],
        rate=rate,
        errors=0.5 if at == 1 else 0.0,
        waits=0.0,
        mean_ns=None if p99_ns is None else 2_000,
        p50_ns=None if p99_ns is None else 1_500,
        p90_ns=None if p99_ns is None else 4_500,
        p99_ns=p99_ns,
        max_ns=p99_ns,
        count=int(rate * 100),
        history=(1.0, rate),
        recent=histogram,
        total=histogram,
    )


def cpu(number: int, events: int) -> CpuFigures:
    total = CpuStatistics(number, events, events, 0, 0, 0, events, 0, events)
    return CpuFigures(number, float(events), events / 2, 0.0, events / 4, events / 4, total)


def reading(taken_ns: int = 0, address: str = "made-up:") -> HostFigures:
    return HostFigures(
        address=address,
        taken_ns=taken_ns,
        seconds=1.0,
        interface=INTERFACE,
        configuration=CONFIGURATION,
        system=SYSTEM,
        events=(event(0, 10), event(1, 300), event(2, 0, None), event(3, 40, 2_000_000)),
        cpus=(cpu(0, 400), cpu(1, 0)),
        tasks=(
            TaskFigures(7, "ext2fs", 300.0, 75.0, "IPC_RECEIVE"),
            TaskFigures(9, "", 100.0, 25.0, "VM_ALLOC"),
        ),
        samples=400,
        lost=0,
        alerts=ALERTS,
    )


class MadeUpSource:
    """Hands out readings; dies after some of them, and may be opened again."""

    address = "made-up:"

    def __init__(self, dies_after: int | None = None) -> None:
        self.left = dies_after
        self.closed = False

    def read(self) -> HostFigures:
        if self.left == 0:
            raise PeerDied("the guest ended", address=self.address)
        if self.left is not None:
            self.left -= 1
        return replace(reading(), taken_ns=time.monotonic_ns())

    def close(self) -> None:
        self.closed = True
