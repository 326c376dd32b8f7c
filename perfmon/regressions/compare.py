# SPDX-License-Identifier: GPL-2.0-or-later
"""Two measurements, and what can honestly be said about their difference.

The run is the unit.  For each event and quantity there is one value per run, and one test over the
runs (perfmon.regressions.ranks); probabilities are corrected for the number of tests (Holm).  A
verdict of change takes both: a corrected probability of at most alpha, and a shift of at least the
minimum effect.  Where the hosts' clocks count instructions there is no chance to account for, and
single calls are compared instead (perfmon.regressions.exact).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from statistics import median
from types import MappingProxyType
from typing import Final

from perfmon.events import Event, event_name
from perfmon.regressions.comparable import NotComparableError, obstacles
from perfmon.regressions.exact import exact_findings
from perfmon.regressions.findings import Comparison, Finding, Metric, Verdict
from perfmon.regressions.measurement import EventRun, Measurement, Run
from perfmon.regressions.ranks import (
    Shift,
    fewest_pairs,
    fewest_runs,
    holm,
    paired_shift,
    unpaired_shift,
)

DEFAULT_ALPHA: Final = 0.002
"""A fifth of the false alarms that may be: the tests give about as many as they are allowed."""
INTERLEAVED_EFFECTS: Final[Mapping[Metric, float]] = MappingProxyType(
    {Metric.TIME: 2.0, Metric.TAIL: 10.0, Metric.COUNT: 1.0, Metric.INSTRUCTIONS: 0.0}
)
"""Smallest change that is one, in percent."""
APART_EFFECTS: Final[Mapping[Metric, float]] = MappingProxyType(
    {**INTERLEAVED_EFFECTS, Metric.TIME: 20.0, Metric.TAIL: 50.0}
)
"""The same of runs apart, which tell two hosts and two times of one machine alike."""

_CONFIDENCE: Final = 0.95
_TAIL_EVENTS: Final = 100
"""Timed events of a run below which its 99th percentile is but its maximum."""
_WHOLE_RUN: Final = "(whole run)"
_SEVERITY: Final = tuple(Verdict)
_NEUTRAL_TIME: Final = (Event.CONTEXT_SWITCH,)
"""Its duration is how long a thread ran before, which is no cost."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to compare.

    Attributes:
        alpha: probability of any false alarm in a whole comparison, at most.
        effects: smallest change that is one, in percent, by metric; None: as suits the runs.
        events: only these; None: all.
        interleaved: the n-th runs of both were made together.
        force: compare what is not comparable, and note it.
    """

    alpha: float = DEFAULT_ALPHA
    effects: Mapping[Metric, float] | None = None
    events: frozenset[int] | None = None
    interleaved: bool = False
    force: bool = False

    def with_effect(self, percent: float) -> Settings:
        """The same with one minimum effect for all metrics."""
        return replace(self, effects=dict.fromkeys(Metric, percent))

    def effect(self, metric: Metric) -> float:
        """The smallest change of a metric that is one, in percent."""
        usual = INTERLEAVED_EFFECTS if self.interleaved else APART_EFFECTS
        return (self.effects or usual)[metric]


@dataclass(frozen=True, slots=True)
class _Quantity:
    """One thing to test: a value for each run of either side."""

    event: int | None
    metric: Metric
    before: tuple[float, ...]
    after: tuple[float, ...]
    neutral: bool


def compare(
    before: Measurement, after: Measurement, settings: Settings | None = None
) -> Comparison:
    """Hold two measurements against each other.

    Raises:
        NotComparableError: they were made with different things; names them all.
    """
    settings = settings or Settings()
    found = obstacles(before, after)
    if found and not settings.force:
        raise NotComparableError(found)
    if before.environment.counts_instructions and after.environment.counts_instructions:
        effect = settings.effect(Metric.INSTRUCTIONS)
        judged = exact_findings(before, after, effect, settings.events)
        method = "exact: instructions of frequent calls, and steady counts"
    else:
        quantities = list(_quantities(before, after, settings))
        judged = _judge(quantities, before, after, settings)
        method = _method(settings, len(quantities))
    findings = sorted(judged, key=lambda f: (_SEVERITY.index(f.verdict), -abs(f.change_percent)))
    return Comparison(
        before.label,
        after.label,
        method,
        found,
        tuple(findings),
        settings.alpha,
        settings.effect(Metric.TIME),
    )


def _quantities(before: Measurement, after: Measurement, settings: Settings) -> Iterator[_Quantity]:
    fixed = before.fixed_work and after.fixed_work
    if fixed and settings.events is None:
        yield _Quantity(
            None,
            Metric.TIME,
            tuple(run.elapsed_ns for run in before.runs),
            tuple(run.elapsed_ns for run in after.runs),
            neutral=False,
        )
    seen = {event for m in (before, after) for run in m.runs for event in run.events}
    for event in sorted(seen if settings.events is None else seen & settings.events):
        sides = before.runs, after.runs
        count = _per_run if fixed else _per_second
        yield _Quantity(event, Metric.COUNT, *_values(sides, event, count), neutral=not fixed)
        timed = [[r.events[event].timed if event in r.events else 0 for r in s] for s in sides]
        if not all(min(side, default=0) for side in timed):
            continue
        neutral = event in _NEUTRAL_TIME
        yield _Quantity(event, Metric.TIME, *_values(sides, event, _time), neutral)
        if min(median(side) for side in timed) >= _TAIL_EVENTS:
            yield _Quantity(event, Metric.TAIL, *_values(sides, event, _tail), neutral)


_NOTHING: Final = EventRun(0, 0, 0, 0, 0)


def _values(
    sides: tuple[tuple[Run, ...], tuple[Run, ...]],
    event: int,
    value: Callable[[EventRun, Run], float],
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    first, second = (
        tuple(value(run.events.get(event, _NOTHING), run) for run in side) for side in sides
    )
    return first, second


def _per_run(event: EventRun, run: Run) -> float:
    del run
    return event.count


def _per_second(event: EventRun, run: Run) -> float:
    return event.count * 1e9 / run.elapsed_ns if run.elapsed_ns else 0.0


def _time(event: EventRun, run: Run) -> float:
    del run
    return event.typical_ns


def _tail(event: EventRun, run: Run) -> float:
    del run
    return event.percentile_ns(99)


def _judge(
    quantities: list[_Quantity], before: Measurement, after: Measurement, settings: Settings
) -> list[Finding]:
    shifts = [_shift(quantity, settings) for quantity in quantities]
    corrected = holm([shift.p for shift in shifts])
    names = {**before.names, **after.names}
    return [
        _finding(quantity, shift, p, len(quantities), names, settings)
        for quantity, shift, p in zip(quantities, shifts, corrected, strict=True)
    ]


def _shift(quantity: _Quantity, settings: Settings) -> Shift:
    """In units of `_relative`, whose scale is that of a ratio's logarithm where changes are small.

    Runs apart are compared on the scale of the median before.
    """
    if settings.interleaved:
        pairs = zip(quantity.before, quantity.after, strict=True)
        return paired_shift([_relative(a, b) for a, b in pairs], _CONFIDENCE)
    scale = median([*quantity.before, *quantity.after])
    return unpaired_shift(
        [_relative(scale, value) for value in quantity.before],
        [_relative(scale, value) for value in quantity.after],
        _CONFIDENCE,
    )


def _relative(first: float, second: float) -> float:
    """A difference in parts of the mean of both; defined at 0, and symmetric."""
    total = first + second
    return 2 * (second - first) / total if total else 0.0


def _percent(relative: float) -> float:
    """The change of the second in percent of the first."""
    if math.isinf(relative) or relative >= 2:
        return math.inf if relative > 0 else -math.inf
    return 100 * ((2 + relative) / (2 - relative) - 1)


def _finding(
    quantity: _Quantity,
    shift: Shift,
    p: float,
    tests: int,
    names: Mapping[int, str],
    settings: Settings,
) -> Finding:
    effect = settings.effect(quantity.metric)
    change, low, high = map(_percent, (shift.estimate, shift.low, shift.high))
    runs = len(quantity.before), len(quantity.after)
    verdict, needed = _verdict(quantity, (change, low, high), p, effect, tests, settings)
    return Finding(
        quantity.event,
        _WHOLE_RUN if quantity.event is None else event_name(quantity.event, names),
        "",
        quantity.metric,
        verdict,
        median(quantity.before),
        median(quantity.after),
        change,
        None if math.isinf(low) else low,
        None if math.isinf(high) else high,
        p,
        runs,
        needed,
    )


def _verdict(
    quantity: _Quantity,
    change: tuple[float, float, float],
    p: float,
    effect: float,
    tests: int,
    settings: Settings,
) -> tuple[Verdict, int | None]:
    """The verdict, and how many runs it would take where there is none."""
    estimate, low, high = change
    fewest = _fewest(quantity, settings.alpha / tests, settings)
    runs = min(len(quantity.before), len(quantity.after))
    if fewest is not None:
        return Verdict.NOT_ENOUGH_DATA, fewest
    if p <= settings.alpha and abs(estimate) >= effect and estimate:
        if quantity.neutral:
            return Verdict.CHANGED, None
        return (Verdict.REGRESSION if estimate > 0 else Verdict.IMPROVEMENT), None
    if p <= settings.alpha or max(abs(low), abs(high)) <= max(effect, 1e-9):
        return Verdict.UNCHANGED, None
    # An interval shrinks with the square root of the number of runs.
    width = (high - low) / 2
    needed = math.ceil(runs * (width / effect) ** 2) if effect and width < math.inf else runs * 4
    return Verdict.UNCERTAIN, max(needed, runs + 1)


def _fewest(quantity: _Quantity, alpha: float, settings: Settings) -> int | None:
    """Runs of each side that a verdict takes, if there are fewer."""
    before, after = len(quantity.before), len(quantity.after)
    if settings.interleaved:
        needed = fewest_pairs(alpha)
        return needed if before < needed else None
    if 2 / math.comb(before + after, before) <= alpha:
        return None
    return fewest_runs(alpha)


def _method(settings: Settings, tests: int) -> str:
    how = (
        "interleaved runs, signed-rank test"
        if settings.interleaved
        else "runs measured apart, rank-sum test"
    )
    return f"{how}, {tests} tests, Holm's correction, alpha {settings.alpha:g}"
