# SPDX-License-Identifier: GPL-2.0-or-later
"""Spoil the product on purpose, one place at a time, and see whether its tests notice.

    python -m tests.mutate [--count 100] [--seed 1] [SUBJECT] [FILE ...]

A mutant has one operator, constant, statement or instruction changed.  Those of the core, the
default, are judged by its tests on this machine; those of a fast path, which is assembler, by a
kernel that is booted with it.  Mutants that the compiler refuses do not count.  Prints the
survivors, each a line that no test holds, with what became of it, or with --all all of them and by
which test they were noticed; the exit status is 1 when fewer than --least percent were.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORE = Path("csrc") / "core"
LEAST_SECONDS, TIMES_AS_LONG = 60, 5
"""A mutant that takes so many times as long as what is right, and not just seconds, hangs."""

_FAILED = re.compile(r"^(?:FAILED|ERROR) \S*?(\w+\.py::\S+)", re.MULTILINE)

# What is found, and what takes its place.
_CHANGES_OF_C = (
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

_CHANGES_OF_ASSEMBLER = (
    (r"^\tje\b", "\tjne"),
    (r"^\tjne\b", "\tje"),
    (r"^\tj(?:b|c)\b", "\tjae"),
    (r"^\tj(?:ae|nc)\b", "\tjb"),
    (r"^\tjbe\b", "\tja"),
    (r"^\tincl\b", "\tdecl"),
    (r"^\taddl\b", "\tsubl"),
    (r"^\tsubl\b", "\taddl"),
)
# Without a call, a jump or what keeps the stack in order there is no machine to run a test on.
_INSTRUCTION = re.compile(r"^\t(?!jmp|call|ret|push|pop|\.)[a-z]+l?\b|^\t(?:IF_|UNLESS_)[A-Z]+\b")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: of a line of a file, and the line that takes its place."""

    file: Path
    line: int
    before: str
    after: str

    def __str__(self) -> str:
        after = " ".join(self.after.split()) or "(left out)"
        return f"{self.file}:{self.line}: {' '.join(self.before.split())}  ->  {after}"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is spoilt.

    Attributes:
        files: whose lines are changed.
        mutants_of: every change of a line that says something.
        needed: what is copied, for the tests to run in.
        tests: arguments of pytest; the quick ones first.
        compiles: whether the compiler takes a file of the copy; pytest says so where it is not.
        conditions: what is known of the preprocessor's; lines that are left out are left alone.
    """

    files: tuple[Path, ...]
    mutants_of: Callable[[str], Iterator[str]]
    needed: tuple[str, ...]
    tests: tuple[str, ...]
    compiles: Callable[[Path, Path], bool]
    conditions: Mapping[str, bool] = field(default_factory=dict)


def of_c(line: str) -> Iterator[str]:
    """Every change of a line of C; declarations and preprocessor lines are left alone."""
    if not line.startswith("\t") or line.lstrip().startswith("#"):
        return
    code = line.partition("/*")[0]
    yield from _changed(_CHANGES_OF_C, code, line)
    if _STATEMENT.match(code.rstrip()):
        yield ""


def of_assembler(line: str) -> Iterator[str]:
    """Every change of an instruction."""
    code = line.partition("/*")[0].rstrip()
    if code.endswith((", %esp", ", %rsp")):
        return
    yield from _changed(_CHANGES_OF_ASSEMBLER, code, line)
    if _INSTRUCTION.match(code):
        yield ""


def _changed(changes: Sequence[tuple[str, str]], code: str, line: str) -> Iterator[str]:
    for pattern, replacement in changes:
        for match in re.finditer(pattern, code):
            yield line[: match.start()] + replacement + line[match.end() :]


def _core_compiles(path: Path, tree: Path) -> bool:
    include = [f"-I{tree / part}" for part in (CORE, "tests/core/platform", "include")]
    source = path if path.suffix == ".c" else tree / CORE / "perf_record.c"
    command = ["gcc", "-std=gnu11", "-w", "-fsyntax-only", *include, "-idirafter"]
    command += [str(tree / "include" / "fallback"), str(source)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _found(*patterns: str) -> tuple[Path, ...]:
    paths = (path for pattern in patterns for path in ROOT.glob(pattern))
    return tuple(sorted(path.relative_to(ROOT) for path in paths))


def _fast_path(machine: str) -> Subject:
    x86_64 = machine == "x86_64"
    return Subject(
        files=_found(f"csrc/gnumach/up/*_{machine}.S", "csrc/gnumach/up/perf_record_x86.h"),
        mutants_of=of_assembler,
        needed=("csrc", "include", "mig", "perfmon", "tests"),
        tests=(
            "--kind",
            f"{machine}-up",
            *(
                f"tests/kernel/test_{name}.py"
                for name in (
                    "counts",
                    "samples",
                    "durations",
                    "stress",
                    "statistics",
                    "excluded",
                    "loss",
                )
            ),
        ),
        compiles=lambda path, tree: True,
        conditions={
            "#if defined(__x86_64__)": x86_64,
            "#if !defined(__x86_64__)": not x86_64,
        },
    )


SUBJECTS = {
    "core": Subject(
        files=_found("csrc/core/*.[ch]"),
        mutants_of=of_c,
        needed=("csrc", "include", "tests/core"),
        # The exhaustive model does not read the core, and the races are looked for last.
        tests=(
            "tests/core",
            "--ignore=tests/core/test_model.py",
            "--ignore=tests/core/test_concurrency.py",
        ),
        compiles=_core_compiles,
    ),
    "fast-path": _fast_path("i386"),
    "fast-path-x86_64": _fast_path("x86_64"),
}


def mutants(subject: Subject, files: Sequence[Path]) -> Iterator[Mutant]:
    """Every mutant of these files; comments are left alone."""
    for file in files:
        comment = False
        taken: list[bool | None] = []
        for number, line in enumerate((ROOT / file).read_text().splitlines(), 1):
            if comment or line.lstrip().startswith("/*"):
                comment = "*/" not in line
                continue
            if line.startswith("#if"):
                taken.append(subject.conditions.get(line.strip()))
            elif line.startswith("#else"):
                known = taken.pop()
                taken.append(None if known is None else not known)
            elif line.startswith("#endif"):
                taken.pop()
            if False in taken:
                continue
            for after in subject.mutants_of(line):
                yield Mutant(file, number, line, after)


def complaint(tree: Path, tests: Sequence[str], limit: float | None = None) -> str:
    """What the tests say that do not pass, or not within so many seconds; nothing if they do."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command, cwd=tree, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=limit,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"not done within {limit:.0f} s"
    return done.stdout if done.returncode else ""


def judge(mutant: Mutant, subject: Subject, tree: Path, limit: float) -> tuple[str, str]:
    """ "killed", and by which test; "survived"; or "refused" by the compiler."""
    path = tree / mutant.file
    text = path.read_text()
    lines = text.splitlines(keepends=True)
    lines[mutant.line - 1] = mutant.after + "\n"
    path.write_text("".join(lines))
    try:
        if not subject.compiles(path, tree):
            return "refused", ""
        wrong = complaint(tree, subject.tests, limit)
        return ("killed", " ".join(_FAILED.findall(wrong)) or wrong) if wrong else ("survived", "")
    finally:
        path.write_text(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("subject", nargs="?", choices=SUBJECTS, default="core")
    parser.add_argument("files", nargs="*", type=Path, help="of the subject (default: all)")
    parser.add_argument("--count", type=int, default=100, help="mutants to try (default: 100)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--all", action="store_true", help="print every mutant")
    parser.add_argument("--least", type=int, default=0, help="percent that must be noticed")
    arguments = parser.parse_args(argv)
    subject = SUBJECTS[arguments.subject]
    every = list(mutants(subject, arguments.files or subject.files))
    chosen = random.Random(arguments.seed).sample(every, min(arguments.count, len(every)))
    verdicts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="perfmon-mutants-") as name:
        tree = Path(name)
        for part in subject.needed:
            shutil.copytree(
                ROOT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__", "*.o")
            )
        shutil.copy(ROOT / "pyproject.toml", tree)
        begin = time.monotonic()
        if wrong := complaint(tree, subject.tests):
            sys.exit(f"the tests fail without a mutant:\n{wrong}")
        limit = max(LEAST_SECONDS, TIMES_AS_LONG * (time.monotonic() - begin))
        for mutant in sorted(chosen, key=lambda mutant: (str(mutant.file), mutant.line)):
            verdict, by = judge(mutant, subject, tree, limit)
            verdicts[verdict] += 1
            if arguments.all:
                print(f"{verdict:8} {mutant}  {by}".rstrip(), flush=True)
            elif verdict == "survived":
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
