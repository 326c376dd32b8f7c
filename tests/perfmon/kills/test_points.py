# SPDX-License-Identifier: GPL-2.0-or-later
"""kill -9 of perfmon before and behind each call that changes a file."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.perfmon.kills.points import CASES
from tests.perfmon.relay.processes import ENVIRONMENT, ROOT


@pytest.mark.parametrize("name", CASES)
def test_files_are_whole_wherever_the_command_is_killed(name: str, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.perfmon.kills.points", name, tmp_path / "files"],
        check=False, capture_output=True, text=True, cwd=ROOT, env=ENVIRONMENT, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.splitlines()[-1]) >= 3
