# SPDX-License-Identifier: GPL-2.0-or-later
"""Events whose rate or latency leaves its recent behaviour.

Each quantity is held against the median of its last windows, on a scale of their median deviation;
a window far outside is a suspicion, and a third one in a row on the same side an anomaly.  What is
suspicious becomes part of recent behaviour when it is over, so that an event with two behaviours,
whose receiver sleeps at times, is told once; and when it stays: then it is the new behaviour.
The latency of a window is the mean of its quicker three quarters: a single call in whose midst the
host had to wait for a processor moves the mean of all by more than any change of the host.

docs/regressions.md has the false alarms that were measured.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from typing import Final

from perfmon.statistics import EventStatistics, Histogram, Snapshot
from perfmon.text import duration, number

RECENT: Final = 30
"""Windows that are recent behaviour, and after which a new one is accepted."""
WARM_UP: Final = 12
"""Windows without which there is no behaviour yet."""
DEVIATIONS: Final = 8.0
"""Of the recent windows, beyond which a window is suspicious."""
IN_A_ROW: Final = 3
KNOWN: Final = 3
"""Recent windows that lay far outside, from which on to be there at times is recent behaviour."""

_NORMAL: Final = 1.4826
"""Standard deviations in a median absolute deviation."""
_BEYOND: Final = 1.5
"""How much farther outside than what is known is far."""
_LEAST_SCALE: Final = 0.03
"""Of the median: what moves less is not looked at, however steady it was."""
_LEAST_EVENTS: Final = 30
"""Timed events that the latency of a window takes."""


class Quantity(StrEnum):
    """What is watched of an event."""

    RATE = "rate"
    LATENCY = "latency"


@dataclass(frozen=True, slots=True)
class Anomaly:
    """An event has left its recent behaviour.

    Attributes:
        event, name: which event.
        quantity: which of its quantities.
        value: in this window; per second, or nanoseconds.
        usual: median of the recent windows.
        deviations: how far outside; negative: below.
    """

    event: int
    name: str
    quantity: Quantity
    value: float
    usual: float
    deviations: float

    def describe(self) -> str:
        """What is unusual, and what was usual, in words."""
        if self.quantity is Quantity.LATENCY:
            now, usual = (duration(round(each)) for each in (self.value, self.usual))
        else:
            now, usual = (f"{number(each)}/s" for each in (self.value, self.usual))
        return f"unusual: {self.name} {self.quantity} {now}, recently {usual}"


class AnomalyDetector:
    """Watches the windows between the snapshots of one host."""

    def __init__(self) -> None:
        self._series: dict[tuple[int, Quantity], _Series] = {}
        self._work: dict[int, Histogram] = {}

    def observe(
        self, now: Snapshot, earlier: Snapshot, work: Mapping[int, Histogram]
    ) -> list[Anomaly]:
        """What is unusual in the window between two snapshots; they come in order of time.

        Args:
            now: the later one.
            earlier: the one before.
            work: durations by event, read with `now`, of those events that have some.
        """
        durations = {
            event: total.since(self._work[event]) if event in self._work else total
            for event, total in work.items()
        }
        self._work.update(work)
        seconds = (now.taken_ns - earlier.taken_ns) / 1e9
        if seconds <= 0:
            return []
        found = []
        for event, stats in now.events.items():
            if event in earlier.events:
                found += self._event(stats, earlier.events[event], durations.get(event), seconds)
        return found

    def _event(
        self,
        now: EventStatistics,
        earlier: EventStatistics,
        durations: Histogram | None,
        seconds: float,
    ) -> list[Anomaly]:
        count = now.since(earlier).count
        watched = [(Quantity.RATE, count / seconds, sqrt(count) / seconds)]
        if durations and durations.count >= _LEAST_EVENTS:
            watched.append((Quantity.LATENCY, _latency(durations), 0.0))
        found = []
        for quantity, value, counting in watched:
            series = self._series.setdefault((now.event, quantity), _Series())
            outside = series.add(value, counting)
            if outside:
                usual, deviations = outside
                found.append(Anomaly(now.event, now.name, quantity, value, usual, deviations))
        return found


def _latency(durations: Histogram) -> float:
    """Mean of the quicker three quarters, each taken for the middle of its bucket."""
    quicker = left = -(-3 * durations.count // 4)
    total = 0.0
    for bucket in durations.buckets:
        counted = min(bucket.count, left)
        total += counted * (bucket.lower_ns + (bucket.upper_ns or bucket.lower_ns)) / 2
        left -= counted
    return total / quicker


class _Series:
    """The windows of one quantity."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._suspicious: list[float] = []
        self._side = 0

    def add(self, value: float, counting_error: float) -> tuple[float, float] | None:
        """What is usual and how far outside the value is, if that is an anomaly."""
        if len(self._recent) < WARM_UP:
            self._recent.append(value)
            return None
        # Loads half of the arithmetic there is: not for every command that prints a table.
        from statistics import median

        usual = median(self._recent)
        spread = _NORMAL * median(abs(each - usual) for each in self._recent)
        scale = max(spread, _LEAST_SCALE * usual, counting_error)
        deviations = (value - usual) / scale if scale else 0.0
        side = 1 if deviations > 0 else -1
        known = sorted(side * (each - usual) for each in self._recent)[-KNOWN] / (scale or 1.0)
        if abs(deviations) <= max(DEVIATIONS, _BEYOND * known):
            self._recent += self._suspicious[-KNOWN:]
            self._recent.append(value)
            self._suspicious.clear()
            return None
        if side != self._side:
            self._suspicious.clear()
        self._side = side
        self._suspicious.append(value)
        if len(self._suspicious) >= RECENT:
            self._recent.clear()
            self._recent.extend(self._suspicious)
            self._suspicious.clear()
            return None
        return (usual, deviations) if len(self._suspicious) >= IN_A_ROW else None
