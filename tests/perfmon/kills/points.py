# SPDX-License-Identifier: GPL-2.0-or-later
"""Kills a command at its n-th step, for each n, and looks at what is left of its files.

A step is a call, made by perfmon's own code, of something that opens or changes files; the process
is killed right before it, so for the next step right behind it.  In a process of its own, which has
no threads before it forks:

    python -m tests.perfmon.kills.points CASE DIRECTORY

Prints how many steps there were.
"""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import perfmon
from perfmon.cli import main
from perfmon.reader import Start
from perfmon.recording.recorder import record
from perfmon.recording.trace import TraceError, open_trace
from perfmon.regressions import files
from perfmon.regressions.history import History
from tests.perfmon.regressions.made import measurement, noisy

STEPS = frozenset(
    [
        "close",
        "commit",
        "execute",
        "executemany",
        "executescript",
        "mkdir",
        "open",
        "rename",
        "replace",
        "truncate",
        "unlink",
        "write",
        "writelines",
        "writev",
        "rollback",
        "rmdir",
    ]
)
_OWN = str(Path(__file__).parents[3] / "perfmon")
_MOST_FRAMES_BETWEEN = 3


@dataclass(frozen=True)
class Case:
    """What is done, what it finds, and what has to be true whenever it is killed."""

    run: Callable[[Path], int]
    prepare: Callable[[Path], None]
    check: Callable[[Path], None]


def _save_old(directory: Path) -> None:
    files.save(measurement(noisy(), label="old"), directory / "kept.json")
    files.save(measurement(noisy(), label="new"), directory / "new.json")


def _check_baseline(directory: Path) -> None:
    found = files.load(directory / "kept.json")
    assert found.label == "old" or found.runs[0].events, found


def _check_new_baseline(directory: Path) -> None:
    path = directory / "fresh.json"
    if path.exists():
        assert len(files.load(path).runs) == 1


def _add_old(directory: Path) -> None:
    _save_old(directory)
    History(directory / "history.db").add("default", "old", measurement(noisy()))


def _check_history(directory: Path) -> None:
    """The old result is whole, the new one whole or not there; adding goes on."""
    db = directory / "history.db"
    history = History(db)
    labels = [result.label for result in history.results()]
    assert labels in (["old"], ["old", "new"], [], ["new"]), labels
    values = [len(history.values("default", label)) for label in labels]
    assert len(set(values)) <= 1, values
    history.add("default", "next", measurement(noisy()))
    with contextlib.closing(sqlite3.connect(db)) as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)


_SEEN: set[tuple[tuple[str, int], ...]] = set()
"""What traces have been looked at, by their files' sizes: babeltrace2 is slow to start."""


def _check_trace(directory: Path) -> None:
    """It is read as far as it goes, or says that there is none."""
    trace = directory / "trace"
    try:
        opened = open_trace(trace)
    except TraceError as error:
        assert str(trace) in str(error)
        return
    count = sum(1 for _ in opened.samples())
    assert sum(map(opened.cut_off, opened.streams)) == 0
    state = tuple(sorted((path.name, path.stat().st_size) for path in trace.iterdir()))
    if state in _SEEN:
        return
    _SEEN.add(state)
    read = subprocess.run(["babeltrace2", trace], capture_output=True, text=True, check=False)
    assert len(read.stdout.splitlines()) == count, read.stderr


def _record(directory: Path) -> int:
    with perfmon.connect("embedded:") as host:
        host.configure(sample_rate=0)
        host.enable()
        host.workload.workload_memory(20, 1)
        record(host, directory / "trace", 0, start=Start.OLDEST)
    return 0


def _record_something(directory: Path) -> None:
    child = os.fork()
    if not child:
        os._exit(_record(directory))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _check_export(directory: Path) -> None:
    output = directory / "exported.csv"
    if output.exists():
        rows = len(output.read_text().splitlines()) - 1
        assert rows == sum(1 for _ in open_trace(directory / "trace").samples())


def _nothing(directory: Path) -> None:
    del directory


def _save(directory: Path, name: str) -> int:
    measured = ("--workload", "memory:5:1", "--runs", "1")
    return main(["-H", "embedded:", "baseline", "save", str(directory / name), *measured])


def _add(directory: Path) -> int:
    db, baseline = directory / "history.db", directory / "new.json"
    return main(["history", "add", "--db", str(db), "--baseline", str(baseline), "new"])


def _export(directory: Path) -> int:
    output = directory / "exported.csv"
    return main(["export", str(directory / "trace"), "-f", "csv", "-o", str(output)])


CASES = {
    "baseline save": Case(lambda d: _save(d, "fresh.json"), _nothing, _check_new_baseline),
    "baseline save over": Case(lambda d: _save(d, "kept.json"), _save_old, _check_baseline),
    "history add": Case(_add, _add_old, _check_history),
    "history add to none": Case(_add, _save_old, _check_history),
    "record": Case(_record, _nothing, _check_trace),
    "export": Case(_export, _record_something, _check_export),
}


class _Killer:
    """A profiler that ends the process at a step."""

    def __init__(self, step: int) -> None:
        self.left = step

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event != "c_call" or argument.__name__ not in STEPS:
            return
        if isinstance(getattr(argument, "__self__", None), str):  # str.replace
            return
        caller: FrameType | None = frame
        for _ in range(1 + _MOST_FRAMES_BETWEEN):  # pathlib's and contextlib's
            if caller and caller.f_code.co_filename.startswith(_OWN):
                if not self.left:
                    os.kill(os.getpid(), signal.SIGKILL)
                self.left -= 1
                return
            caller = caller and caller.f_back


def _killed_at(step: int, case: Case, directory: Path) -> bool:
    """Do it in a child; was that killed, or did it end in good order before?"""
    child = os.fork()
    if not child:
        sys.setprofile(_Killer(step))
        status = case.run(directory)
        sys.setprofile(None)
        os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.waitstatus_to_exitcode(status) == 0, f"step {step}"
    return False


def run(case: Case, directory: Path) -> int:
    """Kill at every step; how many there were."""
    killed, step = True, -1
    while killed:
        step += 1
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        case.prepare(directory)
        killed = _killed_at(step, case, directory)
        try:
            case.check(directory)
        except BaseException:
            print(f"killed at step {step}: {sorted(directory.iterdir())}", file=sys.stderr)
            raise
    return step


if __name__ == "__main__":
    print(run(CASES[sys.argv[1]], Path(sys.argv[2])))
