# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user sees, and what can still be read, when a process is killed in the middle of things.

A test class derives from KillContract and says how its host dies; it needs the fixture `address`
of a host that no other test uses.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import perfmon
from perfmon.cli.command import Status
from perfmon.recording.trace import open_trace
from perfmon.regressions.history import History
from tests.perfmon.relay.processes import PERFMON, ROOT

# Works on the host of the environment, a little at a time, until that is gone.
WORKS = """
import os, sys, time, perfmon
sys.stderr = open(os.devnull, "w")
with perfmon.connect(os.environ["PERFMON_HOST"]) as host:
    while host.workload.workload_memory(200, 1) == 200:
        time.sleep(0.01)
"""

# A command line, in a process that says when it is about to call.
CALLS = """
import sys
from perfmon.cli import build_parser, main
build_parser(["workload"])
print("calling", flush=True)
sys.exit(main(sys.argv[1:]))
"""


@contextmanager
def client(
    address: str, *arguments: str, program: tuple[str, ...] = PERFMON
) -> Iterator[subprocess.Popen[str]]:
    """A perfmon command in a process of its own."""
    with subprocess.Popen(
        [*program, "-H", address, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def call(address: str, milliseconds: int) -> Iterator[subprocess.Popen[str]]:
    """A command whose call is under way, and takes a while."""
    program = (sys.executable, "-c", CALLS)
    arguments = ("--timeout", "60", "workload", "sleep", str(milliseconds))
    with client(address, *arguments, program=program) as process:
        assert process.stdout.readline() == "calling\n"
        time.sleep(1.0)
        yield process


def end_of(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=30)
    assert "Traceback" not in err
    return process.returncode, out, err


def await_samples(trace: Path) -> None:
    deadline = time.monotonic() + 30
    while not any(stream.stat().st_size for stream in trace.glob("cpu*")):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def readable(trace: Path) -> int:
    """How many samples a trace holds: perfmon and babeltrace2 agree on it."""
    count = sum(1 for _ in open_trace(trace).samples())
    lines = subprocess.run(
        ["babeltrace2", trace], capture_output=True, text=True, timeout=60, check=False
    ).stdout
    assert len(lines.splitlines()) == count
    return count


class KillContract:
    """The host, or the way to it, is killed under a client."""

    DIED: str
    """What the last line on stderr says, as a regular expression."""

    @pytest.fixture
    def kill(self, address: str) -> Callable[[], None]:
        raise NotImplementedError

    def test_a_recording_holds_what_was_recorded_until_then(
        self, address: str, kill: Callable[[], None], tmp_path: Path
    ) -> None:
        trace = tmp_path / "trace"
        program = (sys.executable, "-c", WORKS)
        with client(address, "record", "-r", "0", "-o", str(trace), "--", *program) as process:
            await_samples(trace)
            kill()
            status, out, err = end_of(process)
        assert (status, out) == (Status.UNREACHABLE, "")
        assert f"{trace} holds what was recorded until now" in err
        assert re.search(self.DIED, err.splitlines()[-1]), err
        assert readable(trace) > 0

    def test_a_monitor_ends_and_says_why(self, address: str, kill: Callable[[], None]) -> None:
        with client(address, "monitor", "-i", "0.1") as process:
            assert process.stdout.readline().startswith(address)
            kill()
            status, _, err = end_of(process)
        assert status == Status.UNREACHABLE
        assert re.search(self.DIED, err.splitlines()[-1]), err

    def test_a_call_ends_and_says_why(self, address: str, kill: Callable[[], None]) -> None:
        with call(address, 50_000) as process:
            kill()
            begin = time.monotonic()
            status, out, err = end_of(process)
        assert time.monotonic() - begin < 15
        assert (status, out) == (Status.UNREACHABLE, "")
        assert re.search(self.DIED, err.splitlines()[-1]), err

    @pytest.mark.parametrize("what", ["baseline save", "history add"])
    def test_a_measurement_leaves_no_half_result(
        self, what: str, address: str, kill: Callable[[], None], tmp_path: Path
    ) -> None:
        files = {
            "baseline save": (str(tmp_path / "baseline.json"),),
            "history add": ("--db", str(tmp_path / "history.db"), "label"),
        }[what]
        measure = ("--workload", "memory:500:1", "--runs", "1000")
        with (
            perfmon.connect(address) as host,
            client(address, *what.split(), *files, *measure) as process,
        ):
            deadline = time.monotonic() + 60
            while not host.stats("VM_ALLOC").count:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            kill()
            status, out, err = end_of(process)
        assert (status, out) == (Status.UNREACHABLE, "")
        assert re.search(self.DIED, err.splitlines()[-1]), err
        assert list(tmp_path.glob("*.json")) == []
        assert History(tmp_path / "history.db").results() == []


class ClientKillContract:
    """perfmon itself is killed; the host does not mind."""

    def test_a_recording_is_readable_to_its_last_packet(self, address: str, tmp_path: Path) -> None:
        trace = tmp_path / "trace"
        with perfmon.connect(address) as host:
            host.disable()
            host.configure(sample_rate=0)
            host.enable()
            with client(address, "record", "-o", str(trace), "-d", "60") as process:
                deadline = time.monotonic() + 30
                while not (trace / "metadata").exists():
                    assert time.monotonic() < deadline
                    time.sleep(0.02)
                for _ in range(20):
                    host.workload.workload_memory(500, 1)
                await_samples(trace)
                process.send_signal(signal.SIGKILL)
                assert process.wait(timeout=30) == -signal.SIGKILL
            assert readable(trace) > 0
            assert host.interface().enabled
            host.disable()

    def test_a_monitor_leaves_the_host_to_others(self, address: str) -> None:
        with client(address, "monitor", "-i", "0.05") as process:
            process.stdout.readline()
            self._kill_and_look(process, address)

    def test_a_call_leaves_the_host_to_others(self, address: str) -> None:
        with call(address, 3000) as process:
            self._kill_and_look(process, address)

    def _kill_and_look(self, process: subprocess.Popen[str], address: str) -> None:
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=30) == -signal.SIGKILL
        with perfmon.connect(address, timeout=20) as host:
            assert host.interface().version == 1
            assert host.workload.workload_memory(3, 1) == 3
