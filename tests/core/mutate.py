# SPDX-License-Identifier: GPL-2.0-or-later
"""Spoil the core on purpose, one place at a time, and see whether its tests notice.

    python tests/core/mutate.py [--count 100] [--seed 1] [FILE.c ...]

Each mutant is the core with one operator, constant or statement changed.  Those that the compiler
refuses do not count.  Prints the survivors, each a line that no test holds, with what became of
it; the exit status is 1 when fewer than --least percent were noticed.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORE = Path("csrc") / "core"
NEEDED = ("csrc", "include", "tests/core")
# The exhaustive model does not read the core, and the races are looked for last.
TESTS = (
    "tests/core",
    "--ignore=tests/core/test_model.py",
    "--ignore=tests/core/test_concurrency.py",
)
LEAST_SECONDS, TIMES_AS_LONG = 60, 5
"""A mutant that takes so many times as long as the core as it is, and not just seconds, hangs."""

# What is found, and what takes its place.
_CHANGES = (
    (r"(?<![<>=!+\-*/&|])<(?![<=])", "<="),
    (r"(?<![<>=!\-])>(?![>=])", ">="),
    (r"<=", "<"),
    (r">=", ">"),
    (r"==", "!="),
    (r"!=", "=="),
    (r"&&", "||"),
    (r"\|\|", "&&"),
    (r"(?<![+\w]) \+ (?!\+)", " - "),
    (r" - ", " + "),
    (r" \+= ", " -= "),
    (r"\+\+", "--"),
    (r"<<", ">>"),
    (r">>", "<<"),
    (r"(?<![&]) & (?!&)", " | "),
    (r"\btrue\b", "false"),
    (r"\bfalse\b", "true"),
    (r"\b0\b(?![xX.])", "1"),
    (r"\b1\b", "0"),
)
_STATEMENT = re.compile(
    r"^\t+(?!return|case|break|continue|goto|else)[\w>.\[\]*-]+(\(.*\)| [-+|&]?= .*);$"
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: of a line of a file, and the line that takes its place."""

    file: Path
    line: int
    before: str
    after: str

    def __str__(self) -> str:
        after = self.after.strip() or "(left out)"
        return f"{self.file}:{self.line}: {self.before.strip()}  ->  {after}"


def mutants_of(file: Path) -> Iterator[Mutant]:
    """Every change of a file; comments, declarations and preprocessor lines are left alone."""
    comment = False
    for number, line in enumerate((ROOT / file).read_text().splitlines(), 1):
        starts = line.lstrip().startswith("/*")
        if comment or starts:
            comment = "*/" not in line
            continue
        if not line.startswith("\t") or line.lstrip().startswith("#"):
            continue
        code = line.partition("/*")[0]
        for pattern, replacement in _CHANGES:
            for match in re.finditer(pattern, code):
                changed = line[: match.start()] + replacement + line[match.end() :]
                yield Mutant(file, number, line, changed)
        if _STATEMENT.match(code.rstrip()):
            yield Mutant(file, number, line, "")


def passes(tree: Path, limit: float | None = None) -> bool:
    """Whether the tests pass, and within so many seconds."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *TESTS]
    environment = {**os.environ, "HYPOTHESIS_DATABASE_FILE": os.devnull}
    try:
        done = subprocess.run(
            command, cwd=tree, check=False, capture_output=True, timeout=limit, env=environment
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def judge(mutant: Mutant, tree: Path, limit: float) -> str:
    """ "killed", "survived" or "refused" by the compiler."""
    path = tree / mutant.file
    text = path.read_text()
    lines = text.splitlines(keepends=True)
    lines[mutant.line - 1] = mutant.after + "\n"
    path.write_text("".join(lines))
    try:
        include = [f"-I{tree / part}" for part in (CORE, "tests/core/platform", "include")]
        source = path if path.suffix == ".c" else tree / CORE / "perf_record.c"
        compiled = subprocess.run(
            ["gcc", "-std=gnu11", "-w", *include, "-idirafter", str(tree / "include/fallback"),
             "-fsyntax-only", str(source)],
            check=False, capture_output=True,
        )  # fmt: skip
        if compiled.returncode:
            return "refused"
        return "survived" if passes(tree, limit) else "killed"
    finally:
        path.write_text(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="of csrc/core (default: all)")
    parser.add_argument("--count", type=int, default=100, help="mutants to try (default: 100)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--least", type=int, default=0, help="percent that must be noticed")
    arguments = parser.parse_args(argv)
    files = arguments.files or [
        path.relative_to(ROOT) for path in sorted((ROOT / CORE).iterdir()) if path.suffix in ".c.h"
    ]
    every = [mutant for file in files for mutant in mutants_of(file)]
    chosen = random.Random(arguments.seed).sample(every, min(arguments.count, len(every)))
    verdicts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="perfmon-mutants-") as name:
        tree = Path(name)
        for part in NEEDED:
            shutil.copytree(
                ROOT / part,
                tree / part,
                ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.o"),
            )
        shutil.copy(ROOT / "pyproject.toml", tree)
        begin = time.monotonic()
        if not passes(tree):
            sys.exit("the tests fail on the core as it is")
        limit = max(LEAST_SECONDS, TIMES_AS_LONG * (time.monotonic() - begin))
        for mutant in sorted(chosen, key=lambda mutant: (str(mutant.file), mutant.line)):
            verdict = judge(mutant, tree, limit)
            verdicts[verdict] += 1
            if verdict == "survived":
                print(mutant, flush=True)
    tried = verdicts["killed"] + verdicts["survived"]
    percent = 100 * verdicts["killed"] / max(1, tried)
    print(
        f"{len(every)} possible, {len(chosen)} made, {verdicts['refused']} refused by the compiler;"
        f" of {tried}, {verdicts['killed']} noticed ({percent:.0f} %), {verdicts['survived']} not"
    )
    return int(percent < arguments.least)


if __name__ == "__main__":
    sys.exit(main())
