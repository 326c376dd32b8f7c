# SPDX-License-Identifier: GPL-2.0-or-later
"""What happened when: a recording in buckets of time, so that its size does not matter.

One pass over the headers of the packets finds the span, one over the samples fills the buckets.
Needs the extra `perfmon[arrays]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from perfmon.errors import MissingExtraError
from perfmon.interface import EVENT_MAX, Flag
from perfmon.recording.trace import Trace
from perfmon.samples import Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

BUCKETS: Final = 1500
"""Of a timeline, at most."""
HEAT_COLUMNS: Final = 300
"""Of a heat map, at most."""
HEAT_STEPS: Final = 4
"""Rows of a heat map to each doubling of the duration."""
SLOWEST: Final = 12
"""Samples of each event that are kept one by one."""

_HEAT_ROWS: Final = 33 * HEAT_STEPS
_CHUNK: Final = 1 << 19
"""Samples that are worked on at a time."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Events of one CPU that are missing, somewhere between two buckets of the timeline.

    Attributes:
        first, last: buckets, both included.
    """

    cpu: int
    first: int
    last: int
    count: int


@dataclass(frozen=True, slots=True)
class HeatMap:
    """How long the events of one type took, and when.

    Attributes:
        cells: counts by column (time) and row (duration); only those that are not 0.
    """

    event: int
    cells: Mapping[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A recording in buckets of time.

    Attributes:
        first: the clock at the beginning of bucket 0, in ticks.
        width: ticks of a bucket.
        buckets: how many there are.
        by_cpu: counts per bucket, by CPU and event.
        by_task: the same by task; None: all tasks that were not asked for.
        losses: what is missing, by the account of the packets.
        heat_width, heat_columns: ticks of a column of the heat maps, and how many there are.
        heat: a map for each event that has durations.
        slowest: those that took longest of each event, the longest first.
    """

    first: int
    width: int
    buckets: int
    by_cpu: Mapping[tuple[int, int], Sequence[int]]
    by_task: Mapping[tuple[int | None, int], Sequence[int]]
    losses: tuple[Loss, ...]
    heat_width: int
    heat_columns: int
    heat: tuple[HeatMap, ...]
    slowest: Mapping[int, tuple[Sample, ...]]


def heat_row_ticks(row: int) -> int:
    """The least duration of a row of heat maps, in ticks."""
    exponent, step = divmod(row, HEAT_STEPS)
    return -(-((HEAT_STEPS + step) << exponent) // (2 * HEAT_STEPS)) if exponent else 0


def timeline(trace: Trace, tasks: Sequence[int] = ()) -> Timeline:
    """Read a trace through.

    Args:
        trace: of any length.
        tasks: ids of those that get a series of their own.

    Raises:
        MissingExtraError: numpy is not installed.
        TraceError: a stream holds something else.
        OSError: it cannot be read.
    """
    try:
        import numpy
    except ImportError:
        raise MissingExtraError("arrays", "numpy", "timeline") from None
    spans = {stream: list(trace.spans(stream)) for stream in trace.streams}
    begins = [span.begin for found in spans.values() for span in found]
    ends = [span.end for found in spans.values() for span in found]
    first, last = (min(begins), max(ends)) if begins else (0, 0)
    grid = _Grid(numpy, first, last, tasks)
    losses: list[Loss] = []
    for stream in trace.streams:
        losses += _losses(spans[stream], grid)
        for cpu, samples in _chunks(trace, stream, numpy):
            grid.add(cpu, samples)
    return grid.result(tuple(losses))


def _chunks(trace: Trace, stream: Path, numpy: Any) -> Iterator[tuple[int, NDArray[Any]]]:
    pending: list[NDArray[Any]] = []
    cpu = 0
    for packet in trace.packets(stream):
        cpu = packet.cpu
        if packet.samples:
            pending.append(packet.samples.array)
        if sum(map(len, pending)) >= _CHUNK:
            yield cpu, numpy.concatenate(pending)
            pending.clear()
    if pending:
        yield cpu, numpy.concatenate(pending)


def _losses(spans: Sequence[Any], grid: _Grid) -> Iterator[Loss]:
    """What each packet says is missing since the one before it; one entry per first bucket."""
    found: dict[int, tuple[int, int]] = {}
    before = end = None
    for span in spans:
        missing = span.discarded - (before or 0)
        if missing > 0:
            since = grid.bucket(span.begin if end is None else end)
            until, count = found.get(since, (since, 0))
            found[since] = (max(until, grid.bucket(span.end)), count + missing)
        before, end = span.discarded, span.end
    for since, (until, count) in sorted(found.items()):
        yield Loss(spans[0].cpu, since, until, count)


class _Grid:
    """Counts, while they grow; times in ticks."""

    def __init__(self, numpy: Any, first: int, last: int, tasks: Sequence[int]) -> None:
        self._np = numpy
        span = last - first + 1
        self.first = first
        self.width = -(-span // BUCKETS)
        self.buckets = -(-span // self.width)
        self.heat_width = -(-span // HEAT_COLUMNS)
        self.heat_columns = -(-span // self.heat_width)
        self._cpus: dict[int, NDArray[Any]] = {}
        self._task_ids = numpy.array(sorted(set(tasks)), dtype="u4")
        self._tasks = numpy.zeros((len(self._task_ids) + 1) * self.buckets * EVENT_MAX, "u4")
        self._heat: dict[int, NDArray[Any]] = {}
        self._slowest: dict[int, NDArray[Any]] = {}

    def bucket(self, timestamp: int) -> int:
        return min(max((timestamp - self.first) // self.width, 0), self.buckets - 1)

    def add(self, cpu: int, samples: NDArray[Any]) -> None:
        np = self._np
        since = np.minimum(
            samples["timestamp"] - np.uint64(self.first),
            np.uint64(self.width * self.buckets - 1),
        )
        events = (samples["event"] & (EVENT_MAX - 1)).astype("i8")
        cell = (since // np.uint64(self.width)).astype("i8") * EVENT_MAX + events
        counts = np.bincount(cell, minlength=self.buckets * EVENT_MAX).astype("u4")
        self._cpus[cpu] = self._cpus[cpu] + counts if cpu in self._cpus else counts
        owner = self._owners(samples["task"])
        cell += owner * (self.buckets * EVENT_MAX)
        self._tasks += np.bincount(cell, minlength=len(self._tasks)).astype("u4")
        is_timed = samples["flags"] & (Flag.WAITED | Flag.INSTANT) == 0
        column = (since // np.uint64(self.heat_width)).astype("i8")
        for event in np.unique(events[is_timed]).tolist():
            chosen = is_timed & (events == event)
            self._add_durations(event, samples[chosen], column[chosen])

    def _owners(self, tasks: NDArray[Any]) -> NDArray[Any]:
        """The place of each task among those asked for; behind the last, when it is not."""
        np = self._np
        known = len(self._task_ids)
        if not known:
            return np.zeros(len(tasks), "i8")  # type: ignore[no-any-return]
        place = np.minimum(np.searchsorted(self._task_ids, tasks), known - 1)
        return np.where(self._task_ids[place] == tasks, place, known)  # type: ignore[no-any-return]

    def _add_durations(self, event: int, samples: NDArray[Any], column: NDArray[Any]) -> None:
        np = self._np
        mantissa, exponent = np.frexp(samples["duration"].astype("f8"))
        step = np.maximum((mantissa * 2 * HEAT_STEPS).astype("i8") - HEAT_STEPS, 0)
        # Below 1 tick there is one row, whatever the steps.
        row = np.maximum(exponent * HEAT_STEPS + step, HEAT_STEPS - 1)
        cell = column * _HEAT_ROWS + row
        counts = np.bincount(cell, minlength=self.heat_columns * _HEAT_ROWS)
        self._heat[event] = self._heat[event] + counts if event in self._heat else counts
        if event in self._slowest:
            samples = np.concatenate((self._slowest[event], samples))
        if len(samples) > SLOWEST:
            samples = samples[np.argpartition(samples["duration"], -SLOWEST)[-SLOWEST:]]
        self._slowest[event] = samples

    def result(self, losses: tuple[Loss, ...]) -> Timeline:
        known: list[int | None] = [*self._task_ids.tolist(), None]
        per_task = self._tasks.reshape(len(known), -1)
        return Timeline(
            first=self.first,
            width=self.width,
            buckets=self.buckets,
            by_cpu=dict(self._series(self._cpus)),
            by_task=dict(self._series(dict(zip(known, per_task, strict=True)))),
            losses=losses,
            heat_width=self.heat_width,
            heat_columns=self.heat_columns,
            heat=tuple(self._heat_map(event) for event in sorted(self._heat)),
            slowest={event: self._longest_first(event) for event in sorted(self._slowest)},
        )

    def _series(self, owners: Mapping[Any, NDArray[Any]]) -> Iterator[tuple[Any, Sequence[int]]]:
        for owner, counts in owners.items():
            table = counts.reshape(self.buckets, EVENT_MAX)
            for event in self._np.flatnonzero(table.any(axis=0)).tolist():
                yield (owner, event), table[:, event].tolist()

    def _heat_map(self, event: int) -> HeatMap:
        counts = self._heat[event]
        cells = {divmod(at, _HEAT_ROWS): int(counts[at]) for at in counts.nonzero()[0].tolist()}
        return HeatMap(event, cells)

    def _longest_first(self, event: int) -> tuple[Sample, ...]:
        found = [Sample._make(record) for record in self._slowest[event].tolist()]
        return tuple(sorted(found, key=lambda sample: (-sample.duration, sample.timestamp)))
