# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures as text: units, aligned columns, JSON.  Knows no host and prints nothing but JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final

NOTHING: Final = "-"
_UNITS: Final = ((10**9, "s"), (10**6, "ms"), (10**3, "us"))


def duration(ns: int | None) -> str:
    """A duration with three significant digits and its unit: 812 ns, 1.23 us; None: a dash."""
    if ns is None:
        return NOTHING
    for scale, unit in _UNITS:
        if ns >= scale:
            return f"{_three_digits(ns / scale)} {unit}"
    return f"{ns} ns"


def number(value: float) -> str:
    """A count with its thousands apart."""
    return f"{value:,.0f}"


def counted(count: int, noun: str) -> str:
    """A count with its noun: 1 CPU, 8 CPUs."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def rate(count: int, seconds: float) -> str:
    """Occurrences per second."""
    value = count / seconds if seconds > 0 else 0.0
    return number(value) if value >= 100 or value == 0 else f"{value:.3g}"


def frequency(hertz: int) -> str:
    """A frequency with its unit: 2.90 GHz."""
    for scale, unit in ((10**9, "GHz"), (10**6, "MHz"), (10**3, "kHz")):
        if hertz >= scale:
            return f"{_three_digits(hertz / scale)} {unit}"
    return f"{hertz} Hz"


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns; those whose title begins with `<` to the left, all others to the right."""
    shown = [[title.removeprefix("<") for title in titles], *rows]
    widths = [max(len(row[column]) for row in shown) for column in range(len(titles))]
    lines = (
        "  ".join(
            cell.ljust(width) if title.startswith("<") else cell.rjust(width)
            for cell, width, title in zip(row, widths, titles, strict=True)
        ).rstrip()
        for row in shown
    )
    return "\n".join(lines)


def print_json(value: object) -> None:
    """Print one value on one line, so that several make NDJSON."""
    print(json.dumps(value, default=_plain), flush=True)


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _three_digits(value: float) -> str:
    if value < 9.995:
        return f"{value:.2f}"
    return f"{value:.1f}" if value < 99.95 else f"{value:,.0f}"
