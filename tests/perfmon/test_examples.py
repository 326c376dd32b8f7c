# SPDX-License-Identifier: GPL-2.0-or-later
"""The examples run and print what they promise."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
INCLUDE = Path(__file__).parents[2] / "include"
STANDIN = Path(__file__).parent / "standin"


def run(*command: str | Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent)}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=environment
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
