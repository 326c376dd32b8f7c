# SPDX-License-Identifier: GPL-2.0-or-later
"""The columns of live tables: which fit a width, what they hold, how they sort.  Text only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from perfmon.live.figures import CpuFigures, EventFigures, TaskFigures
from perfmon.text import duration, number, rate, sparkline

GAP: Final = 1


class Look(Enum):
    """What a cell is, so that a view can colour it."""

    PLAIN = "plain"
    IDLE = "idle"
    HISTORY = "history"
    SLOW = "slow"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text, padded to its column."""

    text: str
    look: Look = Look.PLAIN


@dataclass(frozen=True, slots=True)
class EventColumn:
    """A column of the table of events.

    Attributes:
        sort: what events sort by; None for a column that they do not sort by.
        descending: whether the largest comes first.
    """

    title: str
    width: int
    text: Callable[[EventFigures, int], str]
    sort: Callable[[EventFigures], float | str] | None = None
    descending: bool = True
    look: Callable[[EventFigures, int], Look] = lambda _, __: Look.PLAIN
    left: bool = False

    def cell(self, figures: EventFigures, width: int, slow_ns: int) -> Cell:
        """An event's cell; a time above `slow_ns` looks slow, unless that is 0."""
        text = self.text(figures, width)
        return Cell(
            text.ljust(width) if self.left else text.rjust(width), self.look(figures, slow_ns)
        )


def _duration_column(title: str, of: Callable[[EventFigures], int | None]) -> EventColumn:
    def look(figures: EventFigures, slow_ns: int) -> Look:
        ns = of(figures)
        if ns is None:
            return Look.IDLE
        return Look.SLOW if 0 < slow_ns < ns else Look.PLAIN

    return EventColumn(
        title, 7, lambda figures, _: duration(of(figures)), lambda f: of(f) or 0, look=look
    )


def _rate_column(title: str, width: int, of: Callable[[EventFigures], float]) -> EventColumn:
    return EventColumn(
        title,
        width,
        lambda figures, _: rate(of(figures), 1),
        of,
        look=lambda figures, _: Look.PLAIN if of(figures) else Look.IDLE,
    )


EVENT: Final = EventColumn(
    "EVENT", 16, lambda figures, width: figures.name[:width], lambda f: f.event, descending=False,
    left=True,
)  # fmt: skip
RATE: Final = _rate_column("PER SEC", 8, lambda figures: figures.rate)
HISTORY: Final = EventColumn(
    "HISTORY", 8, lambda figures, width: sparkline(figures.history, width),
    look=lambda _, __: Look.HISTORY,
)  # fmt: skip
MEAN: Final = _duration_column("MEAN", lambda figures: figures.mean_ns)
P50: Final = _duration_column("P50", lambda figures: figures.p50_ns)
P90: Final = _duration_column("P90", lambda figures: figures.p90_ns)
P99: Final = _duration_column("P99", lambda figures: figures.p99_ns)
MAX: Final = _duration_column("MAX", lambda figures: figures.max_ns)
ERRORS: Final = EventColumn(
    "ERR/S", 6, lambda figures, _: rate(figures.errors, 1), lambda figures: figures.errors,
    look=lambda figures, _: Look.BAD if figures.errors else Look.IDLE,
)  # fmt: skip
WAITS: Final = _rate_column("WAITS/S", 8, lambda figures: figures.waits)
COUNT: Final = EventColumn(
    "COUNT", 14, lambda figures, _: number(figures.count), lambda figures: figures.count
)

# As they stand from left to right, and in which order they are given room.
SHOWN: Final = (EVENT, RATE, HISTORY, MEAN, P50, P90, P99, MAX, ERRORS, WAITS, COUNT)
_WANTED: Final = (EVENT, RATE, P99, HISTORY, MEAN, P50, P90, MAX, ERRORS, WAITS, COUNT)
SORTABLE: Final = tuple(column for column in SHOWN if column.sort)


def fitting(width: int) -> tuple[tuple[EventColumn, int], ...]:
    """The columns that fit, with their widths; the history takes what is left over, up to 60."""
    chosen: set[str] = set()
    left = width
    for column in _WANTED:
        if column.width + GAP > left:
            break
        chosen.add(column.title)
        left -= column.width + GAP
    return tuple(
        (column, min(column.width + left, 60) if column is HISTORY else column.width)
        for column in SHOWN
        if column.title in chosen
    )


def ordered(
    events: Iterable[EventFigures], column: EventColumn, *, reverse: bool = False
) -> list[EventFigures]:
    """Events sorted by a column; those that are equal in the order of their ids."""
    sort = column.sort or (lambda figures: figures.event)
    found = sorted(events, key=lambda figures: figures.event)
    return sorted(found, key=sort, reverse=column.descending is not reverse)


def matching(events: Iterable[EventFigures], text: str) -> list[EventFigures]:
    """Events whose names contain a text, in any case."""
    return [figures for figures in events if text.upper() in figures.name.upper()]


def cpu_rows(cpus: Sequence[CpuFigures], width: int) -> list[list[Cell]]:
    """Titles, then a row for each CPU that has seen an event: the account of its samples."""
    columns: tuple[tuple[str, int, Callable[[CpuFigures], float]], ...] = (
        ("EVENTS/S", 9, lambda cpu: cpu.events),
        ("WRITTEN", 9, lambda cpu: cpu.written),
        ("LIMITED", 9, lambda cpu: cpu.rate_limited),
        ("OVERWRITTEN", 11, lambda cpu: cpu.overwritten),
        ("REFUSED", 9, lambda cpu: cpu.refused),
    )
    fit = max(0, (width - 4) // 10)
    columns = columns if fit >= 5 and width >= 56 else (columns[0], columns[2], *columns[3:])[:fit]
    rows = [[Cell("CPU"), *(Cell(title.rjust(size)) for title, size, _ in columns)]]
    for cpu in cpus:
        if not cpu.total.events:
            continue
        cells = [
            Cell(rate(of(cpu), 1).rjust(size), _loss_look(title, of(cpu)))
            for title, size, of in columns
        ]
        rows.append([Cell(str(cpu.cpu).rjust(3)), *cells])
    return rows


def task_rows(tasks: Sequence[TaskFigures], width: int, text: str = "") -> list[list[Cell]]:
    """Titles, then a row for each task: its samples, its share, the event that it mostly has.

    Only of tasks whose name, or whose event's name, contains a text.
    """
    room = width - 3 * 7 - 5
    mostly = 16 if room >= 30 else 0
    name = max(8, min(32, room - mostly))
    titles = [Cell("TASK".rjust(5)), Cell("NAME".ljust(name))]
    titles += [Cell("SAMPLES/S"), Cell("SHARE".rjust(6))]
    rows = [titles + ([Cell("MOSTLY".ljust(mostly))] if mostly else [])]
    for task in tasks:
        if text.upper() not in f"{task.name}\0{task.mostly}".upper():
            continue
        row = [
            Cell(str(task.task).rjust(5)),
            Cell((task.name or "?")[:name].ljust(name)),
            Cell(rate(task.rate, 1).rjust(9)),
            Cell(f"{task.share:.1f} %".rjust(6)),
        ]
        rows.append(row + ([Cell(task.mostly[:mostly].ljust(mostly))] if mostly else []))
    return rows


def _loss_look(title: str, value: float) -> Look:
    if not value:
        return Look.IDLE
    return Look.BAD if title == "REFUSED" else Look.PLAIN
