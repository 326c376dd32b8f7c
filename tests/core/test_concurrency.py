# SPDX-License-Identifier: GPL-2.0-or-later
"""Writers, readers and control operations together: nothing torn, nothing missing, no race.

The same program runs as it is compiled for use and under ThreadSanitizer, for which every access
that others may meet is an atomic one (csrc/core/perf_order.h): what it then complains of is real.
"""

import json
import subprocess
from pathlib import Path

import pytest

PLATFORM = Path(__file__).parent / "platform"
BUILDS = {"plain": ("-O2",), "tsan": ("-O1", "-g", "-fsanitize=thread")}


@pytest.mark.parametrize("build", BUILDS)
def test_control_operations_leave_every_event_accounted_for(build, core_build, tmp_path):
    program = tmp_path / "stress"
    sources = [*core_build.sources, PLATFORM / "harness.c", PLATFORM / "stress.c"]
    command = ["gcc", *BUILDS[build], *core_build.arguments, "-pthread", *sources, "-o", program]
    subprocess.run(command, check=True)
    # Without address randomisation: some kernels give more of it than the sanitizer can map.
    done = subprocess.run(
        ["setarch", "-R", program, "15", "100"], check=False, capture_output=True, text=True
    )
    assert done.stderr == ""
    figures = json.loads(done.stdout)
    assert figures["torn"] == figures["backwards"] == figures["unbalanced"] == 0
    assert figures["written"] > 10_000
    assert figures["read"] > 100
    assert figures["operations"] > figures["refusals"] > 0
