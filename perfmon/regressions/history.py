# SPDX-License-Identifier: GPL-2.0-or-later
"""Results per commit or label, in SQLite: what was measured, in the order in which it was added.

A result keeps one value for each quantity, the median over its runs; baseline files keep the runs.
Needs Python's sqlite3 module, which some systems package apart.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from perfmon.errors import PerfmonError
from perfmon.events import event_name
from perfmon.regressions.changes import Change, changes, steps
from perfmon.regressions.findings import Metric
from perfmon.regressions.measurement import Measurement

if TYPE_CHECKING:
    from sqlite3 import Connection

DEFAULT_SERIES: Final = "default"
_VERSION: Final = 1
_LEAST_PERCENT: Final = 2.0
_TAIL_EVENTS: Final = 100
_SCHEMA: Final = f"""
begin immediate;
create table if not exists result (
    id integer primary key,
    series text not null,
    label text not null,
    created text not null,
    workload text not null,
    environment text not null,
    runs integer not null,
    unique (series, label)
);
create table if not exists value (
    result integer not null references result on delete cascade,
    event integer not null,
    name text not null,
    detail text not null,
    metric text not null,
    value real not null,
    primary key (result, event, detail, metric)
) without rowid;
pragma user_version = {_VERSION};
commit;
"""


_RESULT: Final = (str, str, str, str, int)
_VALUE: Final = (int, str, str, str, float)
_TYPE_NAMES: Final = {str: "a text", int: "a whole number", float: "a finite number"}


class HistoryError(PerfmonError):
    """The history cannot be read, or has no such result."""


@dataclass(frozen=True, slots=True)
class Result:
    """One entry.

    Attributes:
        series: results of one series are compared with each other.
        label: a commit, a version: what the first bad one is called.
        runs: that were measured.
    """

    series: str
    label: str
    created: str
    workload: str
    runs: int


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a line of a plot shows; detail says which calls of the event, empty: all."""

    event: int
    name: str
    detail: str
    metric: Metric


@dataclass(frozen=True, slots=True)
class Line:
    """The values of one quantity, label by label."""

    quantity: Quantity
    labels: tuple[str, ...]
    values: tuple[float, ...]

    def changes(self) -> list[Change]:
        """Its changes of level, by at least 2 %; instructions do not scatter: every change."""
        if self.quantity.metric is Metric.INSTRUCTIONS:
            return steps(self.values)
        return [each for each in changes(self.values) if abs(each.percent) >= _LEAST_PERCENT]


def default_path() -> Path:
    """`$XDG_DATA_HOME/perfmon/history.db`, or in `~/.local/share`."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "perfmon" / "history.db"


class History:
    """A file of results; each call opens it and leaves it whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, series: str, label: str, measurement: Measurement) -> None:
        """Add a result behind all others of its series.

        Raises:
            HistoryError: the label is there already, or the series is of another workload.
        """
        with self._open() as database:
            known = database.execute(
                "select label, workload from result where series = ?", (series,)
            ).fetchall()
            if any(each == label for each, _ in known):
                raise HistoryError(f"{label} is in series {series} already")
            if known and known[-1][1] != measurement.workload:
                raise HistoryError(
                    f"series {series} is of workload {known[-1][1] or '(windows)'}, this is of "
                    f"{measurement.workload or '(windows)'}: another --series keeps it apart"
                )
            result = database.execute(
                "insert into result values (null, ?, ?, ?, ?, ?, ?)",
                (
                    *(series, label, measurement.created, measurement.workload),
                    *(json.dumps(asdict(measurement.environment)), len(measurement.runs)),
                ),
            ).lastrowid
            database.executemany(
                "insert into value values (?, ?, ?, ?, ?, ?)",
                [
                    (result, q.event, q.name, q.detail, q.metric.value, value)
                    for q, value in _values(measurement)
                ],
            )

    def remove(self, series: str, label: str) -> None:
        """Remove a result.

        Raises:
            HistoryError: there is none.
        """
        with self._open() as database:
            done = database.execute(
                "delete from result where series = ? and label = ?", (series, label)
            )
            if not done.rowcount:
                raise HistoryError(f"series {series} has no {label}")

    def results(self, series: str | None = None) -> list[Result]:
        """All results, or those of one series, in order."""
        with self._open() as database:
            rows = database.execute(
                "select series, label, created, workload, runs from result "
                "where ?1 is null or series = ?1 order by id",
                (series,),
            )
            return [Result(*self._checked(row, _RESULT)) for row in rows]

    def values(self, series: str, label: str) -> list[tuple[Quantity, float]]:
        """The values of one result.

        Raises:
            HistoryError: there is none.
        """
        with self._open() as database:
            found = database.execute(
                "select event, name, detail, metric, value from value join result on id = result "
                "where series = ? and label = ? order by event, metric, detail",
                (series, label),
            ).fetchall()
        if not found:
            raise HistoryError(f"series {series} has no {label}")
        return [(self._quantity(row), row[-1]) for row in found]

    def lines(self, series: str, event: int | None = None) -> list[Line]:
        """Every quantity of a series with at least two values; of all events, or of one."""
        with self._open() as database:
            rows = database.execute(
                "select event, name, detail, metric, value, label "
                "from value join result on id = result "
                "where series = ?1 and (?2 is null or event = ?2) "
                "order by event, metric, detail, id",
                (series, event),
            ).fetchall()
        found: dict[Quantity, list[tuple[str, float]]] = {}
        for *row, label in rows:
            found.setdefault(self._quantity(row), []).append((str(label), row[-1]))
        return [
            Line(quantity, *zip(*points, strict=True))
            for quantity, points in found.items()
            if len(points) > 1
        ]

    def _quantity(self, row: Sequence[Any]) -> Quantity:
        event, name, detail, metric, _ = self._checked(row, _VALUE)
        if metric not in set(Metric):
            raise HistoryError(f"{self._path}: expected a quantity, found {metric!r}")
        return Quantity(event, name, detail, Metric(metric))

    def _checked(self, row: Sequence[Any], types: Sequence[type]) -> Sequence[Any]:
        """A row as it should be: SQLite keeps a value of any type in any column."""
        for value, expected in zip(row, types, strict=True):
            if type(value) is not expected or (isinstance(value, float) and not isfinite(value)):
                raise HistoryError(
                    f"{self._path}: expected {_TYPE_NAMES[expected]}, found {str(value)[:40]!r}"
                )
        return row

    @contextmanager
    def _open(self) -> Iterator[Connection]:
        try:
            import sqlite3
        except ImportError as error:
            raise HistoryError(
                f"history needs Python's sqlite3 module, which is not installed ({error})"
            ) from None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path)) as database, database:
                database.execute("pragma foreign_keys = on")
                (version,) = database.execute("pragma user_version").fetchone()
                if version == 0:
                    database.executescript(_SCHEMA)
                elif version != _VERSION:
                    raise HistoryError(
                        f"{self._path}: expected version {_VERSION}, found {version}"
                    )
                yield database
        except (sqlite3.Error, UnicodeDecodeError, MemoryError) as error:
            # The last is what SQLite makes of a damaged length.
            raise HistoryError(f"{self._path}: {error or 'a damaged database'}") from None


def _values(measurement: Measurement) -> Iterator[tuple[Quantity, float]]:
    runs = measurement.runs
    exact = measurement.environment.counts_instructions
    for event in sorted({event for run in runs for event in run.events}):
        name = event_name(event, measurement.names)
        found = [run.events[event] for run in runs if event in run.events]
        if measurement.fixed_work and not exact:
            yield Quantity(event, name, "", Metric.COUNT), median(each.count for each in found)
        timed = [each for each in found if each.timed]
        if timed and not exact:
            typical = median(each.typical_ns for each in timed)
            yield Quantity(event, name, "", Metric.TIME), typical
            if median(each.timed for each in timed) >= _TAIL_EVENTS:
                tail = median(each.percentile_ns(99) for each in timed)
                yield Quantity(event, name, "", Metric.TAIL), tail
    for event, detail, typical in _costs(measurement):
        name = event_name(event, measurement.names)
        yield Quantity(event, name, detail, Metric.INSTRUCTIONS), typical


def _costs(measurement: Measurement) -> Iterator[tuple[int, str, float]]:
    from perfmon.regressions.exact import CALLS_LEAST

    found: dict[tuple[int, str], list[int]] = {}
    for run in measurement.runs:
        for cost in run.costs:
            if cost.calls >= CALLS_LEAST:
                found.setdefault((cost.event, cost.detail), []).append(cost.typical)
    for (event, detail), typical in sorted(found.items()):
        if len(typical) == len(measurement.runs):
            yield event, detail, median(typical)
