# SPDX-License-Identifier: GPL-2.0-or-later
"""The ring's commit protocol, every interleaving of it, by spin.

model/ring.pml says what it models.  It must hold, and must fail when a part of the protocol is
left out.
"""

import re
import subprocess
from pathlib import Path

import pytest

MODEL = Path(__file__).parent / "model" / "ring.pml"
LEFT_OUT = ("WITHOUT_SECTION", "ONE_LOOK", "NO_GENERATION")


def verify(directory: Path, *flags: str) -> tuple[int, int]:
    """Errors found, and states looked at."""
    subprocess.run(["spin", *flags, "-a", MODEL], cwd=directory, check=True)
    subprocess.run(["gcc", "-O2", "-DSAFETY", "-o", "pan", "pan.c"], cwd=directory, check=True)
    output = subprocess.run(
        ["./pan", "-m100000"], cwd=directory, check=True, capture_output=True, text=True
    ).stdout
    assert "max search depth too small" not in output
    errors = re.search(r"errors: (\d+)", output)
    states = re.search(r"(\d+) states, stored", output)
    assert errors is not None and states is not None
    return int(errors[1]), int(states[1])


def test_no_interleaving_hands_out_a_torn_or_misnumbered_sample(tmp_path: Path):
    errors, states = verify(tmp_path)
    assert errors == 0
    assert states > 1_000_000


@pytest.mark.parametrize("left_out", LEFT_OUT)
def test_the_model_fails_without_each_part_of_the_protocol(left_out: str, tmp_path: Path):
    errors, _ = verify(tmp_path, f"-D{left_out}")
    assert errors > 0
