# SPDX-License-Identifier: GPL-2.0-or-later
"""The command record, around other commands too."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import perfmon
from perfmon import Event, Host
from perfmon.cli import main
from perfmon.recording.trace import open_trace

WORKLOAD = (sys.executable, "-m", "perfmon", "workload")


@pytest.fixture
def host() -> Iterator[Host]:
    """The host that the command records, since it lives in this process."""
    with perfmon.connect("embedded:") as host:
        host.disable()
        host.configure(sample_rate=1000, buffer_size=8192)
        host.set_events(range(12))
        host.reset()
        yield host
        host.disable()


@pytest.fixture
def record(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    def record(*arguments: str) -> tuple[int, str, str]:
        status = main(["-H", "embedded:", "record", "-o", str(tmp_path / "trace"), *arguments])
        captured = capfd.readouterr()
        return status, captured.out, captured.err

    return record


def events(directory: Path) -> list[int]:
    return [sample.event for sample in open_trace(directory / "trace").samples()]


def test_what_a_command_does_on_the_host_is_recorded(host: Host, record, tmp_path: Path) -> None:
    status, out, err = record(
        "-r", "0", "-e", "VM_ALLOC,3", "--json", "--", *WORKLOAD, "memory", "700"
    )
    assert status == 0, err
    assert "on for the time of this recording" in err
    done, result = out.splitlines()
    assert done.startswith("memory: 700 done")
    recording = json.loads(result)
    found = events(tmp_path)
    assert set(found) == {Event.VM_ALLOC, Event.VM_FREE}
    assert found.count(Event.VM_ALLOC) >= 700
    assert sum(cpu["recorded"] for cpu in recording["cpus"]) == len(found)
    assert sum(cpu["lost"] + cpu["unsampled"] for cpu in recording["cpus"]) == 0


@pytest.mark.parametrize("enabled", [False, True])
def test_the_host_is_left_as_it_was(host: Host, record, enabled: bool) -> None:
    if enabled:
        host.enable()
    before = host.configuration()
    assert record("-r", "0", "-e", "SYSCALL", "-d", "0.01")[0] == 0
    after = host.configuration()
    assert (after.sample_rate, after.event_mask) == (before.sample_rate, before.event_mask)
    assert host.interface().enabled is enabled


def test_recording_what_was_leaves_monitoring_off(host: Host, record) -> None:
    host.enable()
    host.workload.workload_memory(50, 1)
    host.disable()
    requests = host.stats("VM_ALLOC").count
    status, out, err = record("--include-past", "-d", "0.01")
    assert (status, err) == (0, "")
    assert not out.startswith("0 samples")
    assert host.stats("VM_ALLOC").count == requests


def test_the_status_of_the_command_is_that_of_record(host: Host, record) -> None:
    status, out, err = record("--", sys.executable, "-c", "raise SystemExit(7)")
    assert status == 7
    assert "samples of" in out
    assert err.endswith("ended with status 7\n")


def test_a_command_that_a_signal_ends_is_told_as_a_shell_does(host: Host, record) -> None:
    script = "import os; os.kill(os.getpid(), 9)"
    status, _, err = record("--", sys.executable, "-c", script)
    assert status == 137
    assert err.endswith("ended by signal 9\n")


def test_a_duration_ends_the_recording_before_the_command(host: Host, record) -> None:
    status, _, _ = record("-d", "0.05", "--", sys.executable, "-c", "import time; time.sleep(0.5)")
    assert status == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--", "no-such-command"), "no-such-command: no such command"),
        (("--include-past", "-r", "0"), "would clear what the buffers hold"),
        (("-e", "NO_SUCH"), "unknown event 'NO_SUCH'"),
        (("-r", "7"), "rate 100-5000"),
    ],
    ids=str,
)
def test_a_mistake_leaves_neither_a_trace_nor_a_change(
    host: Host, record, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    before = host.configuration()
    status, out, err = record(*arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert not (tmp_path / "trace").exists()
    assert host.configuration().event_mask == before.event_mask
    assert not host.interface().enabled


@pytest.mark.parametrize(("size", "advice"), [(1024, True), (32768, False)])
def test_where_a_ring_was_overwritten_a_larger_one_is_advised_if_there_is_one(
    host: Host, record, monkeypatch: pytest.MonkeyPatch, size: int, advice: bool
) -> None:
    """The reader is held up until one call has filled every ring."""
    host.configure(sample_rate=0, buffer_size=size)
    monkeypatch.setattr("perfmon.recording.recorder._INTERVAL", 5.0)
    program = (*WORKLOAD, "memory", "20000")
    _, out, err = record("-d", "4", "--", *program)
    assert "missing: 0 overwritten" not in out
    assert ("larger buffers lose less: `perfmon configure -b 32768`" in err) is advice
