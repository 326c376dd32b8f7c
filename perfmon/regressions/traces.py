# SPDX-License-Identifier: GPL-2.0-or-later
"""A recorded trace as a measurement: cut into windows of equal length, which are its runs."""

from __future__ import annotations

from collections import Counter
from typing import Final

from perfmon.interface import Flag
from perfmon.recording.trace import Trace, TraceError
from perfmon.regressions.measure import Pass, run_of
from perfmon.regressions.measurement import Environment, EventRun, Measurement, Run
from perfmon.samples import Sample
from perfmon.statistics import Bucket

WINDOWS: Final = 20
_STEPS: Final = 64
"""Buckets to a doubling."""


class _Tally:
    """One event in one window; durations in ticks."""

    def __init__(self) -> None:
        self.count = self.errors = self.waits = self.timed = self.total = 0
        self.buckets: Counter[tuple[int, int]] = Counter()

    def add(self, sample: Sample) -> None:
        self.count += 1
        self.errors += bool(sample.flags & Flag.ERROR)
        if sample.flags & Flag.WAITED:
            self.waits += 1
        elif not sample.flags & Flag.INSTANT:
            self.timed += 1
            self.total += sample.duration
            self.buckets[_bounds(sample.duration)] += 1


def measurement_of(trace: Trace, label: str) -> Measurement:
    """Read a trace through.

    What the recorder wrote down of the host is the environment; the rest is not known.

    Raises:
        TraceError: it holds no samples, or all of one moment.
    """
    spans = [(packet.begin, packet.end) for s in trace.streams for packet in trace.packets(s)]
    first = min((begin for begin, _ in spans), default=0)
    length = max((end for _, end in spans), default=0) - first
    if length <= 0:
        raise TraceError(f"{trace.directory}: expected samples over some time, found none")
    tallies: list[dict[int, _Tally]] = [{} for _ in range(WINDOWS)]
    for stream in trace.streams:
        for packet in trace.packets(stream):
            for sample in packet.samples:
                at = min(max(sample.timestamp - first, 0) * WINDOWS // length, WINDOWS - 1)
                tallies[at].setdefault(sample.event, _Tally()).add(sample)
    runs = [_run(trace, window, length // WINDOWS) for window in tallies]
    return Measurement(
        label, trace.clock.wall(first).isoformat(timespec="seconds"), "", _environment(trace),
        tuple(runs), trace.names,
    )  # fmt: skip


def _run(trace: Trace, tallies: dict[int, _Tally], ticks: int) -> Run:
    ns = trace.clock.ns
    events = {event: _event(trace, tally) for event, tally in tallies.items()}
    work: dict[int, Counter[int]] = {event: Counter() for event in tallies}
    for event, tally in tallies.items():
        for (low, high), calls in tally.buckets.items():
            work[event][ns((low + high) // 2)] += calls
    return run_of([Pass(ns(ticks), events, work, {})])


def _event(trace: Trace, tally: _Tally) -> EventRun:
    ns = trace.clock.ns
    total = ns(tally.total)
    return EventRun(
        tally.count,
        tally.errors,
        tally.waits,
        tally.timed,
        total,
        total / tally.timed if tally.timed else 0.0,
        tuple(Bucket(ns(low), ns(high), n) for (low, high), n in sorted(tally.buckets.items())),
    )


def _bounds(ticks: int) -> tuple[int, int]:
    """Of the bucket that a duration falls into."""
    width = max(1, (1 << ticks.bit_length()) // (2 * _STEPS))
    low = ticks // width * width
    return low, low + width


def _environment(trace: Trace) -> Environment:
    known = trace.environment
    return Environment(
        host=known.get("hostname", ""),
        clock_hz=trace.clock.ticks_per_second,
        cpus=len(trace.streams),
        interface_version=int(known.get("interface_version", 0)),
        sample_rate=int(known.get("sample_rate", 0)),
        buffer_size=int(known.get("buffer_size", 0)),
        event_mask=int(known.get("event_mask", "0"), 16),
        mode=known.get("mode", ""),
    )
