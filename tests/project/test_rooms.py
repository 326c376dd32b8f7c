# SPDX-License-Identifier: GPL-2.0-or-later
"""The house of docs/architecture.md: imports and includes go one way only."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A module may import its own room and the rooms named beside it.
MAY_IMPORT = {
    "mig.rpc": (),
    "mig.frontend": ("mig.record", "mig.files", "mig.errors"),
    "mig.model": ("mig.frontend", "mig.record"),
    "mig.backends": ("mig.model", "mig.frontend", "mig.record"),
    "mig.checks": ("mig.model", "mig.frontend", "mig.compile", "mig.files"),
    "perfmon.regressions": (
        *("mig.rpc", "perfmon._generated", "perfmon.address", "perfmon.clock", "perfmon.errors"),
        *("perfmon.events", "perfmon.host", "perfmon.info", "perfmon.interface", "perfmon.kernel"),
        *("perfmon.reader", "perfmon.recording", "perfmon.samples", "perfmon.statistics"),
        *("perfmon.text", "perfmon.whole_file", "perfmon.workloads"),
    ),
    "perfmon.kernel": ("mig.rpc", "perfmon.whole_file"),
}
# Outside these rooms, only these may know the compiler.
COMPILER = (
    *("mig.frontend", "mig.model", "mig.backends", "mig.checks", "mig.commands"),
    *("mig.compile", "mig.command_line", "mig.jobs", "mig.batch", "mig.cli"),
)

MAY_INCLUDE = {
    "csrc/core": ("csrc/core",),
    "csrc/rpc": ("csrc/core", "csrc/rpc"),
    "csrc/gnumach": ("csrc/core", "csrc/rpc", "csrc/gnumach"),
    "csrc/embedded": ("csrc/core", "csrc/rpc", "csrc/embedded"),
    "csrc/guest": ("csrc/guest",),
}


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--", *patterns], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [ROOT / line for line in listed.splitlines() if (ROOT / line).exists()]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def within(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(room + ".") for room in rooms)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_no_room_above_it(room: str) -> None:
    allowed = (room, *MAY_IMPORT[room])
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in tracked("mig/*.py", "perfmon/*.py")
        if within(module_name(path), (room,))
        for line, name in imported(path)
        if name.startswith(("mig.", "perfmon.")) and not within(name, allowed)
        if not (name.count(".") == 1 and within(room, (name,)))
    ]
    assert wrong == []


def test_the_library_knows_nothing_of_the_compiler() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in tracked("perfmon/*.py", "examples/*.py")
        for line, name in imported(path)
        if within(name, COMPILER)
    ]
    assert wrong == []


def test_the_compiler_knows_nothing_of_its_runtime_or_the_monitor() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in tracked("mig/*.py")
        if within(module_name(path), COMPILER)
        for line, name in imported(path)
        if within(name, ("mig.rpc", "perfmon"))
    ]
    assert wrong == []


@pytest.mark.parametrize("room", MAY_INCLUDE)
def test_a_c_room_includes_headers_of_no_room_above_it(room: str) -> None:
    headers = {
        path.name: str(path.parent.relative_to(ROOT))
        for path in tracked("csrc/*.h")
        # Each platform brings its own headers of these names; that is the point of them.
        if path.name not in ("perf_platform.h", "perf_platform_rpc.h")
        # What stands in for another project's headers is included by that project's paths.
        and "include" not in path.parts
    }
    wrong = [
        f"{path.relative_to(ROOT)}: {included}"
        for path in tracked(f"{room}/*.c", f"{room}/*.h", f"{room}/*.S")
        for included in re.findall(r'^#\s*include\s+["<]([^/">]+)[">]', path.read_text(), re.M)
        if included in headers and not headers[included].startswith(MAY_INCLUDE[room])
    ]
    assert wrong == []


def test_no_committed_text_names_a_path_of_one_machine() -> None:
    private = re.compile(r"(?<![\w.$}])/(?:work|root|farm)/|/tmp/(?!\*)")
    wrong = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked("*.py", "*.c", "*.h", "*.S", "*.md", "*.defs", "Makefile", ".ci/run")
        if path != Path(__file__).resolve()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if private.search(line)
    ]
    assert wrong == []
