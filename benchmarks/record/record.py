# SPDX-License-Identifier: GPL-2.0-or-later
"""What recording an event costs: nanoseconds in the embedded host, instructions in a kernel.

Compiles the core with two platforms and runs it, and LTTng-UST beside it:

    python -m benchmarks.record.record
"""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.figures import Figure, grouped, table
from benchmarks.record import lttng

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CORE = sorted((ROOT / "csrc" / "core").glob("*.c"))
EMBEDDED = ROOT / "csrc" / "embedded"

COMMON = ("-std=gnu11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread")
KERNEL = ("-fno-pic", "-no-pie", "-fno-stack-protector")
MACHINES = {
    "i386": ("-m32", "-march=i686", "-mno-sse", "-mno-mmx"),
    "x86_64": ("-m64", "-mgeneral-regs-only"),
}

_SUBJECTS = {
    "clock": ("the clock, read", "processor", ""),
    "serialise": ("clock and 32 bytes, no statistics", "by hand", ""),
    "instant_sample": ("instant, statistics and sample", "perfmon", "1.5 of the clock"),
    "instant_statistics": ("instant, statistics only", "perfmon", ""),
    "timed_statistics": ("timed, statistics only", "perfmon", ""),
    "timed_sample": ("timed, statistics and sample", "perfmon", ""),
    "overwrite": ("instant, to memory", "LTTng-UST", "perfmon 5 times cheaper"),
    "discard_to_disk": ("instant, to disk", "LTTng-UST", ""),
    "disabled": ("disabled", "perfmon", "at most 1 ns"),
    "compiled_in": ("disabled", "LTTng-UST", ""),
}


def run(
    directory: Path, sources: Sequence[Path], platform: Path, flags: Sequence[str]
) -> list[list[str]]:
    """Compile a program with the core, run it and return the words of its lines."""
    program = directory / "program"
    include = [f"-I{path}" for path in (ROOT / "csrc" / "core", platform, ROOT / "include")]
    fallback = ("-idirafter", str(ROOT / "include" / "fallback"))
    command = ["gcc", *COMMON, *flags, *include, *fallback, *map(str, (*CORE, *sources))]
    subprocess.run([*command, "-o", str(program)], check=True)
    output = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    return [line.split() for line in output.splitlines()]


def measure() -> Iterator[Figure]:
    """Yield nanoseconds with one thread and with two, bytes of an event, and instructions."""
    embedded = [EMBEDDED / f"embedded_{part}.c" for part in ("thread", "clock", "platform")]
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        lines = run(directory, (*embedded, HERE / "nanoseconds.c"), EMBEDDED, ())
        rows = [(path, int(threads), float(value)) for path, threads, value in lines]
        beside, size = lttng.measure(directory)
        for threads in (1, 2):
            found = grouped((path, value) for path, n, value in rows + beside if n == threads)
            for path, (subject, who, target) in _SUBJECTS.items():
                yield Figure(
                    f"recording an event, {threads} thread{'s' * (threads > 1)}",
                    subject, who, "ns", found[path], target,
                )  # fmt: skip
        yield Figure("an event's size", "on disk", "perfmon", "bytes", (32.0,))
        yield Figure("an event's size", "on disk", "LTTng-UST", "bytes", (size,))
        for machine, flags in MACHINES.items():
            for path, value in run(directory, (HERE / "instructions.c",), HERE, (*KERNEL, *flags)):
                yield Figure(
                    f"recording an event, {machine}", path, "perfmon", "instructions",
                    (float(value),),
                )  # fmt: skip


if __name__ == "__main__":
    print(table(list(measure())))
