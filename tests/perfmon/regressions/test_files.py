# SPDX-License-Identifier: GPL-2.0-or-later
"""Baseline files: what is written is read again, and what cannot be read says why."""

import json
from pathlib import Path

import pytest

from perfmon.regressions import files
from perfmon.regressions.files import BaselineError, from_text, load, save, to_text
from perfmon.regressions.sources import measurement_named
from tests.perfmon.regressions.made import counted, measurement, noisy


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    "written", [measurement(noisy(1024.0, 2048.0, 0)), counted({(2, "x"): 7}, counts={2: 5})]
)
def test_what_is_written_is_read_again(written, tmp_path: Path):
    save(written, tmp_path / "new" / "file.json")
    assert load(tmp_path / "new" / "file.json") == written


def test_a_file_of_twenty_runs_is_small():
    assert len(to_text(measurement(noisy()))) < 20_000


def test_names_are_kept_and_found(kept: Path):
    made = measurement(noisy(noise=0))
    for name in ("v1.8", "after"):
        save(made, files.path_of(name))
    assert files.names() == ["after", "v1.8"]
    assert measurement_named("v1.8") == made
    with pytest.raises(BaselineError, match=r"v2: no baseline has this name.*kept: after, v1.8"):
        measurement_named("v2")


@pytest.mark.parametrize("name", ["", "../x", ".hidden", "a/b", "x" * 101])
def test_a_name_that_could_leave_the_directory_is_none(name: str):
    with pytest.raises(BaselineError, match="is no name"):
        files.path_of(name)


def changed(**fields: object) -> str:
    return json.dumps({**json.loads(to_text(measurement(noisy()))), **fields})


COUNTS = dict.fromkeys(("count", "errors", "waits", "timed", "total_ns"), 1)
RUN = {"elapsed_ns": 1, "events": {"2": {**COUNTS, "typical_ns": "RUN", "histogram": []}}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no JSON"),
        ("[]", 'no "format"'),
        (changed(format="other"), 'no "format"'),
        (changed(version=2), "expected version 1, found 2"),
        (changed(runs=[{}]), "missing or wrong: KeyError"),
        (changed(runs=7), "missing or wrong"),
        (changed(runs=[{"elapsed_ns": -1, "events": {}}]), "expected a whole number, found -1"),
        (changed(buckets_ns=[]), "missing or wrong"),
        (changed(environment={"cpus": "two"}), "cpus is 'two'"),
        (changed(runs=[RUN]).replace('"RUN"', "1e999"), "typical_ns is inf"),
        (changed(runs=[RUN]).replace('"RUN"', "NaN"), "typical_ns is nan"),
        (changed(runs=[{"elapsed_ns": 1 << 64, "events": {}}]), "expected a whole number"),
        (changed(names={"-1": "less than none"}), "expected a whole number"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_what_is_no_baseline_is_refused_with_a_reason(text: str, said: str, tmp_path: Path):
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(BaselineError, match=said) as error:
        load(path)
    assert str(path) in str(error.value)


def test_a_newer_environment_is_read_without_what_is_not_known():
    read = from_text(changed(environment={"colour": "blue", "cpus": 3}))
    assert read.environment.cpus == 3


def test_a_file_that_cannot_be_replaced_leaves_the_old_one(tmp_path: Path):
    path = tmp_path / "file.json"
    save(measurement(noisy(noise=0)), path)
    before = path.read_bytes()
    (tmp_path / "file.json.directory").mkdir()
    with pytest.raises(OSError, match="directory"):
        save(measurement(noisy()), tmp_path / "file.json.directory")
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file.json", "file.json.directory"]
