# SPDX-License-Identifier: GPL-2.0-or-later
"""Targets that read kept results: baseline files and the history's database."""

import contextlib
import json
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.perfmon.regressions.made import counted, measurement, noisy

FILE, ROWS = 0, 1
"""A history's first byte: a database file as it is, or rows to put into a good one."""


def load_baseline() -> Callable[[bytes], None]:
    """Read a baseline, hold it against itself, and show the result in every form."""
    from perfmon.errors import PerfmonError
    from perfmon.regressions.compare import Settings, compare
    from perfmon.regressions.files import load, to_text
    from perfmon.regressions.render import Format, render

    file = Path(tempfile.mkdtemp(prefix="perfmon-fuzz-")) / "baseline.json"

    def read(data: bytes) -> None:
        file.write_bytes(data)
        try:
            found = load(file)
        except PerfmonError as error:
            assert str(file) in str(error), f"an error that does not name the file: {error}"
            return
        to_text(found)
        with contextlib.suppress(PerfmonError):
            comparison = compare(found, found, Settings())
            for form in Format:
                render(comparison, form, every=True)

    return read


def baseline_seeds() -> list[bytes]:
    """Small baselines: of times, and of instructions."""
    from perfmon.regressions.files import to_text

    made = (
        measurement(noisy(), runs=2),
        measurement(noisy(), runs=1, workload=""),
        counted({(2, "1"): 70}, {(2, "1"): 71}, counts={2: 50}),
    )
    return [b"{}", *(to_text(each).encode() for each in made)]


def load_history() -> Callable[[bytes], None]:
    """Open a history and do all that there is to do with it."""
    from perfmon.errors import PerfmonError
    from perfmon.regressions.history import History

    # In memory: SQLite waits for a disk at the end of each transaction.
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    directory = Path(tempfile.mkdtemp(prefix="perfmon-fuzz-", dir=memory))
    file = directory / "history.db"
    good = history_seeds()[0][1:]
    added = measurement(noisy(), runs=1)

    def read(data: bytes) -> None:
        for old in directory.iterdir():
            old.unlink()
        if data[:1] == bytes([ROWS]):
            file.write_bytes(good)
            _insert(file, data[1:])
        else:
            file.write_bytes(data[1:])
        history = History(file)
        try:
            for result in history.results():
                with contextlib.suppress(PerfmonError):
                    history.values(result.series, result.label)
                for line in history.lines(result.series):
                    line.changes()
            history.add("another", "label", added)
            history.remove("another", "label")
        except PerfmonError as error:
            assert str(file) in str(error), f"an error that does not name the file: {error}"

    return read


def _insert(file: Path, text: bytes) -> None:
    """Put rows into the tables, of whatever types."""
    try:
        rows = json.loads(text)
        with contextlib.closing(sqlite3.connect(file)) as database, database:
            for table, *row in rows:
                name = "result" if table else "value"
                places = ", ".join("?" * len(row))
                database.execute(f"insert or replace into {name} values ({places})", row)
    except (ValueError, TypeError, OverflowError, RecursionError, sqlite3.Error):
        return


def history_seeds() -> list[bytes]:
    """A small database, a new one, and rows."""
    from perfmon.regressions.history import History

    rows = [
        [1, 3, "default", "c", "2026", "memory:100:1", "{}", 1],
        *([0, 3, 2, "VM_ALLOC", "", metric, 1.5] for metric in ("time", "count", "rate")),
    ]
    with tempfile.TemporaryDirectory(prefix="perfmon-fuzz-") as name:
        file = Path(name) / "history.db"
        with contextlib.closing(sqlite3.connect(file)) as database:
            database.execute("pragma page_size = 512")
            database.execute("vacuum")
        history = History(file)
        for label in ("a", "b"):
            history.add("default", label, measurement(noisy(), runs=1, label=label))
        data = file.read_bytes()
    return [bytes([FILE]) + data, bytes([FILE]), bytes([ROWS]) + json.dumps(rows).encode()]
