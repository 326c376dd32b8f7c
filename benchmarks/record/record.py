# SPDX-License-Identifier: GPL-2.0-or-later
"""What recording an event costs: nanoseconds in the embedded host, instructions in a kernel.

Compiles the core with two platforms and runs it; prints a table, or with --json the figures.
Nothing here knows perfmon's Python.
"""

import argparse
import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

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


def measure() -> dict[str, dict[str, float]]:
    """Return, by column, the figure of each path."""
    embedded = [EMBEDDED / f"embedded_{part}.c" for part in ("thread", "clock", "platform")]
    figures: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        sources = (*embedded, HERE / "nanoseconds.c")
        for path, threads, value in run(directory, sources, EMBEDDED, ()):
            figures.setdefault(f"ns, {threads} threads", {})[path] = float(value)
        for machine, flags in MACHINES.items():
            sources = (HERE / "instructions.c",)
            for path, value in run(directory, sources, HERE, (*KERNEL, *flags)):
                figures.setdefault(f"instructions, {machine}", {})[path] = float(value)
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    figures = measure()
    if parser.parse_args().json:
        print(json.dumps(figures, indent=2))
        return
    paths = list(dict.fromkeys(path for column in figures.values() for path in column))
    print(f"{'':20}" + "".join(f"{column:>22}" for column in figures))
    for path in paths:
        cells = (column.get(path) for column in figures.values())
        print(f"{path:20}" + "".join(f"{'' if cell is None else cell:>22}" for cell in cells))


if __name__ == "__main__":
    main()
