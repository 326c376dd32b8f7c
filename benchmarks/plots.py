# SPDX-License-Identifier: GPL-2.0-or-later
"""A picture of each table of figures: bars with the quartiles, ours in colour, peers in grey."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Figure, sections

_OURS = "#2f6fab"
_PEERS = "#9aa5b1"
_LOGARITHMIC = 30  # greatest by least


def draw(figures: Sequence[Figure], directory: Path) -> list[Path]:
    """Write an SVG file for each section; returns them."""
    return [
        _draw_section(section, chosen, directory) for section, chosen in sections(figures).items()
    ]


def _draw_section(section: str, figures: Sequence[Figure], directory: Path) -> Path:
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    # The same figures give the same file.
    mpl.rcParams["svg.hashsalt"] = section
    mpl.rcParams["svg.fonttype"] = "none"
    labels = [f"{figure.subject}\n{figure.who}" for figure in figures]
    medians = [figure.median for figure in figures]
    errors = [
        [figure.median - figure.spread[0] for figure in figures],
        [figure.spread[1] - figure.median for figure in figures],
    ]
    colours = [_OURS if figure.who.startswith(("perfmon", "mig")) else _PEERS for figure in figures]
    figure, axes = pyplot.subplots(figsize=(9, 0.8 + 0.55 * len(figures)))
    bars = axes.barh(labels, medians, xerr=errors, color=colours, ecolor="#555555", height=0.7)
    axes.bar_label(bars, labels=[f" {median:,.3g}" for median in medians], fontsize=8)
    axes.invert_yaxis()
    axes.set_title(section, fontsize=10)
    units = sorted({figure.unit for figure in figures})
    positive = [median for median in medians if median > 0]
    if positive and max(positive) > _LOGARITHMIC * min(positive):
        axes.set_xscale("log")
        units.append("logarithmic")
    axes.set_xlabel(", ".join(units), fontsize=8)
    axes.margins(x=0.12)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    path = directory / f"{_slug(section)}.svg"
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)
    return path


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
