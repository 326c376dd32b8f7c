# SPDX-License-Identifier: GPL-2.0-or-later
"""What a live view shows of a host, as immutable values; nothing here reads or shows anything."""

from __future__ import annotations

from dataclasses import dataclass

from perfmon.info import Configuration, Interface
from perfmon.statistics import CpuStatistics, Histogram, SystemStatistics


@dataclass(frozen=True, slots=True)
class EventFigures:
    """One event in the time between two readings.

    Attributes:
        rate, errors, waits: per second.
        mean_ns, p50_ns, p90_ns, p99_ns, max_ns: of the events that were timed in that time; None
            when none was.  All but the mean come from buckets, so they are off by a bucket's width.
        count: events since the last reset.
        history: rates of the newest readings, the newest last.
        recent, total: durations in that time, and since the last reset.
    """

    event: int
    name: str
    rate: float
    errors: float
    waits: float
    mean_ns: int | None
    p50_ns: int | None
    p90_ns: int | None
    p99_ns: int | None
    max_ns: int | None
    count: int
    history: tuple[float, ...]
    recent: Histogram
    total: Histogram


@dataclass(frozen=True, slots=True)
class CpuFigures:
    """The account of one CPU's samples between two readings, per second, and since it began."""

    cpu: int
    events: float
    written: float
    overwritten: float
    rate_limited: float
    refused: float
    total: CpuStatistics


@dataclass(frozen=True, slots=True)
class TaskFigures:
    """Samples of one task between two readings.

    Attributes:
        rate: samples per second.
        share: percent of all samples.
        mostly: the event that most of them are of.
    """

    task: int
    name: str
    rate: float
    share: float
    mostly: str


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An alert of the host's, or something unusual, as text.

    Attributes:
        clock: wall-clock time of its arrival, HH:MM:SS.
    """

    clock: str
    text: str


@dataclass(frozen=True, slots=True)
class HostFigures:
    """One reading of a host.

    Attributes:
        taken_ns: when, on this process's monotonic clock.
        seconds: since the reading before; 0 for the first.
        events: of those that the host can record.
        tasks: the busiest first; empty with a `note` when there is no access to samples.
        samples: how many the tasks' figures come from.
        lost: samples that were overwritten before they could be read.
        alerts: and what was unusual, since the host was connected to; the newest first, a limited
            number.
        note: why something is not shown; empty when all is.
    """

    address: str
    taken_ns: int
    seconds: float
    interface: Interface
    configuration: Configuration
    system: SystemStatistics
    events: tuple[EventFigures, ...]
    cpus: tuple[CpuFigures, ...]
    tasks: tuple[TaskFigures, ...]
    samples: int
    lost: int
    alerts: tuple[AlertLine, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class HostState:
    """What is known of a host right now.

    Attributes:
        figures: the newest reading; kept when the host dies; None before the first.
        error: why there is no newer one; empty while all is well.
    """

    address: str
    figures: HostFigures | None = None
    error: str = ""
