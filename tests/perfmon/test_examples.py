# SPDX-License-Identifier: GPL-2.0-or-later
"""The examples run and print what they promise."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.perfmon.relay.processes import relay_process

EXAMPLES = Path(__file__).parents[2] / "examples"
INCLUDE = Path(__file__).parents[2] / "include"
STANDIN = Path(__file__).parent / "standin"


def run(*command: str | Path, cwd: Path | None = None) -> str:
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent)}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=environment, cwd=cwd
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_ten_lines_print_figures_and_samples_of_their_own_workload():
    first, *batches = run(sys.executable, EXAMPLES / "ten_lines.py").splitlines()
    found = re.fullmatch(r"(\d+) allocations, mean (\d+) ns, p99 (\d+) ns", first)
    assert found
    assert int(found[1]) >= 1000
    assert 0 < int(found[2]) < 10**8
    assert batches
    assert all(re.fullmatch(r"CPU \d+: \d+ samples from \d+, 0 lost", line) for line in batches)


@pytest.mark.parametrize("abi", ["i386", "x86_64"])
def test_the_c_client_compiles_against_our_stubs(tmp_path, abi):
    """Linking takes a Hurd; its headers are stood in for by the few declarations it uses."""
    machine = {"i386": "-m32", "x86_64": "-m64"}[abi]
    stubs = ["-user", tmp_path / "perf_monitor_user.c", "-header", tmp_path / "perf_monitor_user.h"]
    run(
        *(sys.executable, "-m", "mig", "--abi", abi, "-I", INCLUDE, "-I", INCLUDE / "fallback"),
        *(*stubs, "-server", "/dev/null", "-sheader", "/dev/null"),
        INCLUDE / "mach" / "perf_monitor.defs",
    )
    run(
        *("gcc", machine, "-fsyntax-only", "-Wall", "-Wextra", "-Werror"),
        *("-I", tmp_path, "-I", STANDIN, "-I", INCLUDE, "-idirafter", INCLUDE / "fallback"),
        EXAMPLES / "c_client" / "perfstat.c",
    )


def test_the_calculator_serves_clients_in_python_and_c_and_is_profiled(tmp_path):
    example = tmp_path / "calculator"
    shutil.copytree(EXAMPLES / "calculator", example)
    run("make", f"MIG={sys.executable} -m mig", f"INCLUDE={INCLUDE}", "CFLAGS=-Werror", cwd=example)
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent)}
    server = [sys.executable, "server.py", "socket", "--profile"]
    with subprocess.Popen(
        server, cwd=example, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "serving on unix:socket\n"
        said = [
            run(sys.executable, "client.py", "socket", cwd=example),
            run("./client", "socket", cwd=example),
        ]
        process.send_signal(signal.SIGTERM)
        table, _ = process.communicate(timeout=20)
    for command, status, last in (
        ([sys.executable, "client.py"], 2, "usage: client.py SOCKET"),
        ([sys.executable, "client.py", "gone"], 1, "client.py: unix:gone: cannot connect: .*"),
        ([sys.executable, "server.py"], 2, ".* required: SOCKET"),
        ([sys.executable, "server.py", "no/where"], 1, "server.py: unix:no/where: cannot .*"),
    ):
        failed = subprocess.run(
            command, cwd=example, env=environment, capture_output=True, text=True, check=False
        )
        assert failed.returncode == status
        assert re.fullmatch(last, failed.stderr.splitlines()[-1])
        assert "Traceback" not in failed.stderr
    answers = "2 + 40 = 42\n1000 / 7 = 142, remainder 6\n1 / 0: KERN_INVALID_ARGUMENT\n"
    assert said == [answers, answers]
    calls = dict(re.findall(r"^(calculator_\w+) +(\d+)", table, re.MULTILINE))
    assert calls == {"calculator_add": "2", "calculator_divide": "4"}


def test_the_regression_workflow_gives_its_verdict(tmp_path):
    with relay_process("--unix", str(tmp_path / "host")) as relay:
        environment = {
            **os.environ,
            "PYTHONPATH": str(EXAMPLES.parent),
            "PERFMON": f"{sys.executable} -m perfmon",
            "PERFMON_HOST": relay.address,
        }
        done = subprocess.run(
            [EXAMPLES / "regression_workflow.sh"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode in (0, 1), done.stderr
    verdict = done.stdout.splitlines()[-1]
    found = re.fullmatch(
        r"VM_ALLOC: mean .* \(\d+ events\), baseline .*: (\S+) %, (.*) 20 %", verdict
    )
    assert found, verdict
    assert (float(found[1]) > 20) == bool(done.returncode) == found[2].startswith("a regression")
