# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that run inside a guest as its boot task, and say on the console what they found.

    python -m tests.guest_programs tests/test-performance-analysis.c

builds one, boots the instrumented kernel with it, and prints its lines; the exit status is 0 when
no check failed.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from perfmon.kernel.boot import run_module
from perfmon.kernel.images import default_kernel
from perfmon.kernel.instrument import instrument
from perfmon.kernel.machines import I386, machine_of
from perfmon.kernel.relay import boot_module

_RESULT = re.compile(r"PASS|FAIL|performance-analysis:")


def results(kernel: Path, source: Path, *, timeout: float = 300.0) -> list[str]:
    """The lines that a program printed about its checks.

    Args:
        kernel: an instrumented image.
        source: the program, in C.
        timeout: seconds for all of it.
    """
    with tempfile.TemporaryDirectory(prefix="perfmon-") as directory:
        module = boot_module(machine_of(kernel) or I386, source, Path(directory))
        console = run_module(kernel, module, timeout=timeout)
    return [line for line in console.splitlines() if _RESULT.match(line)]


def main() -> int:
    """Build, boot, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="perfmon-") as directory:
        kernel = instrument(default_kernel(), Path(directory) / "gnumach-perf").output
        try:
            lines = results(kernel, arguments.source)
        except subprocess.TimeoutExpired:
            lines = []
    print("\n".join(lines))
    return 0 if lines and lines[-1].endswith(" 0 failed") else 1


if __name__ == "__main__":
    sys.exit(main())
