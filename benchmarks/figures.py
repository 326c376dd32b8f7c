# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures as benchmarks give them: every round of them, so that spread is seen and not guessed."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing, measured several times.

    Attributes:
        section: the table it belongs to.
        subject: what was measured; figures of one subject are to be compared.
        who: whose it is: perfmon, mig or the peer's name.
        unit: of the values.
        values: one for each round; one alone for what is exact.
        target: what it was meant to be, in words; empty for none.
    """

    section: str
    subject: str
    who: str
    unit: str
    values: tuple[float, ...]
    target: str = ""

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """Lower and upper quartile; of fewer than four values the least and the greatest."""
        if len(self.values) < 4:
            return min(self.values), max(self.values)
        lower, _, upper = statistics.quantiles(self.values, n=4)
        return lower, upper

    def fields(self) -> dict[str, object]:
        """For JSON, with what is derived."""
        lower, upper = self.spread
        return {**asdict(self), "median": self.median, "lower": lower, "upper": upper}


def sections(figures: Sequence[Figure]) -> dict[str, list[Figure]]:
    """The figures of each section, in the order in which they came."""
    found: dict[str, list[Figure]] = {}
    for figure in figures:
        found.setdefault(figure.section, []).append(figure)
    return found


def table(figures: Sequence[Figure]) -> str:
    """A Markdown table for each section, each subject's ratio to the first of its figures."""
    lines: list[str] = []
    for section, chosen in sections(figures).items():
        lines += [f"### {section}", ""]
        lines += [
            "| subject | who | median | quartiles | ratio | target |",
            "|---|---|---|---|---|---|",
        ]
        for figure in chosen:
            first = next(other for other in chosen if other.subject == figure.subject)
            ratio = (
                "" if figure is first or not first.median else f"{figure.median / first.median:.2f}"
            )
            lower, upper = figure.spread
            spread = "" if lower == upper else f"{_text(lower)} - {_text(upper)}"
            lines.append(
                f"| {figure.subject} | {figure.who} | {_text(figure.median)} {figure.unit} "
                f"| {spread} | {ratio} | {figure.target} |"
            )
        lines.append("")
    return "\n".join(lines)


def _text(value: float) -> str:
    """Three digits, or all those before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def grouped(rows: Iterable[tuple[str, float]]) -> dict[str, tuple[float, ...]]:
    """Values by name, names in the order in which they first come."""
    found: dict[str, list[float]] = {}
    for name, value in rows:
        found.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in found.items()}
