# SPDX-License-Identifier: GPL-2.0-or-later
"""What a comparison found: verdicts and the figures behind them.  Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What can be said about one quantity of one event."""

    REGRESSION = "regression"
    """It became worse, by at least the minimum effect, and chance does not explain it."""
    IMPROVEMENT = "improvement"
    CHANGED = "changed"
    """It moved likewise, but neither direction of it is better."""
    UNCHANGED = "unchanged"
    """Whatever moved is below the minimum effect."""
    UNCERTAIN = "uncertain"
    """A change of the minimum effect can neither be shown nor ruled out: more runs are needed."""
    NOT_ENOUGH_DATA = "not enough data"
    """No result of so few runs could be a verdict, after correction."""


class Metric(StrEnum):
    """A quantity of an event; one value per run."""

    TIME = "time"
    """Mean work time of the quicker three quarters of a run's calls."""
    TAIL = "p99"
    """The 99th percentile of its work times."""
    COUNT = "count"
    """How often it happened: in a run, or in a second of a window."""
    INSTRUCTIONS = "instructions"
    """What its most frequent call costs."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One quantity, before and after.

    Attributes:
        event: the event's id; None: the whole run.
        name: the event's name.
        detail: which calls of the event; empty: all.
        before, after: medians over the runs; nanoseconds, a number or instructions, as the metric
            says.
        change_percent: the shift, relative to before; positive is more.
        low_percent, high_percent: its confidence interval; None where there is no bound.
        p: probability of such a result when nothing differs, corrected for the number of tests;
            None where no chance is in it.
        runs: how many runs this rests on, before and after.
        runs_needed: for a verdict, of each side; None where there is one.
    """

    event: int | None
    name: str
    detail: str
    metric: Metric
    verdict: Verdict
    before: float
    after: float
    change_percent: float
    low_percent: float | None
    high_percent: float | None
    p: float | None
    runs: tuple[int, int]
    runs_needed: int | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two measurements held against each other.

    Attributes:
        before, after: their labels.
        method: one sentence on how.
        notes: what differs between them that a reader should know.
        findings: most serious first.
        alpha: probability of any false alarm in the whole comparison, at most.
        min_effect_percent: changes below are none.
    """

    before: str
    after: str
    method: str
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]
    alpha: float
    min_effect_percent: float

    def of(self, verdict: Verdict) -> tuple[Finding, ...]:
        """The findings with one verdict."""
        return tuple(finding for finding in self.findings if finding.verdict is verdict)

    @property
    def verdict(self) -> Verdict:
        """The whole comparison's: the first of these that any finding has."""
        found = {finding.verdict for finding in self.findings}
        order = (
            Verdict.REGRESSION,
            Verdict.NOT_ENOUGH_DATA,
            Verdict.UNCERTAIN,
            Verdict.IMPROVEMENT,
            Verdict.CHANGED,
            Verdict.UNCHANGED,
        )
        return next((each for each in order if each in found), Verdict.NOT_ENOUGH_DATA)
