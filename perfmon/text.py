# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures as text: units, aligned columns, small charts.  Knows no host and prints nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

NOTHING: Final = "-"
_UNITS: Final = ((10**9, "s"), (10**6, "ms"), (10**3, "us"))
_LEVELS: Final = " ▁▂▃▄▅▆▇█"
_EIGHTHS: Final[tuple[str, ...]] = ("", *"▏▎▍▌▋▊▉")


def duration(ns: int | None) -> str:
    """A duration with three significant digits and its unit: 812 ns, 1.23 us; None: a dash."""
    if ns is None:
        return NOTHING
    for scale, unit in _UNITS:
        if ns >= scale - scale // 2000:  # what is rounded to it, too
            return f"{_three_digits(ns / scale)} {unit}"
    return f"{ns} ns"


def number(value: float) -> str:
    """A count with its thousands apart."""
    return f"{value:,.0f}"


def counted(count: int, noun: str) -> str:
    """A count with its noun: 1 CPU, 8 CPUs."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def rate(count: float, seconds: float) -> str:
    """Occurrences per second."""
    value = count / seconds if seconds > 0 else 0.0
    return number(value) if value >= 100 or value == 0 else f"{value:.3g}"


def frequency(hertz: int) -> str:
    """A frequency with its unit: 2.90 GHz."""
    for scale, unit in ((10**9, "GHz"), (10**6, "MHz"), (10**3, "kHz")):
        if hertz >= scale - scale // 2000:
            return f"{_three_digits(hertz / scale)} {unit}"
    return f"{hertz} Hz"


@dataclass(frozen=True, slots=True)
class Medium:
    """What text is for.

    Attributes:
        width: characters of a line; None: as many as it takes.
        colour: whether it understands SGR sequences.
        blocks: whether it can show block characters.
    """

    width: int | None = None
    colour: bool = False
    blocks: bool = True


PLAIN: Final = Medium()


def table(
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    medium: Medium = PLAIN,
    *,
    expendable: Sequence[str] = (),
    alarming: Sequence[str] = (),
) -> str:
    """Aligned columns; those whose title begins with `<` to the left, all others to the right.

    Args:
        titles: one per column.
        rows: a cell per column each.
        medium: what it is for.
        expendable: titles of columns that are left out, in this order, where room is short.
        alarming: titles of columns whose figures stand out when they are not 0.
    """
    shown = [[title.removeprefix("<") for title in titles], *rows]
    widths = {column: max(len(row[column]) for row in shown) for column in range(len(titles))}
    for title in expendable:
        if medium.width is None or sum(widths.values()) + 2 * (len(widths) - 1) <= medium.width:
            break
        widths.pop(shown[0].index(title), None)
    lines = []
    for at, row in enumerate(shown):
        cells = []
        for column, width in widths.items():
            left = titles[column].startswith("<")
            cell = row[column].ljust(width) if left else row[column].rjust(width)
            if medium.colour and at == 0:
                cell = f"\x1b[1m{cell}\x1b[0m"
            elif medium.colour and titles[column] in alarming and row[column] not in ("0", NOTHING):
                cell = f"\x1b[31m{cell}\x1b[0m"
            cells.append(cell)
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def sparkline(values: Sequence[float], width: int, most: float | None = None) -> str:
    """The newest `width` values as a line of bars, newest last.

    Args:
        values: none below 0.
        width: characters; shorter series stand to the right.
        most: what a full bar means; default: the largest value shown.
    """
    shown = values[-width:] if width else ()
    most = max(shown, default=0.0) if most is None else most
    steps = len(_LEVELS) - 1
    # Whatever happened at all can be seen.
    levels = (
        min(steps, max(1, round(value / most * steps))) if value and most else 0 for value in shown
    )
    return "".join(_LEVELS[level] for level in levels).rjust(width)


def bar(value: float, most: float, width: int, medium: Medium = PLAIN) -> str:
    """A horizontal bar, in eighths of a character; never empty where `value` is not 0."""
    eighths = max(1, int(value / most * width * 8 + 0.5)) if value and most else 0
    if not medium.blocks:
        return "#" * -(-eighths // 8)
    whole, rest = divmod(eighths, 8)
    return _LEVELS[-1] * whole + _EIGHTHS[rest]


def _three_digits(value: float) -> str:
    if value < 9.995:
        return f"{value:.2f}"
    return f"{value:.1f}" if value < 99.95 else f"{value:,.0f}"
