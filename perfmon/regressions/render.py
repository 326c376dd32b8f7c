# SPDX-License-Identifier: GPL-2.0-or-later
"""A comparison as text, Markdown, JSON or JUnit XML.  Text from values."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final
from xml.etree import ElementTree

from perfmon.regressions.findings import Comparison, Finding, Metric, Verdict
from perfmon.text import NOTHING, counted, duration, number, table


class Format(StrEnum):
    """Forms of a verdict."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    JUNIT = "junit"


_TITLES: Final = ("<EVENT", "<QUANTITY", "BEFORE", "AFTER", "CHANGE", "95 % FROM", "TO", "<VERDICT")
_SHOWN_UNCHANGED: Final = 12


def render(comparison: Comparison, form: Format, *, every: bool = False) -> str:
    """The comparison in one form; ends with a newline.

    Args:
        comparison: what to show.
        form: in which form.
        every: all findings, also those that found nothing, where the form leaves them out.
    """
    return _FORMS[form](comparison, every)


def _text(comparison: Comparison, every: bool) -> str:
    shown, left_out = _shown(comparison, every)
    lines = [f"{comparison.before} -> {comparison.after}", summary(comparison)]
    lines += [f"warning: {note}" for note in comparison.notes]
    if shown:
        lines += ["", table(_TITLES, [_row(finding) for finding in shown])]
    if left_out:
        lines.append(f"and {_tally(left_out)} (--all shows them)" if shown else "--all shows them")
    lines += ["", f"method: {comparison.method}"]
    return "\n".join(lines) + "\n"


def _markdown(comparison: Comparison, every: bool) -> str:
    shown, left_out = _shown(comparison, every)
    titles = [title.removeprefix("<").capitalize() for title in _TITLES]
    rule = ["---" if title.startswith("<") else "---:" for title in _TITLES]
    lines = [
        f"### {comparison.before} → {comparison.after}: {comparison.verdict}",
        "",
        f"{summary(comparison)}.",
    ]
    lines += [f"\n**Warning:** {note}" for note in comparison.notes]
    if shown:
        cells = [titles, rule, *([_bold(finding, at) for at in range(8)] for finding in shown)]
        lines += ["", *(f"| {' | '.join(row)} |" for row in cells)]
    if shown and left_out:
        lines += ["", f"And {_tally(left_out)}."]
    lines += ["", f"<sub>{comparison.method}</sub>"]
    return "\n".join(lines) + "\n"


def _json(comparison: Comparison, every: bool) -> str:
    del every
    value = asdict(comparison)
    value["verdict"] = comparison.verdict
    return json.dumps(_finite(value)) + "\n"


def _junit(comparison: Comparison, every: bool) -> str:
    """A test case for each finding: a regression is a failure, no verdict is skipped."""
    del every
    regressions = comparison.of(Verdict.REGRESSION)
    open_ = (*comparison.of(Verdict.UNCERTAIN), *comparison.of(Verdict.NOT_ENOUGH_DATA))
    suite = ElementTree.Element(
        "testsuite",
        name=f"{comparison.before} -> {comparison.after}",
        tests=str(len(comparison.findings)),
        failures=str(len(regressions)),
        errors="0",
        skipped=str(len(open_)),
    )
    for finding in comparison.findings:
        case = ElementTree.SubElement(
            suite, "testcase", classname=f"perfmon.{finding.name}", name=_quantity(finding)
        )
        if finding.verdict is Verdict.REGRESSION:
            ElementTree.SubElement(case, "failure", message=_sentence(finding))
        elif finding in open_:
            ElementTree.SubElement(case, "skipped", message=_sentence(finding))
        else:
            ElementTree.SubElement(case, "system-out").text = _sentence(finding)
    ElementTree.SubElement(suite, "system-out").text = comparison.method
    ElementTree.indent(suite)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return head + ElementTree.tostring(suite, encoding="unicode") + "\n"


_FORMS: Final[Mapping[Format, Callable[[Comparison, bool], str]]] = MappingProxyType(
    {Format.TEXT: _text, Format.MARKDOWN: _markdown, Format.JSON: _json, Format.JUNIT: _junit}
)


def summary(comparison: Comparison) -> str:
    """The verdict in words, without a full stop."""
    if not comparison.findings:
        return "not enough data: the two have no event in common"
    found = comparison.verdict
    open_ = comparison.of(found)
    needed = max(finding.runs_needed or 0 for finding in open_)
    match found:
        case Verdict.REGRESSION:
            text = counted(len(open_), "regression")
        case Verdict.UNCERTAIN:
            text = f"no regression shown, {number(len(open_))} uncertain"
        case Verdict.NOT_ENOUGH_DATA:
            text = f"not enough data, {counted(needed, 'run')} of each are needed"
        case _:
            text = str(found)
    return f"{text} ({_tally(comparison.findings)})"


def _tally(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.verdict for finding in findings)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])


def _shown(comparison: Comparison, every: bool) -> tuple[list[Finding], list[Finding]]:
    """What a reader wants to see, and the rest."""
    if every or len(comparison.findings) <= _SHOWN_UNCHANGED:
        return list(comparison.findings), []
    moved = (Verdict.REGRESSION, Verdict.IMPROVEMENT, Verdict.CHANGED)
    shown = [finding for finding in comparison.findings if finding.verdict in moved]
    return shown, [finding for finding in comparison.findings if finding.verdict not in moved]


def _row(finding: Finding) -> list[str]:
    return [
        finding.name,
        _quantity(finding),
        _value(finding.metric, finding.before),
        _value(finding.metric, finding.after),
        _percent(finding.change_percent),
        _percent(finding.low_percent),
        _percent(finding.high_percent),
        _verdict(finding),
    ]


def _bold(finding: Finding, at: int) -> str:
    cell = _row(finding)[at].replace("|", "\\|")
    marked = finding.verdict is Verdict.REGRESSION and at in (0, 7)
    return f"**{cell}**" if marked else cell


def _quantity(finding: Finding) -> str:
    if not finding.detail:
        return str(finding.metric)
    return f"{finding.metric}, {finding.detail}"


def _verdict(finding: Finding) -> str:
    if finding.runs_needed is None:
        return str(finding.verdict)
    return f"{finding.verdict} (about {number(finding.runs_needed)} runs)"


def _value(metric: Metric, value: float) -> str:
    if metric in (Metric.TIME, Metric.TAIL):
        return duration(round(value))
    return number(value) if value >= 100 or value == int(value) else f"{value:.3g}"


def _percent(value: float | None) -> str:
    if value is None or math.isinf(value):
        return NOTHING
    return f"{value:+.2f} %" if abs(value) < 1000 else f"{value:+,.0f} %"


def _sentence(finding: Finding) -> str:
    interval = ""
    if finding.p is not None:
        low, high = _percent(finding.low_percent), _percent(finding.high_percent)
        interval = f" (95 %: {low} to {high}, p {finding.p:.2g})"
    return (
        f"{finding.name} {_quantity(finding)}: {_value(finding.metric, finding.before)} -> "
        f"{_value(finding.metric, finding.after)}, {_percent(finding.change_percent)}{interval}: "
        f"{_verdict(finding)}"
    )


def _finite(value: Any) -> Any:
    """JSON has no infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
