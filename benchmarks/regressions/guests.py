# SPDX-License-Identifier: GPL-2.0-or-later
"""False alarms and power of comparisons of kernels, measured on booted ones.

    python benchmarks/regressions/guests.py null --trials 200
    python benchmarks/regressions/guests.py power
    python benchmarks/regressions/guests.py time --trials 5

`null` measures one kernel as often as it takes for so many pairs of measurements, and compares each
pair as `kernel compare` does: every change is a false alarm.  `power` adds 1, 5 and 50 instructions
to one function of the kernel, boots each, and shows what is found.  `time` does both for `kernel
compare --clock time`: the kernel beside itself, and beside one with a hundred instructions more.
"""

import argparse
import os
import struct
import sys
import tempfile
from collections.abc import Iterator
from itertools import combinations
from math import comb
from pathlib import Path

from perfmon.events import Event
from perfmon.kernel.image import KernelImage
from perfmon.kernel.images import default_kernel
from perfmon.regressions.compare import Settings, compare
from perfmon.regressions.findings import Comparison, Metric, Verdict
from perfmon.regressions.kernels import (
    DEFAULT_PASSES,
    DEFAULT_RUNS,
    DEFAULT_WORKLOADS,
    Clock,
    Plan,
    measure_kernels,
)
from perfmon.regressions.measurement import Measurement
from perfmon.workloads import parse_workload

FUNCTION = "vm_allocate"
ADDED = (0, 1, 5, 50)
TIMED_MORE = 100


def plan(workload: str, boots: int) -> Plan:
    """What `kernel compare` does; by default, each run is a boot of its own."""
    clock = Clock.INSTRUCTIONS
    return Plan(
        *(parse_workload(workload), clock, DEFAULT_RUNS[clock], DEFAULT_PASSES[clock], boots),
        timeout=600,
    )


def null(workload: str, boots: int, trials: int) -> Iterator[str]:
    """Lines of figures; the last one is the result."""
    kernel = default_kernel()
    measured: list[Measurement] = []
    while comb(len(measured), 2) < trials:
        label = f"measurement {len(measured) + 1}"
        measured += measure_kernels([kernel], [label], plan(workload, boots))
        yield f"{label}: {len(measured[-1].runs)} runs in {boots} boots"
    alarms = tests = 0
    for before, after in list(combinations(measured, 2))[:trials]:
        found = compare(before, after)
        tests += len(found.findings)
        if shown := moved(found):
            alarms += 1
            yield f"{before.label} -> {after.label}: {shown}"
    yield (
        f"{alarms} of {trials} comparisons of two of {len(measured)} measurements gave a false "
        f"alarm, {tests} quantities in all"
    )


def moved(comparison: Comparison) -> str:
    """The quantities that a comparison says have moved; empty: none."""
    return "; ".join(
        f"{f.name} {f.metric} {f.detail} {f.change_percent:+.2f} %"
        for verdict in (Verdict.REGRESSION, Verdict.IMPROVEMENT, Verdict.CHANGED)
        for f in comparison.of(verdict)
    )


def power(workload: str, boots: int) -> Iterator[str]:
    """A line for each number of instructions that was added."""
    stock = default_kernel()
    with tempfile.TemporaryDirectory(prefix="perfmon-") as directory:
        kernels = [padded(stock, Path(directory) / f"added{more}", more) for more in ADDED]
        measured = measure_kernels(kernels, [f"+{n}" for n in ADDED], plan(workload, boots))
    for more, after in zip(ADDED, measured, strict=True):
        found = compare(measured[0], after)
        yield f"+{more} in {FUNCTION}: {found.verdict}; {moved(found) or 'nothing moved'}"


def timed(trials: int) -> Iterator[str]:
    """Lines of figures; the last one is the result."""
    clock, stock = Clock.TIME, default_kernel()
    work = parse_workload(DEFAULT_WORKLOADS[clock])
    plan = Plan(work, clock, DEFAULT_RUNS[clock], DEFAULT_PASSES[clock], 1, timeout=600)
    settings = Settings(interleaved=True)
    alarms = hits = 0
    with tempfile.TemporaryDirectory(prefix="perfmon-") as directory:
        kernels = [padded(stock, Path(directory) / f"added{n}", n) for n in (0, TIMED_MORE)]
        for trial in range(trials):
            labels = ["A", "A again", f"+{TIMED_MORE}"]
            before, again, slower = measure_kernels([kernels[0], *kernels], labels, plan)
            shown = moved(compare(before, again, settings))
            alarms += bool(shown)
            (found,) = (
                f
                for f in compare(before, slower, settings).findings
                if (f.event, f.metric) == (Event.VM_ALLOC, Metric.TIME)
            )
            hits += found.verdict is Verdict.REGRESSION
            yield (
                f"trial {trial + 1}: beside itself {shown or 'nothing'}; +{TIMED_MORE}: VM_ALLOC "
                f"{found.change_percent:+.1f} % {found.verdict} (load {os.getloadavg()[0]:.1f})"
            )
    yield f"{alarms} of {trials} gave a false alarm; +{TIMED_MORE} was found in {hits}"


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
    parser.add_argument("experiment", choices=("null", "power", "time"))
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument(
        "--boots", type=int, default=DEFAULT_RUNS[Clock.INSTRUCTIONS], help="of a measurement"
    )
    parser.add_argument(
        "--workload",
        default=DEFAULT_WORKLOADS[Clock.INSTRUCTIONS],
        help="where instructions are counted",
    )
    args = parser.parse_args()
    lines = {
        "null": lambda: null(args.workload, args.boots, args.trials),
        "power": lambda: power(args.workload, args.boots),
        "time": lambda: timed(args.trials),
    }[args.experiment]()
    for line in lines:
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
