# SPDX-License-Identifier: GPL-2.0-or-later
"""The transport ssh: against a real ssh server, and what is said when something is missing."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import perfmon
from perfmon import errors
from tests.perfmon.relay.processes import ENVIRONMENT, PERFMON, ssh_server


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ssh")


@pytest.fixture(scope="module")
def command(directory: Path) -> Iterator[str]:
    with ssh_server(directory, "embedded:") as command:
        yield command


@pytest.fixture
def ssh(command: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PERFMON_SSH", command)
    return "ssh:127.0.0.1"


def test_a_host_there_is_a_host(ssh: str) -> None:
    with perfmon.connect(ssh) as host:
        host.enable()
        assert host.workload.workload_memory(100, 1) == 100
        assert host.stats("VM_ALLOC").count >= 100
        assert host.address == ssh


def test_closing_ends_ssh(ssh: str) -> None:
    host = perfmon.connect(ssh)
    process = host.transport._ssh
    host.close()
    assert process.returncode is not None
    with pytest.raises(errors.PeerDied):
        host.interface()


def test_ssh_killed_during_a_call_is_noticed_at_once(ssh: str) -> None:
    with perfmon.connect(ssh, timeout=60) as host:
        host.transport._ssh.kill()
        begin = time.monotonic()
        with pytest.raises(errors.PeerDied, match=r"ssh:127\.0\.0\.1 workload_sleep: "):
            host.workload.workload_sleep(30_000)
        assert time.monotonic() - begin < 5


def test_a_machine_without_perfmon_is_told_apart(ssh: str, directory: Path) -> None:
    program = directory / "bin" / "perfmon"
    program.rename(program.with_name("elsewhere"))
    try:
        with pytest.raises(errors.ConnectError, match="expected `perfmon relay --stdio` to run"):
            perfmon.connect(ssh)
    finally:
        program.with_name("elsewhere").rename(program)


def test_a_host_that_the_other_machine_cannot_reach_is_named(ssh: str, directory: Path) -> None:
    program = directory / "bin" / "perfmon"
    good = program.read_text()
    program.write_text(good.replace("exec", "PERFMON_HOST=unix:nobody exec"))
    try:
        with pytest.raises(errors.ConnectError, match=r"ended with status 3.*unix:nobody: cannot"):
            perfmon.connect(ssh)
    finally:
        program.write_text(good)


def test_what_ssh_says_is_the_reason(ssh: str) -> None:
    with pytest.raises(errors.ConnectError, match=r"ssh could not connect: .*nobody-here"):
        perfmon.connect("ssh:nobody-here.invalid")


def test_a_login_that_is_refused_is_the_reason(ssh: str) -> None:
    with pytest.raises(errors.ConnectError, match=r"ssh could not connect: .*ermission denied"):
        perfmon.connect("ssh:nobody-of-this-name@127.0.0.1")


def test_without_ssh_the_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERFMON_SSH", "no-such-ssh -4")
    with pytest.raises(errors.ConnectError, match="expected the program 'no-such-ssh'"):
        perfmon.connect("ssh:box")


def test_ctrl_c_ends_a_recording_over_ssh_in_good_order(ssh: str, tmp_path: Path) -> None:
    """A terminal sends it to ssh as well, which must carry the last samples all the same."""
    trace = tmp_path / "trace"
    with subprocess.Popen(
        [*PERFMON, "-H", ssh, "record", "-o", str(trace)],
        env={**ENVIRONMENT, "PERFMON_SSH": os.environ["PERFMON_SSH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as process:
        deadline = time.monotonic() + 20
        while not (trace / "metadata").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert re.match(r"\d+ samples of ", out)
