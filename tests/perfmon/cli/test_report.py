# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands on recordings: what they print of one, whole or cut off."""

import json
from pathlib import Path

import pytest

import perfmon
from perfmon import Start
from perfmon.cli import main
from perfmon.recording.recorder import record


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("recorded") / "trace"
    with perfmon.connect("embedded:") as host:
        host.disable()
        host.configure(sample_rate=0, buffer_size=8192)
        host.set_events(range(12))
        host.reset()
        host.enable()
        host.workload.workload_memory(300, 2)
        host.disable()
        record(host, directory, 0.0, start=Start.OLDEST)
    return directory


def test_the_figures_are_those_of_the_host(trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(trace), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    with perfmon.connect("embedded:") as host:
        for event in report["events"]:
            stats = host.stats(event["event"])
            assert event["count"] == stats.count
            assert event["timed"] == stats.timed
            assert event["max_ns"] == pytest.approx(stats.max_ns, abs=2)
            assert event["mean_ns"] == pytest.approx(stats.mean_ns, rel=0.01)
    assert {event["name"] for event in report["events"]} >= {"VM_ALLOC", "VM_FREE"}


def test_a_table_an_owner_list_a_histogram_and_the_loss(
    trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(trace), "-e", "vm_alloc", "--top", "1"]) == 0
    out = capsys.readouterr().out
    assert "of embedded:, " in out.splitlines()[0]
    assert out.splitlines()[2].split()[:3] == ["ID", "EVENT", "COUNT"]
    assert "\nTASK  " in out
    assert "\nTHREAD  " in out
    assert "others" in out
    assert "missing: 0 events" in out
    assert "████" in out.partition("\nVM_ALLOC\n")[2]


def test_tasks_have_the_names_that_the_host_gave_them(
    trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with perfmon.connect("embedded:") as host:
        (name, *_) = [task.name for task in host.names(perfmon.NameKind.TASKS) if task.name]
    assert main(["report", str(trace)]) == 0
    assert f"  {name}  " in capsys.readouterr().out


def test_a_page_is_written_whole_and_said_where(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(trace), "--html", str(tmp_path / "page.html")]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"{tmp_path / 'page.html'}: " in captured.err
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    assert main(["report", str(trace), "--html", str(tmp_path / "no" / "page.html")]) == 2


def test_a_trace_that_was_cut_off_says_so(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "metadata").write_bytes((trace / "metadata").read_bytes())
    stream = max(trace.glob("cpu*"), key=lambda path: path.stat().st_size)
    (tmp_path / "cpu0").write_bytes(stream.read_bytes()[:-7])
    assert main(["report", str(tmp_path)]) == 0
    assert "was cut off: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such-directory"], "found no file named metadata"),
        (["TRACE", "-e", "VM_ALOC"], "unknown event 'VM_ALOC'"),
        (["TRACE", "-e", "DISK"], "unknown event 'DISK'"),
        (["TRACE", "-e", "DISK"], "12 PROFILE\n"),
        (["TRACE", "-e", "63"], "EVENT_63: no durations in "),
    ],
)
def test_a_mistake_is_one_message_and_status_2(
    trace: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", *(str(trace) if word == "TRACE" else word for word in arguments)]) == 2
    assert message in capsys.readouterr().err
