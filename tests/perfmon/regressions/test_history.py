# SPDX-License-Identifier: GPL-2.0-or-later
"""History: the first bad label is named, spikes and noise are not, and the picture is one."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from perfmon.cli import main
from perfmon.regressions import files
from perfmon.regressions.changes import changes, steps
from perfmon.regressions.history import History, HistoryError
from tests.perfmon.regressions.made import counted, measurement, noisy


def series(length: int, step_at: int = 0, *, step: float = 1.05, seed: int = 1) -> list[float]:
    random = Random(seed)
    return [
        1000 * random.lognormvariate(0, 0.01) * (step if 0 < step_at <= at else 1)
        for at in range(length)
    ]


def test_a_step_is_found_where_it_is():
    (change,) = changes(series(40, 25))
    assert change.at in (24, 25, 26)
    assert 3 < change.percent < 7


def test_a_step_is_named_where_it_is_though_the_label_before_it_was_slow_by_chance():
    """Ranks cannot tell the eighth value, the highest of the low ones, from the high ones."""
    low = [100.3, 99.2, 100.1, 99.8, 100.4, 99.5, 100.0]
    high = [120.1, 119.7, 120.4, 119.9, 120.2, 120.0]
    (change,) = changes([*low, 100.9, *high])
    assert (change.at, change.before, change.after) == (8, 100.05, 120.05)


def test_spikes_on_either_side_of_a_step_do_not_move_it():
    low, high = [100.0 + n % 3 for n in range(20)], [120.0 + n % 3 for n in range(20)]
    low[17], high[3] = 180.0, 60.0
    assert [change.at for change in changes([*low, *high])] == [20]


def test_two_steps_are_two_changes():
    values = [v * (1.1 if at >= 30 else 1) for at, v in enumerate(series(45, 15, step=1.1))]
    assert [abs(change.at - at) <= 1 for change, at in zip(changes(values), (15, 30), strict=True)]


def test_noise_has_no_change_and_neither_has_a_spike():
    assert sum(bool(changes(series(25, seed=seed))) for seed in range(10)) == 0
    values = series(25)
    values[12] *= 3
    assert changes(values) == []


def test_a_series_too_short_for_a_change_has_none():
    assert changes([1.0, 1.0, 1.0, 9.0, 9.0, 9.0]) == []
    assert changes([]) == steps([]) == []


def test_what_does_not_scatter_changes_with_every_value():
    (change,) = steps([745, 745, 746])
    assert (change.at, change.before, change.after) == (2, 745, 746)


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "new" / "history.db")


def test_the_first_label_of_a_new_level_is_named(history: History):
    for at in range(24):
        alloc = 1000 if at < 14 else 1100
        made = measurement(noisy(alloc=alloc, noise=0.01), runs=5, seed=at)
        history.add("main", f"commit{at}", made)
    found = {
        (line.quantity.name, line.quantity.metric.value): [
            line.labels[change.at] for change in line.changes()
        ]
        for line in history.lines("main")
    }
    assert found["VM_ALLOC", "time"] == ["commit14"]
    assert found["VM_FREE", "time"] == found["VM_ALLOC", "count"] == []


def test_one_instruction_more_is_a_change_at_once(history: History):
    for label, cost in (("a", 745), ("b", 745), ("c", 746)):
        history.add("main", label, counted({(2, "4096 bytes"): cost}))
    (line,) = history.lines("main")
    assert [line.labels[change.at] for change in line.changes()] == ["c"]


def test_results_are_listed_shown_and_removed(history: History):
    history.add("main", "a", measurement(noisy()))
    history.add("other", "a", measurement(noisy(), workload=""))
    assert [(r.series, r.label, r.runs) for r in history.results()] == [
        ("main", "a", 20),
        ("other", "a", 20),
    ]
    assert {q.name for q, _ in history.values("main", "a")} == {"VM_ALLOC", "VM_FREE"}
    history.remove("main", "a")
    assert [r.series for r in history.results()] == ["other"]
    for missing in (history.remove, history.values):
        with pytest.raises(HistoryError, match="series main has no a"):
            missing("main", "a")


def test_a_series_is_of_one_workload_and_each_label_is_in_it_once(history: History):
    history.add("main", "a", measurement(noisy()))
    with pytest.raises(HistoryError, match="already"):
        history.add("main", "a", measurement(noisy()))
    with pytest.raises(HistoryError, match="another --series"):
        history.add("main", "b", measurement(noisy(), workload="tasks:1"))


def test_a_file_that_is_no_history_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("no database, only text, and enough of it to be looked at\n" * 9)
    with pytest.raises(HistoryError, match="file is not a database"):
        History(tmp_path / "file").results()


ONE = "event = 2 and metric = 'time'"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            f"update value set metric = 'colour' where {ONE}",
            "expected a quantity, found 'colour'",
        ),
        ("update value set value = 9e999", "expected a finite number, found 'inf'"),
        ("update value set value = 'many'", "expected a finite number, found 'many'"),
        (
            f"update value set event = 'two' where {ONE}",
            "expected a whole number, found 'two'",
        ),
        ("update result set runs = x'00'", "expected a whole number, found"),
        ("update result set workload = cast(x'ff' as text)", "decode"),
    ],
)
def test_values_of_another_kind_are_refused(change: str, said: str, tmp_path: Path):
    path = tmp_path / "history.db"
    history = History(path)
    for label in ("a", "b"):
        history.add("default", label, measurement(noisy(), runs=1))
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(change)
    with pytest.raises(HistoryError, match=rf"history\.db: .*{said}"):
        history.results()
        history.lines("default")


def test_the_commands_keep_show_and_draw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for at in range(18):
        made = measurement(noisy(alloc=1000 if at < 9 else 1200, noise=0.01), runs=5, seed=at)
        files.save(made, tmp_path / "made.json")
        assert main(["history", "add", f"v{at}", "--baseline", str(tmp_path / "made.json")]) == 0
    assert main(["history", "list"]) == 0
    assert main(["history", "show", "v3"]) == 0
    capsys.readouterr()
    assert main(["history", "changes", "-e", "VM_ALLOC", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {(each["first"], each["last_before"]) for each in found} == {("v9", "v8")}
    assert main(["history", "changes", "-e", "VM_FREE"]) == 0
    for suffix in ("svg", "png"):
        picture = tmp_path / f"alloc.{suffix}"
        assert main(["history", "plot", "-e", "VM_ALLOC", "-o", str(picture)]) == 0
        assert picture.read_bytes()[:5] in (b"<?xml", b"\x89PNG\r")
    assert picture.stat().st_size > 10_000
    assert main(["history", "plot", "-o", "alloc.pdf"]) == 2


@pytest.mark.parametrize(("labels", "said"), [(0, "0 results"), (1, "1 result"), (2, "2 results")])
def test_all_results_are_counted_where_nothing_changed(
    labels: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    database = ["--db", str(tmp_path / "history.db")]
    files.save(measurement(noisy()), tmp_path / "made.json")
    for label in range(labels):
        made = ["--baseline", str(tmp_path / "made.json")]
        assert main(["history", "add", f"v{label}", *made, *database]) == 0
    assert main(["history", "changes", *database]) == 0
    assert capsys.readouterr().out == f"no change of level in {said}\n"
