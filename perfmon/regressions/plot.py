# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines of a history as a picture, SVG or PNG.  Needs the extra `perfmon[analysis]`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from perfmon.errors import MissingExtraError
from perfmon.regressions.findings import Metric
from perfmon.regressions.history import Line

_UNITS: Final = {
    Metric.TIME: "time, ns",
    Metric.TAIL: "p99, ns",
    Metric.COUNT: "count",
    Metric.INSTRUCTIONS: "instructions",
}
_LABELS_MOST: Final = 30


def plot(lines: Sequence[Line], title: str, path: Path) -> None:
    """Draw a panel for each line, with its changes marked; the suffix decides the form.

    Raises:
        MissingExtraError: matplotlib is not installed.
        OSError: the file cannot be written.
        ValueError: there is no line, or the suffix is of no form.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("analysis", "matplotlib", "history plot") from error
    if not lines:
        raise ValueError("expected at least one line to draw")
    figure = Figure(figsize=(10, 2.2 * len(lines) + 1), layout="constrained")
    figure.suptitle(title)
    panels = figure.subplots(len(lines), 1, squeeze=False)[:, 0]
    for panel, line in zip(panels, lines, strict=True):
        quantity = line.quantity
        panel.plot(range(len(line.values)), line.values, marker="o", markersize=3, linewidth=1)
        panel.set_title(" ".join(filter(None, (quantity.name, quantity.detail))), fontsize=10)
        panel.set_ylabel(_UNITS[quantity.metric])
        panel.margins(y=0.25)
        for change in line.changes():
            colour = "tab:red" if change.after > change.before else "tab:green"
            panel.axvline(change.at - 0.5, color=colour, linewidth=1, linestyle="--")
            panel.annotate(
                f"{line.labels[change.at]}: {change.percent:+.1f} %",
                (change.at - 0.5, panel.get_ylim()[1]),
                xytext=(3, -3),
                textcoords="offset points",
                va="top",
                fontsize=8,
                color=colour,
            )
        step = -(-len(line.labels) // _LABELS_MOST)
        at = range(0, len(line.labels), step)
        panel.set_xticks(list(at), [line.labels[i] for i in at], rotation=45, ha="right")
        panel.tick_params(axis="x", labelsize=7)
    figure.savefig(path)
