# SPDX-License-Identifier: GPL-2.0-or-later
"""The command lines that users were promised, as written and in that order, on one host."""

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.perfmon.relay.processes import ROOT, relay_process


@pytest.fixture
def host(tmp_path: Path):
    with relay_process("--unix", str(tmp_path / "host")) as relay:
        yield relay.address


def run(host: str, line: str, *, interrupt_after: str = "") -> tuple[int, str, str]:
    environment = {**os.environ, "PERFMON_HOST": host, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "perfmon", *shlex.split(line)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        out = ""
        while interrupt_after and not re.search(interrupt_after, out):
            read = process.stdout.readline()
            assert read, process.stderr.read()
            out += read
        if interrupt_after:
            process.send_signal(signal.SIGINT)
        rest, err = process.communicate(timeout=60)
        return process.returncode, out + rest, err


def test_they_work_as_written_and_in_that_order(host):
    assert run(host, "enable") == (0, "", "")
    status, out, err = run(host, "configure -r 2000 -b 8192")
    assert (status, out) == (0, "")
    assert "monitoring was on: paused and resumed" in err

    assert run(host, "workload memory 200")[0] == 0
    status, out, err = run(host, "stats 2")
    assert (status, err) == (0, "")
    assert re.search(r"2 VM_ALLOC on unix:.*\n  count   2\d\d\n", out)

    assert run(host, "baseline") == (0, "", "")
    status, out, err = run(host, "check-regression -e 2 -t 20")
    assert (status, out) == (2, "")
    assert "at least 30 timed events" in err
    assert run(host, "workload memory 200")[0] == 0
    status, out, err = run(host, "check-regression -e 2 -t 100000")
    assert status == 0, err
    assert re.match(r"VM_ALLOC: mean .* baseline .* within 100000 %", out)

    status, out, err = run(host, "monitor -i 0.2", interrupt_after="samples: written")
    assert (status, err) == (0, "")
    assert "PER SECOND" in out
    status, out, _ = run(host, "test")
    assert status == 0, out
