# SPDX-License-Identifier: GPL-2.0-or-later
"""How long mig takes beside GNU MIG 20231217: a job alone, and all the jobs of a GNU Mach build.

Both compile for x86_64 and preprocess themselves; the packages that hold GNU MIG and Mach's
interfaces are fetched.  Ours runs in a Python environment of its own, as it does when it is
installed: byte code is cached, and nothing of the development environment is looked for at start.
Runs take turns, so that what disturbs one disturbs the other:

    python -m benchmarks.mig_speed
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir
from pathlib import Path

from benchmarks.gnumach_jobs import JOBS, Job, write_wrappers
from perfmon.kernel import packages

ROUNDS = 15
SINGLE = next(job for job in JOBS if job.name == "gnumach")
ROOT = Path(__file__).resolve().parents[1]


def measure() -> Iterator[tuple[str, str, tuple[float, ...]]]:
    """Yield what was done, by whom, and its milliseconds, of wall and of processor time."""
    (include,) = (packages.fetch(packages.GNUMACH_DEV_AMD64) / "usr" / "include").iterdir()
    gnu = packages.fetch(packages.GNU_MIG_AMD64) / "usr" / "bin" / "x86_64-gnu-mig"
    gnu_command = ["sh", str(gnu)]
    with tempfile.TemporaryDirectory() as name, chdir(name):
        venv.create("environment")
        python = str(Path("environment", "bin", "python").absolute())
        our_command = [python, "-m", "mig", "--abi", "x86_64"]
        write_wrappers(Path())
        lines = [
            " ".join(["mig", "--abi", "x86_64", *_words(job, include, "ours")]) for job in JOBS
        ]
        Path("jobs").write_text("\n".join(lines) + "\n")
        for directory in ("ours", "gnu"):
            Path(directory).mkdir()
        yield from _compare(
            "python and its start-up alone",
            {"python": lambda: _run([python, "-c", "pass"])},
        )
        yield from _compare(
            f"one job, {SINGLE.name} {SINGLE.kind}",
            {
                "GNU": lambda: _run([*gnu_command, *_words(SINGLE, include, "gnu")]),
                "ours": lambda: _run([*our_command, *_words(SINGLE, include, "ours")]),
            },
        )
        yield from _compare(
            f"all {len(JOBS)} jobs",
            {
                "GNU, in a loop": lambda: _run_each(
                    [[*gnu_command, *_words(job, include, "gnu")] for job in JOBS]
                ),
                "ours, --batch": lambda: _run([*our_command[:3], "--batch", "jobs"]),
            },
        )
        yield from _imports([*our_command, *_words(SINGLE, include, "ours")])


def main() -> None:
    """Measure and print, with how busy the machine was before."""
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    for title, who, values in measure():
        print(f"{title:48} {who:16} {_spread(list(values))}")


def _words(job: Job, include: Path, directory: str) -> list[str]:
    return ["-n", f"-I{include}", *job.outputs(directory), f"{job.name}.{job.kind}.defs"]


def _environment() -> dict[str, str]:
    """What commands run in; the byte code goes into the directory that they run in."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    cache = str(Path("cache").absolute())
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": cache, "CC": "gcc -m64"}


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, env=_environment(), stderr=subprocess.DEVNULL)


def _run_each(commands: list[list[str]]) -> None:
    for command in commands:
        _run(command)


def _compare(
    title: str, contestants: Mapping[str, Callable[[], object]]
) -> Iterator[tuple[str, str, tuple[float, ...]]]:
    """Let contestants run in turns, once for nothing, and yield their times."""
    for run in contestants.values():
        run()
    wall: dict[str, list[float]] = {name: [] for name in contestants}
    processor: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, run in contestants.items():
            before, start = os.times(), time.perf_counter()
            run()
            after = os.times()
            wall[name].append((time.perf_counter() - start) * 1000)
            user = after.children_user - before.children_user
            system = after.children_system - before.children_system
            processor[name].append((user + system) * 1000)
    for kind, times in (("", wall), (", processor time", processor)):
        for name, values in times.items():
            yield f"{title}{kind}", name, tuple(values)


def _spread(values: list[float]) -> str:
    """Median, quartiles and least, in ms."""
    if len(values) == 1:
        return f"{values[0]:7.1f} ms"
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:7.1f} ms ({low:.1f}-{high:.1f}; {min(values):.1f})"


def _imports(command: list[str]) -> Iterator[tuple[str, str, tuple[float, ...]]]:
    """What the modules of a job take to import: all of them, and ours."""
    command = [command[0], "-X", "importtime", *command[1:]]
    done = subprocess.run(command, check=True, env=_environment(), capture_output=True, text=True)
    rows = [line.split("|") for line in done.stderr.splitlines() if line.startswith("import time:")]
    times = {row[2].strip(): int(row[0].split(":")[1]) for row in rows[1:]}
    ours = sum(each for name, each in times.items() if name.startswith("mig"))
    yield f"imports of a job, {len(times)} modules", "python and ours", (sum(times.values()) / 1e3,)
    yield f"imports of a job, {len(times)} modules", "ours", (ours / 1e3,)


if __name__ == "__main__":
    main()
