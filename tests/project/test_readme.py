# SPDX-License-Identifier: GPL-2.0-or-later
"""What the README shows is what there is."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


def shown(program: str) -> list[list[str]]:
    commands = "".join(blocks("sh")).replace("\\\n", " ")
    found = [shlex.split(line, comments=True) for line in commands.splitlines()]
    return [command for command in found if command[:1] == [program]]


def test_the_ten_lines_of_python_are_the_example_that_runs_in_the_tests() -> None:
    (lines,) = blocks("python")
    assert lines in (ROOT / "examples" / "ten_lines.py").read_text()


def test_every_make_target_that_the_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for _, target in shown("make"):
        assert re.search(rf"^{re.escape(target)}:", makefile, re.M), target


@pytest.mark.parametrize("command", shown("perfmon"), ids=" ".join)
def test_every_perfmon_command_of_the_readme_has_the_options_shown(command: list[str]) -> None:
    asked = [sys.executable, "-m", "perfmon", *command[1:], "--help"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", shown("mig"), ids=" ".join)
def test_every_mig_command_of_the_readme_runs(command: list[str], tmp_path: Path) -> None:
    include = [f"-I{ROOT / 'include'}", f"-I{ROOT / 'include' / 'fallback'}"]
    options = [word for word in command[1:-1] if not word.startswith("-I")]
    asked = [sys.executable, "-m", "mig", *options, *include, str(ROOT / command[-1])]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        asked, cwd=tmp_path, capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert any(tmp_path.iterdir())
