# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens to costs as things grow: rings, processors, recordings.

Rings of 1K to 32K samples; a kernel on 1 to 4 processors, in exact instructions; recordings of 10^4
to 10^8 samples, the largest of which needs 3.2 GB of disk and is left out where they are not free:

    python -m benchmarks.growth [--samples 10000000]
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import kernel_cost
from benchmarks.figures import Figure, grouped, table
from benchmarks.record.record import EMBEDDED, HERE, run
from perfmon.clock import Clock
from perfmon.events import BUILTIN_NAMES
from perfmon.interface import SAMPLE_SIZE
from perfmon.kernel.images import kernel_image
from perfmon.kernel.instrument import instrument
from perfmon.kernel.machines import I386
from perfmon.recording.ctf import TraceWriter
from perfmon.recording.metadata import metadata_text
from perfmon.samples import Samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZES = (10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
ROUNDS = 3
CPUS = (1, 2, 3, 4)
_SEVERAL = "i386-smp"
_ONE_ROUND = 50_000_000
_BATCH = 8192
# The most memory of the program itself; what getrusage says begins with that of its parent.
_REPORT = """\
import re, sys, time
from pathlib import Path
from perfmon.analysis.report import analyse
from perfmon.recording.trace import open_trace
start = time.perf_counter()
analyse(open_trace(Path(sys.argv[1])))
seconds = time.perf_counter() - start
most = re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())
print(seconds, int(most[1]) / 1024)
"""


def measure(sizes: tuple[int, ...] = SIZES) -> Iterator[Figure]:
    """Yield nanoseconds of an event by size of the ring, and costs by length of a recording."""
    embedded = [EMBEDDED / f"embedded_{part}.c" for part in ("thread", "clock", "platform")]
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        rows = run(directory, (*embedded, HERE / "growth.c"), EMBEDDED, ())
        found = grouped((path, float(value)) for path, threads, value in rows if threads == "1")
        for path, values in found.items():
            subject = f"a ring of {int(path.partition('_')[0]):,} samples"
            yield Figure("an event by size of the ring", subject, "perfmon", "ns", values)
        yield from _processors(directory)
        for size in sizes:
            if shutil.disk_usage(directory).free < 2 * size * SAMPLE_SIZE:
                print(f"no disk for a recording of {size:,} samples", file=sys.stderr)
                continue
            trace = directory / str(size)
            yield from _recording(trace, size)
            shutil.rmtree(trace)


def _processors(directory: Path) -> Iterator[Figure]:
    """Instructions of an event of a cheap request, by the number of processors."""
    kernel_cost.build(I386, directory, works=1)
    instrument(kernel_image(_SEVERAL), directory / "kernel")
    for cpus in CPUS:
        found = list(kernel_cost.costs(kernel_cost.run(I386, directory, cpus)))
        off = next(cost for cost in found if cost.mode == "off")
        for cost in found:
            if cost.mode != "off":
                yield Figure(
                    "an event in a kernel by its processors",
                    f"{cpus} processor{'s' * (cpus > 1)}", f"perfmon, {cost.mode}", "instructions",
                    ((cost.ticks - off.ticks) / cost.events,),
                )  # fmt: skip


def _recording(directory: Path, size: int) -> Iterator[Figure]:
    array = _samples()
    start = time.perf_counter()
    with TraceWriter(directory, _metadata()) as trace:
        for _ in range(0, size, _BATCH):
            trace.write(Samples(0, 0, 0, 0, array.view("u1").data), 0)
            array["timestamp"] += _BATCH
    seconds = time.perf_counter() - start
    written = -(-size // _BATCH) * _BATCH
    section = "a recording by its length"
    yield Figure(
        section, f"{size:,} samples, written", "perfmon", "samples/s", (written / seconds,),
        "5,000,000",
    )  # fmt: skip
    reports = [_report(directory) for _ in range(1 if size > _ONE_ROUND else ROUNDS)]
    yield Figure(
        section, f"{size:,} samples, reported", "perfmon", "samples/s",
        tuple(written / seconds for seconds, _ in reports),
    )  # fmt: skip
    yield Figure(
        "a report's memory by a recording's length", f"{size:,} samples", "perfmon", "MB",
        tuple(memory for _, memory in reports), "500 MB for 10^7",
    )  # fmt: skip


def _report(directory: Path) -> tuple[float, float]:
    """Seconds, and megabytes at the most, of a process that makes a report."""
    output = subprocess.run(
        [sys.executable, "-c", _REPORT, str(directory)], check=True, capture_output=True, text=True
    ).stdout
    seconds, memory = output.split()
    return float(seconds), float(memory)


def _samples() -> NDArray[Any]:
    """One batch, in order of time; plain bytes of samples, seen as an array."""
    import numpy

    array = numpy.zeros(_BATCH, Samples(0, 0, 0, 0, memoryview(bytes(SAMPLE_SIZE))).array.dtype)
    array["timestamp"] = numpy.arange(_BATCH)
    array["event"] = numpy.arange(_BATCH) % len(BUILTIN_NAMES)
    array["duration"] = numpy.random.default_rng(1).integers(100, 100_000, _BATCH)
    array["task"] = numpy.arange(_BATCH) % 20
    array["thread"] = numpy.arange(_BATCH) % 100
    return array


def _metadata() -> str:
    names = dict(BUILTIN_NAMES)
    return metadata_text(
        Clock(1_000_000_000, 0, 0, 0), names, {"tracer_name": "perfmon", "hostname": "growth"}
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=SIZES[-1], help="of the longest recording")
    most = parser.parse_args().samples
    sizes = tuple(10**power for power in range(4, 10) if 10**power <= most)
    print(table(list(measure(sizes))))
    print(f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB at the most")


if __name__ == "__main__":
    main()
