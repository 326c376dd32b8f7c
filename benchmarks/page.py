# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of docs/ that shows one run: its figures stand in a block that is made anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.figures import Figure, sections, table
from benchmarks.plots import draw

BEGIN, END = "<!-- make bench: begin -->", "<!-- make bench: end -->"


def write_page(page: Path, environment: Mapping[str, str], figures: Sequence[Figure]) -> None:
    """Put tables into the page's block, and plots into a directory of the page's name beside it.

    Raises:
        ValueError: the page has no such block.
    """
    text = page.read_text()
    if BEGIN not in text or END not in text:
        raise ValueError(f"{page}: expected lines {BEGIN} and {END}")
    directory = page.with_suffix("")
    directory.mkdir(exist_ok=True)
    for old in directory.glob("*.svg"):
        old.unlink()
    plots = draw(figures, directory)
    lines = [BEGIN, ""]
    lines += [f"{name}: {value}  " for name, value in environment.items()]
    for (section, chosen), plot in zip(sections(figures).items(), plots, strict=True):
        lines += ["", table(chosen).rstrip(), "", f"![{section}]({directory.name}/{plot.name})"]
    before, _, rest = text.partition(BEGIN)
    page.write_text(before + "\n".join([*lines, "", END]) + rest.partition(END)[2])
