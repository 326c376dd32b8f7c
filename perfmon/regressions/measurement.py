# SPDX-License-Identifier: GPL-2.0-or-later
"""A measurement: some runs of one host, and what they were made with.  Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from perfmon.statistics import Bucket, Histogram


@dataclass(frozen=True, slots=True)
class EventRun:
    """What one event did in one run.

    Attributes:
        timed: events whose duration is in `total_ns`: measured, and never blocked.
        typical_ns: mean work time of the quicker three quarters of the calls; of all of them, where
            there are no samples of single calls.
        buckets: durations of the timed ones, ascending, empty ones left out.
    """

    count: int
    errors: int
    waits: int
    timed: int
    total_ns: int
    typical_ns: float = 0.0
    buckets: tuple[Bucket, ...] = ()

    @property
    def mean_ns(self) -> float:
        """Mean work time; 0 when none was timed."""
        return self.total_ns / self.timed if self.timed else 0.0

    def percentile_ns(self, percent: float) -> float:
        """Interpolated within a bucket; 0 when none was timed."""
        return float(Histogram(0, "", self.buckets).percentile(percent) or 0)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call of one kind cost in one run, in ticks of a clock that counts instructions.

    Attributes:
        event: the event's id.
        detail: what tells calls of this event apart that cost different amounts: the number of a
            trap, the id of a message, the size of an allocation.
        calls: how many there were that neither waited nor failed.
        least: the cheapest.
        typical: the most frequent cost; of several, the least.
    """

    event: int
    detail: str
    calls: int
    least: int
    typical: int


@dataclass(frozen=True, slots=True)
class Run:
    """One run: the unit of every comparison.

    Attributes:
        elapsed_ns: how long it took, by the host's clock.
        events: by event id; events that did not happen may be missing.
        costs: of single calls, where the host's clock counts instructions.
    """

    elapsed_ns: int
    events: Mapping[int, EventRun]
    costs: tuple[Cost, ...] = ()


@dataclass(frozen=True, slots=True)
class Environment:
    """What a measurement was made with; an empty text or a 0 is "not known".

    Attributes:
        host: the host's address.
        kernel: version text of the kernel image.
        image_sha256: of the kernel image.
        cpu: model of the machine's processor.
        machine: architecture of the host's messages.
        accelerator: native, tcg, tcg,icount or kvm.
        clock_hz: ticks per second of the host's clock.
        cpus: number of CPUs.
        interface_version: of the perf_monitor interface.
        sample_rate, buffer_size, event_mask, mode: the configuration.
        hooked: mask of the events that the host can record.
    """

    host: str = ""
    kernel: str = ""
    image_sha256: str = ""
    cpu: str = ""
    machine: str = ""
    accelerator: str = ""
    clock_hz: int = 0
    cpus: int = 0
    interface_version: int = 0
    sample_rate: int = 0
    buffer_size: int = 0
    event_mask: int = 0
    mode: str = ""
    hooked: int = 0

    @property
    def counts_instructions(self) -> bool:
        """Whether a tick of the clock is an instruction."""
        return "icount" in self.accelerator


@dataclass(frozen=True, slots=True)
class Measurement:
    """Runs of one host under one workload.

    Attributes:
        label: what to call it in a table.
        created: when, ISO 8601, UTC.
        workload: what each run did, as `perfmon.workloads` writes it; empty: each run is a window
            of time in which whatever happened, happened.
        names: names of events by id.
    """

    label: str
    created: str
    workload: str
    environment: Environment
    runs: tuple[Run, ...]
    names: Mapping[int, str] = field(default_factory=dict)

    @property
    def fixed_work(self) -> bool:
        """Whether each run did the same, so that its counts mean something."""
        return bool(self.workload)
