# SPDX-License-Identifier: GPL-2.0-or-later
"""The examples run and print what they promise."""

import re
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_ten_lines_print_figures_and_samples_of_their_own_workload():
    done = subprocess.run(
        [sys.executable, EXAMPLES / "ten_lines.py"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, *batches = done.stdout.splitlines()
    found = re.fullmatch(r"(\d+) allocations, mean (\d+) ns, p99 (\d+) ns", first)
    assert found
    assert int(found[1]) >= 1000
    assert 0 < int(found[2]) < 10**8
    assert batches
    assert all(re.fullmatch(r"CPU \d+: \d+ samples from \d+, 0 lost", line) for line in batches)
