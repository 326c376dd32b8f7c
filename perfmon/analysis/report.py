# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of a whole recording, in one pass and in memory that does not grow with it.

Percentiles come from log-linear buckets: sixteen to each doubling, so they are off by 6 % at most.
Needs the extra `perfmon[arrays]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from perfmon.clock import Clock
from perfmon.errors import MissingExtraError
from perfmon.events import event_name
from perfmon.interface import EVENT_MAX, Flag
from perfmon.recording.trace import Trace
from perfmon.statistics import Bucket, Histogram

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEPS: Final = 16
_BINS: Final = 33 * _STEPS
_CHUNK: Final = 1 << 21
"""Bytes of samples that are worked on at a time."""


@dataclass(frozen=True, slots=True)
class EventReport:
    """Figures of one event.

    Attributes:
        timed: samples whose duration is in the times: measured, and without a wait.
        p50_ns, p90_ns, p99_ns, p99_9_ns: None when none was timed.
    """

    event: int
    name: str
    count: int
    errors: int
    waits: int
    timed: int
    total_ns: int
    min_ns: int
    max_ns: int
    mean_ns: int
    p50_ns: int | None
    p90_ns: int | None
    p99_ns: int | None
    p99_9_ns: int | None


@dataclass(frozen=True, slots=True)
class OwnerReport:
    """Samples of one task or thread, by its small id (0: none), and the time they took."""

    id: int
    count: int
    total_ns: int


@dataclass(frozen=True, slots=True)
class CpuReport:
    """What a trace holds of one CPU.

    Attributes:
        discarded: events that are missing, by the recorder's account.
        cut_off: bytes behind the last whole packet.
    """

    cpu: str
    count: int
    discarded: int
    cut_off: int


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of a recording.

    Attributes:
        span_ns: from the first sample to the last.
        tasks, threads: the busiest first.
        histograms: durations by event, in buckets that are not empty; only of events with some.
    """

    directory: Path
    host: str
    count: int
    span_ns: int
    events: tuple[EventReport, ...]
    tasks: tuple[OwnerReport, ...]
    threads: tuple[OwnerReport, ...]
    cpus: tuple[CpuReport, ...]
    histograms: dict[int, Histogram]


def analyse(trace: Trace) -> Report:
    """Read a trace through and return its figures.

    Raises:
        MissingExtraError: numpy is not installed.
        TraceError: a stream holds something else.
        OSError: it cannot be read.
    """
    try:
        import numpy
    except ImportError:
        raise MissingExtraError("arrays", "numpy", "report") from None
    tally = _Tally(numpy)
    cpus = []
    for stream in trace.streams:
        discarded = count = 0
        pending: list[NDArray[Any]] = []
        for packet in trace.packets(stream):
            discarded = packet.discarded
            count += len(packet.samples)
            if packet.samples:
                pending.append(packet.samples.array)
            if sum(array.nbytes for array in pending) >= _CHUNK:
                tally.add(numpy.concatenate(pending))
                pending.clear()
        if pending:
            tally.add(numpy.concatenate(pending))
        cpus.append(CpuReport(stream.name, count, discarded, trace.cut_off(stream)))
    clock = trace.clock
    histograms = {event: tally.histogram(event, trace) for event in tally.timed_events()}
    return Report(
        directory=trace.directory,
        host=trace.environment.get("hostname", ""),
        count=sum(cpu.count for cpu in cpus),
        span_ns=clock.ns(tally.last - tally.first) if tally.first is not None else 0,
        events=tuple(tally.event_reports(trace, histograms)),
        tasks=_owners(tally.tasks, clock),
        threads=_owners(tally.threads, clock),
        cpus=tuple(cpus),
        histograms=histograms,
    )


class _Tally:
    """Running sums; times in ticks."""

    def __init__(self, numpy: Any) -> None:
        self._np = numpy
        self.first: int | None = None
        self.last = 0
        self.count, self.errors, self.waits, self.timed, self.total, self.max = numpy.zeros(
            (6, EVENT_MAX), dtype="u8"
        )
        self.min = numpy.full(EVENT_MAX, 2**32, dtype="u8")
        self.bins = numpy.zeros(EVENT_MAX * _BINS, dtype="u8")
        self.tasks: dict[int, tuple[int, int]] = {}
        self.threads: dict[int, tuple[int, int]] = {}

    def add(self, samples: NDArray[Any]) -> None:
        np = self._np
        first, last = int(samples["timestamp"][0]), int(samples["timestamp"][-1])
        self.first = first if self.first is None else min(self.first, first)
        self.last = max(self.last, last)
        event = samples["event"] & (EVENT_MAX - 1)
        flags = samples["flags"]
        self.count += self._per_event(event)
        self.errors += self._per_event(event[flags & Flag.ERROR != 0])
        self.waits += self._per_event(event[flags & Flag.WAITED != 0])
        is_timed = flags & (Flag.WAITED | Flag.INSTANT) == 0
        ticks, timed = samples["duration"][is_timed].astype("u8"), event[is_timed]
        self.timed += self._per_event(timed)
        # A double holds sums of a chunk's 32-bit durations exactly.
        self.total += np.bincount(timed, ticks, EVENT_MAX).astype("u8")
        np.maximum.at(self.max, timed, ticks)
        np.minimum.at(self.min, timed, ticks)
        mantissa, exponent = np.frexp(ticks.astype("f8"))
        step = np.maximum((mantissa * 2 * _STEPS).astype("i8") - _STEPS, 0)
        self.bins += np.bincount(
            timed.astype("i8") * _BINS + exponent * _STEPS + step, minlength=len(self.bins)
        ).astype("u8")
        weights = np.where(is_timed, samples["duration"], 0)
        for owners, ids in ((self.tasks, samples["task"]), (self.threads, samples["thread"])):
            self._add_owners(owners, ids, weights)

    def _per_event(self, events: NDArray[Any]) -> NDArray[Any]:
        counted: NDArray[Any] = self._np.bincount(events, minlength=EVENT_MAX).astype("u8")
        return counted

    def _add_owners(
        self, owners: dict[int, tuple[int, int]], ids: NDArray[Any], weights: NDArray[Any]
    ) -> None:
        found, place, counts = self._np.unique(ids, return_inverse=True, return_counts=True)
        sums = self._np.bincount(place, weights, len(found))
        for owner, count, total in zip(found.tolist(), counts.tolist(), sums.tolist(), strict=True):
            before = owners.get(owner, (0, 0))
            owners[owner] = (before[0] + count, before[1] + int(total))

    def timed_events(self) -> list[int]:
        return [event for event in range(EVENT_MAX) if self.timed[event]]

    def histogram(self, event: int, trace: Trace) -> Histogram:
        bins = self.bins[event * _BINS : (event + 1) * _BINS]
        buckets = tuple(
            Bucket(trace.clock.ns(_lower(at)), trace.clock.ns(_lower(at + 1)), int(bins[at]))
            for at in self._np.flatnonzero(bins).tolist()
        )
        return Histogram(event, event_name(event, trace.names), buckets)

    def event_reports(
        self, trace: Trace, histograms: dict[int, Histogram]
    ) -> Iterator[EventReport]:
        ns = trace.clock.ns
        for event in self._np.flatnonzero(self.count).tolist():
            timed, total = int(self.timed[event]), int(self.total[event])
            least, most = ns(int(self.min[event])), ns(int(self.max[event]))
            percentiles = (
                None if event not in histograms else histograms[event].percentile(percent)
                for percent in (50, 90, 99, 99.9)
            )
            # Interpolation may leave what was ever measured.
            bounded = (None if p is None else min(max(p, least), most) for p in percentiles)
            yield EventReport(
                event,
                event_name(event, trace.names),
                int(self.count[event]),
                int(self.errors[event]),
                int(self.waits[event]),
                timed,
                ns(total),
                least if timed else 0,
                most,
                ns(total) // timed if timed else 0,
                *bounded,
            )


def _lower(at: int) -> int:
    """The least duration of a bin, in ticks; those of the first doublings hold no whole number."""
    exponent, step = divmod(at, _STEPS)
    return -(-((_STEPS + step) << exponent) // (2 * _STEPS)) if exponent else 0


def _owners(found: dict[int, tuple[int, int]], clock: Clock) -> tuple[OwnerReport, ...]:
    reports = [OwnerReport(id_, count, clock.ns(total)) for id_, (count, total) in found.items()]
    return tuple(sorted(reports, key=lambda owner: (-owner.total_ns, -owner.count, owner.id)))
