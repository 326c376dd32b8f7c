# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything that is measured, beside the peers, in one run: `make bench`.

Prints a table, and writes build/bench/results.json with every round of every figure and a plot of
each table; with --page, when every part was measured, the tables and plots of a page of docs/ too.
Nothing here fails by a time; a part that could not be measured is named, and the exit status is 1
then.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path

from benchmarks.figures import Figure, table
from benchmarks.page import write_page
from benchmarks.plots import draw

OUTPUT = Path(__file__).resolve().parents[1] / "build" / "bench"

PARTS = {
    "record": "benchmarks.record.record:measure",
    "marshalling": "benchmarks.marshalling:measure",
    "calls": "benchmarks.calls.calls:measure",
    "mig": "benchmarks.adapters:mig",
    "kernel": "benchmarks.adapters:kernel",
    "guest": "benchmarks.adapters:guest",
    "tool": "benchmarks.adapters:tool",
    "traces": "benchmarks.traces:measure",
    "growth": "benchmarks.growth:measure",
}
"""Functions that yield figures, by module."""


def run(names: Iterable[str], say: Callable[[str], None]) -> tuple[list[Figure], list[str]]:
    """Measure the parts; what was found, and the names of those that failed."""
    found: list[Figure] = []
    failed: list[str] = []
    for name in names:
        start = time.monotonic()
        try:
            module, _, function = PARTS[name].partition(":")
            found += getattr(import_module(module), function)()
        except Exception:
            traceback.print_exc()
            failed.append(name)
        say(f"{name}: {time.monotonic() - start:.0f} s")
    return found, failed


def environment() -> dict[str, str]:
    """What figures depend on."""
    cpu = ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    return {
        "cpu": cpu,
        "cpus": str(os.cpu_count()),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()),
        "date": time.strftime("%Y-%m-%d"),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="directory")
    parser.add_argument("--page", type=Path, help="Markdown, with a block for the figures")
    arguments = parser.parse_args(argv)
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}: there are {', '.join(PARTS)}")
    before = environment()
    figures, failed = run(arguments.parts or PARTS, lambda text: print(text, file=sys.stderr))
    arguments.output.mkdir(parents=True, exist_ok=True)
    results = {"environment": before, "figures": [figure.fields() for figure in figures]}
    (arguments.output / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    text = "\n".join(f"{name}: {value}  " for name, value in before.items())
    text += f"\n\n{table(figures)}"
    (arguments.output / "results.md").write_text(text)
    print(text)
    draw(figures, arguments.output)
    if arguments.page and not failed and not arguments.parts:
        write_page(arguments.page, before, figures)
    for name in failed:
        print(f"benchmarks: {name} could not be measured", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
