# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparing single calls by instructions, and counts: no chance, no test, no minimum effect.

Under a clock that counts instructions a call of one kind costs the same number every time, but for
the paths that depend on a state (the first page of a table, a queue that is not empty).  So the
most frequent cost is compared, of kinds that are frequent, and a kind has changed when all its runs
on one side lie above all on the other.

There are also states that a boot comes upon and keeps, so each run is best a boot of its own.

How often an event happens is as exact, where every run of a side says the same; an event for which
they do not (a clock interrupt, a switch to the idle thread) is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Final

from perfmon.events import event_name
from perfmon.regressions.findings import Finding, Metric, Verdict
from perfmon.regressions.measurement import Cost, Measurement

CALLS_LEAST: Final = 10
"""Calls of a kind in each run below which the most frequent cost says nothing."""

_Kind = tuple[int, str]


def exact_findings(
    before: Measurement,
    after: Measurement,
    min_effect_percent: float,
    events: frozenset[int] | None = None,
) -> list[Finding]:
    """A finding for each steady count, and each kind of call that is frequent in every run.

    Both measurements were made with clocks that count instructions.
    """
    names = {**before.names, **after.names}
    found = []
    for metric, values in ((Metric.COUNT, _counts), (Metric.INSTRUCTIONS, _costs)):
        first, second = values(before), values(after)
        for event, detail in sorted(first.keys() & second.keys()):
            if events is None or event in events:
                sides = first[event, detail], second[event, detail]
                name = event_name(event, names)
                found.append(_finding(event, name, detail, metric, sides, min_effect_percent))
    return found


def _counts(measurement: Measurement) -> dict[_Kind, list[int]]:
    """How often each event happened, if that was the same in every run."""
    events = {event for run in measurement.runs for event in run.events}
    counts = {
        event: [run.events[event].count if event in run.events else 0 for run in measurement.runs]
        for event in events
    }
    return {(event, ""): each for event, each in counts.items() if len(set(each)) == 1}


def _costs(measurement: Measurement) -> dict[_Kind, list[int]]:
    """The typical cost of each run, of kinds that are frequent in all of them."""
    runs = [dict(_frequent(run.costs)) for run in measurement.runs]
    kinds = set.intersection(*(set(run) for run in runs)) if runs else set()
    return {kind: [run[kind] for run in runs] for kind in kinds}


def _frequent(costs: tuple[Cost, ...]) -> Iterator[tuple[_Kind, int]]:
    for cost in costs:
        if cost.calls >= CALLS_LEAST:
            yield (cost.event, cost.detail), cost.typical


def _finding(
    event: int,
    name: str,
    detail: str,
    metric: Metric,
    sides: tuple[list[int], list[int]],
    min_effect_percent: float,
) -> Finding:
    before, after = sides
    first, second = median(before), median(after)
    percent = 100 * (second - first) / first if first else 0.0
    if min(after) > max(before) and percent >= min_effect_percent:
        verdict = Verdict.REGRESSION
    elif max(after) < min(before) and -percent >= min_effect_percent:
        verdict = Verdict.IMPROVEMENT
    else:
        verdict = Verdict.UNCHANGED
    return Finding(
        *(event, name, detail, metric, verdict, first, second, percent, percent, percent, None),
        (len(before), len(after)),
    )
