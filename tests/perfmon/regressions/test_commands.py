# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands: the specification's workflow verbatim, baselines that are kept, verdicts for CI."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from perfmon.cli import main
from perfmon.regressions import files
from perfmon.regressions.compare import Settings, compare
from perfmon.regressions.render import Format, render
from tests.perfmon.regressions.made import counted, measurement, noisy

PERFMON = [sys.executable, "-m", "perfmon"]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            status = main(["-H", "embedded:", *arguments])
        except SystemExit as exit_:
            status = exit_.code
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def relayed(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An environment in which `perfmon` means one host, from command to command."""
    socket = tmp_path / "host"
    relay = subprocess.Popen([*PERFMON, "-H", "embedded:", "relay", "--unix", str(socket)])
    try:
        deadline = time.monotonic() + 30
        while not socket.exists():
            assert relay.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield {**os.environ, "PERFMON_HOST": f"unix:{socket}"}
    finally:
        relay.terminate()
        relay.wait(10)


# Each allocation takes 60 milliseconds, beside which is small what a busy machine adds.
@pytest.mark.parametrize(("later", "status"), [(78_000_000, 1), (60_000_000, 0)])
def test_the_specifications_workflow_verbatim(relayed: dict[str, str], later: int, status: int):
    def perfmon(*arguments: str) -> int:
        return subprocess.run([*PERFMON, *arguments], env=relayed, check=False).returncode

    def workload(nanoseconds: int) -> list[str]:
        return ["workload", "memory", "32", "--delay", f"VM_ALLOC={nanoseconds}"]

    assert perfmon("enable") == 0
    for _ in range(3):  # what else this machine does may begin between the two workloads
        assert perfmon(*workload(60_000_000)) == 0
        assert perfmon("baseline") == 0
        assert perfmon(*workload(later)) == 0
        found = perfmon("check-regression", "-e", "2", "-t", "20")
        if found == status:
            break
    assert found == status


def keep(**measurements: object) -> None:
    for name, made in measurements.items():
        files.save(made, files.path_of(name))


def test_a_baseline_is_saved_listed_shown_compared_and_deleted(run: Run):
    status, out, _ = run("baseline", "save", "v1", "--workload", "memory:5:1", "--runs", "3")
    assert (status, out) == (0, f"{files.path_of('v1')}: 3 runs of embedded:\n")
    assert run("baseline", "save", "v2", "--workload", "memory:5:1", "--runs", "3")[0] == 0
    assert [line.split()[0] for line in run("baseline", "list")[1].splitlines()[1:]] == ["v1", "v2"]
    shown = run("baseline", "show", "v1")[1]
    assert "accelerator       native" in shown
    assert "medians of 3 runs" in shown
    status, out, _ = run("compare", "v1", "v2")
    assert status == 2
    assert "not enough data" in out
    assert run("baseline", "delete", "v1")[0] == 0
    status, _, err = run("baseline", "delete", "v1")
    assert status == 2
    assert "kept: v2" in err


def test_a_baseline_grows_run_by_run(run: Run):
    for _ in range(3):
        assert run("enable")[0] == 0
        assert run("workload", "memory", "5")[0] == 0
        assert run("disable")[0] == 0
        assert run("baseline", "save", "mine", "--append")[0] == 0
    assert len(files.load(files.path_of("mine")).runs) == 3
    status, _, err = run("baseline", "save", "mine", "--append", "--workload", "memory:5:1")
    assert status == 2
    assert "--append: what is kept was made otherwise: the workloads differ" in err
    assert "--force" not in err


def test_a_check_against_a_baseline_repeats_its_workload(run: Run):
    assert run("baseline", "save", "v1", "--workload", "memory:5:1", "--runs", "9")[0] == 0
    status, out, _ = run(
        "check-regression", "--against", "v1", "-e", "VM_ALLOC", "-t", "100000", "--json"
    )
    found = json.loads(out)
    assert status == 0
    assert {f["name"] for f in found["findings"]} == {"VM_ALLOC"}
    assert {tuple(f["runs"]) for f in found["findings"]} == {(9, 9)}


def test_a_slower_baseline_ends_with_status_1_and_reports_in_every_form(run: Run, tmp_path: Path):
    keep(before=measurement(noisy(), label="before"))
    keep(after=measurement(noisy(alloc=1500), seed=1, label="after"))
    reports = [tmp_path / f"verdict.{suffix}" for suffix in ("txt", "md", "json", "xml")]
    options = [word for path in reports for word in ("--report", str(path))]
    status, out, _ = run("compare", "before", "after", *options)
    assert status == 1
    assert out.startswith("before -> after\n")
    assert "VM_ALLOC" in out
    text, markdown, value, junit = (path.read_text() for path in reports)
    assert text == out
    assert "| **VM_ALLOC** | time |" in markdown
    assert json.loads(value)["verdict"] == "regression"
    suite = ElementTree.fromstring(junit)
    failed = [case for case in suite.iter("testcase") if case.find("failure") is not None]
    assert int(suite.get("failures", "")) == len(failed) >= 1
    assert {case.get("classname") for case in failed} == {"perfmon.VM_ALLOC"}
    assert run("compare", "after", "before")[0] == 0


def test_a_report_is_in_utf_8_and_the_terminal_gets_what_it_can_show(tmp_path: Path):
    keep(before=measurement(noisy(), label="größer"), after=measurement(noisy(), label="kleiner"))
    report = tmp_path / "verdict.xml"
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [*PERFMON, "compare", "before", "after", "--report", str(report)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **ascii_only, "PYTHONIOENCODING": "ascii"},
    )
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.startswith("gr??er -> kleiner\n")
    assert "größer" in report.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("compare", "nothing", "before"), "no baseline has this name"),
        (("compare", "before", "embedded:"), "a host is compared with a host"),
        (("compare", "before", "before", "--runs", "3"), "are for hosts"),
        (("compare", "before", "before", "--report", "verdict.pdf"), "ends in .txt, .md"),
        (("compare", "before", "before", "--report", "no/where/v.md"), "there is no directory"),
        (("compare", "before", "before", "-e", "VM_ALOC"), "unknown event 'VM_ALOC'"),
        (("compare", "before", "before", "--alpha", "2"), "no probability"),
        (("compare", "before", "other"), "the workloads differ"),
        (("check-regression",), "which event?"),
        (("baseline", "save", "x", "--seconds", "1", "--passes", "2"), "not both"),
        (("baseline", "save", ".x"), "is no name for a baseline"),
        (("kernel", "compare", "none", "none", "--workload", "fly:1"), "no workload"),
        (("kernel", "compare", "none", "none", "--clock", "time", "--boots", "4"), "is a boot"),
        (("kernel", "compare", "none", "none"), "none"),
    ],
)
def test_a_mistake_is_told_in_one_line(arguments: tuple[str, ...], said: str, run: Run):
    keep(before=measurement(noisy()), other=measurement(noisy(), workload="tasks:1"))
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_hosts_are_compared_interleaved(run: Run):
    status, out, _ = run(
        "compare", "embedded:", "embedded:", "--runs", "2", "--passes", "1", "--workload",
        "memory:5:1", "--format", "markdown",
    )  # fmt: skip
    assert status == 2
    assert "interleaved runs, signed-rank test" in out


def test_json_has_no_infinity():
    found = compare(measurement(noisy(), runs=1), measurement(noisy(), runs=1), Settings())
    assert "Infinity" not in render(found, Format.JSON)
    json.loads(render(found, Format.JSON))


def test_text_leaves_out_what_did_not_move_unless_asked():
    kinds = {(2, f"{size} bytes"): size for size in range(20)}
    found = compare(counted(kinds), counted({**kinds, (2, "7 bytes"): 8}))
    assert render(found, Format.TEXT).count("\nVM_ALLOC") == 1
    assert "and 19 unchanged (--all shows them)" in render(found, Format.TEXT)
    assert render(found, Format.TEXT, every=True).count("\nVM_ALLOC") == 20


def test_where_nothing_moved_the_tally_stands_there_once():
    kinds = {(2, f"{size} bytes"): size for size in range(20)}
    found = compare(counted(kinds), counted(kinds))
    for form in (Format.TEXT, Format.MARKDOWN):
        assert render(found, form).count("20 unchanged") == 1
    assert "\n--all shows them\n" in render(found, Format.TEXT)


def test_a_trace_that_lacks_events_says_so_when_it_is_compared(run: Run, tmp_path: Path):
    trace = str(tmp_path / "trace")
    whole = str(tmp_path / "whole")
    work = ["--", *PERFMON, "workload", "memory", "300"]
    assert run("record", "-o", trace, "-r", "100", *work)[0] == 0
    assert run("record", "-o", whole, "-r", "0", *work)[0] == 0
    _, _, err = run("compare", trace, whole, "--force")
    assert re.fullmatch(
        rf"perfmon: {trace}: [\d,]+ events missing: its counts are of what was recorded\n", err
    )


def test_a_report_that_cannot_be_written_does_not_hide_the_verdict(run: Run, tmp_path: Path):
    keep(before=measurement(noisy()), after=measurement(noisy(alloc=1500)))
    (tmp_path / "full.md").symlink_to("/dev/full")
    status, out, err = run("compare", "before", "after", "--report", str(tmp_path / "full.md"))
    assert status == 2
    assert out.startswith("made -> made\n2 regressions")
    assert "No space left on device" in err
