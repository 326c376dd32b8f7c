# SPDX-License-Identifier: GPL-2.0-or-later
"""False alarms and power of exact comparisons, measured on booted kernels.

    python benchmarks/regressions/guests.py null --trials 200
    python benchmarks/regressions/guests.py power

`null` boots one kernel several times, measures runs in each boot, and compares groups of runs with
each other, within boots and across them: every change is a false alarm.  `power` adds 1, 5 and 50
instructions to one function of the kernel, boots each, and shows what is found.
"""

import argparse
import struct
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

from perfmon.kernel.image import KernelImage
from perfmon.kernel.images import default_kernel
from perfmon.regressions.compare import compare
from perfmon.regressions.findings import Verdict
from perfmon.regressions.kernels import DEFAULT_WORKLOADS, Clock, Plan, measure_kernels
from perfmon.regressions.measurement import Measurement
from perfmon.workloads import parse_workload

FUNCTION = "vm_allocate"
ADDED = (0, 1, 5, 50)
_MOVED = (Verdict.REGRESSION, Verdict.IMPROVEMENT)


def plan(runs: int, workload: str) -> Plan:
    """One boot, of so many runs."""
    return Plan(parse_workload(workload), Clock.INSTRUCTIONS, runs, 1, 1, timeout=600)


def groups(measured: list[Measurement], size: int) -> list[Measurement]:
    """The runs of each boot in groups, each a measurement of its own."""
    return [
        replace(boot, label=f"boot {at}", runs=boot.runs[first : first + size])
        for at, boot in enumerate(measured)
        for first in range(0, len(boot.runs) - size + 1, size)
    ]


def null(boots: int, runs: int, workload: str, trials: int) -> Iterator[str]:
    """Lines of figures; the last one is the result."""
    kernel = default_kernel()
    measured = []
    for at in range(boots):
        measured += measure_kernels([kernel], [f"boot {at}"], plan(runs, workload))
        yield f"boot {at + 1}: {len(measured[-1].runs)} runs"
    alarms = done = tests = across = 0
    for before, after in list(combinations(groups(measured, 2), 2))[:trials]:
        found = compare(before, after)
        done += 1
        across += before.label != after.label
        tests += len(found.findings)
        alarms += found.verdict in _MOVED
    yield (
        f"{alarms} of {done} comparisons ({across} across boots) gave a false alarm, "
        f"{tests} quantities in all"
    )


def power(runs: int, workload: str) -> Iterator[str]:
    """A line for each number of instructions that was added."""
    stock = default_kernel()
    with tempfile.TemporaryDirectory(prefix="perfmon-") as directory:
        kernels = [padded(stock, Path(directory) / f"added{more}", more) for more in ADDED]
        measured = measure_kernels(kernels, [f"+{n}" for n in ADDED], plan(runs, workload))
    for more, after in zip(ADDED, measured, strict=True):
        found = compare(measured[0], after)
        moved = [
            f"{f.name}, {f.detail}: {f.before:.0f} -> {f.after:.0f}"
            for f in found.of(Verdict.REGRESSION)
        ]
        yield f"+{more} in {FUNCTION}: {found.verdict}; {'; '.join(moved) or 'nothing moved'}"


def padded(stock: Path, output: Path, more: int) -> Path:
    """A kernel in which a function takes so many more instructions."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from tests.kernel.injection import pad

    word = pad(stock, output, [FUNCTION])[FUNCTION]
    at = KernelImage(output).offset_of(word)
    data = bytearray(output.read_bytes())
    struct.pack_into("<I", data, at, more)
    output.write_bytes(data)
    return output


def main() -> int:
    """Run an experiment and print as it goes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("experiment", choices=("null", "power"))
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--boots", type=int, default=4)
    parser.add_argument("--runs", type=int, default=12, help="of each boot")
    parser.add_argument("--workload", default=DEFAULT_WORKLOADS[Clock.INSTRUCTIONS])
    args = parser.parse_args()
    lines = (
        null(args.boots, args.runs, args.workload, args.trials)
        if args.experiment == "null"
        else power(args.runs, args.workload)
    )
    for line in lines:
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
