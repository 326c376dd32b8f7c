# SPDX-License-Identifier: GPL-2.0-or-later
"""Completion scripts, asked by the shells that they are for."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from perfmon.cli import COMMANDS
from perfmon.cli.completion import SHELLS

# Completes the words given as a user's <TAB> would, and prints what there is to choose from.
BASH = """
eval "$(PERFMON completion bash)"
complete=$(complete -p perfmon | sed 's/.*-F \\([^ ]*\\).*/\\1/')
COMP_LINE="perfmon $*"; eval "COMP_WORDS=(perfmon $(sed 's/:/ : /g' <<< "$*"))"
[[ $* == *[!\\ ] ]] || COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
$complete perfmon "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def perfmon() -> str:
    return f"'{sys.executable}' -m perfmon"


def in_bash(*words: str, cwd: Path) -> set[str]:
    script = BASH.replace("PERFMON", perfmon())
    done = subprocess.run(
        ["bash", "--norc", "-c", script, "bash", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[3]),
            "XDG_RUNTIME_DIR": str(cwd),
        },
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["st"], ["stats"]),
        (["-H", "embedded:", "che"], ["check-regression"]),
        (["stats", "vm"], ["VM_ALLOC", "VM_FREE"]),
        (["check-regression", "-e", "page"], ["PAGE_FAULT"]),
        (["kernel", "in"], ["instrument"]),
        (["configure", "--mode", "o"], ["overwrite"]),
        (["report", "tr"], ["trace"]),
        (["monitor", "--pl"], ["--plain"]),
    ],
    ids=str,
)
def test_bash_completes_commands_options_events_and_directories(words, found, tmp_path):
    (tmp_path / "trace").mkdir()
    (tmp_path / "trunk.txt").touch()
    assert in_bash(*words, cwd=tmp_path) == set(found)


@pytest.fixture
def guests(tmp_path: Path) -> Path:
    """A directory at run time in which two guests have theirs."""
    for name in ("first-light", "second"):
        (tmp_path / "perfmon" / name).mkdir(parents=True)
        (tmp_path / "perfmon" / name / "guest.json").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["-H", "q"], ["qemu:first-light", "qemu:second"]),
        (["-H", "qemu:"], ["first-light", "second"]),
        (["stats", "-H", "qemu:fi"], ["first-light"]),
        (["-H", "e"], ["embedded:"]),
        (["-H", "qemu:second", "che"], ["check-regression"]),
        (["kernel", "stop", "se"], ["second"]),
    ],
    ids=str,
)
def test_bash_completes_addresses_and_the_names_of_guests(words, found, guests):
    assert in_bash(*words, cwd=guests) == set(found)


def test_bash_knows_every_command(tmp_path):
    assert in_bash("", cwd=tmp_path) >= set(COMMANDS)


@pytest.mark.parametrize("shell", [name for name in SHELLS if name != "bash"])
def test_other_shells_take_the_script_too(shell, tmp_path, guests):
    if shutil.which(shell) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{shell} is missing: tools/system-packages test brings it")
        pytest.skip(f"{shell} is missing: tools/system-packages test brings it")
    script = tmp_path / "script"
    with script.open("w") as file:
        subprocess.run(
            [sys.executable, "-m", "perfmon", "completion", shell], stdout=file, check=True
        )
    ask = {
        "zsh": f'autoload -U compinit; compinit -u -d "{tmp_path}/dump"; eval "$(cat {script})";'
        " echo $_comps[perfmon]",
        "fish": f'source {script}; complete -C "perfmon stats PAGE"; complete -C "perfmon che";'
        ' complete -C "perfmon -H qemu:"',
    }[shell]
    done = subprocess.run(
        [shell, "-c", ask],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={
            **os.environ,
            "HOME": str(tmp_path),
            "ZDOTDIR": str(tmp_path),
            "XDG_RUNTIME_DIR": str(guests),
        },
    )
    assert done.stderr == ""
    wanted = {"zsh": ["_shtab_perfmon"], "fish": ["PAGE_FAULT", "check-regression", "qemu:second"]}[
        shell
    ]
    assert all(word in done.stdout for word in wanted)


def test_without_shtab_it_is_asked_for_by_name(monkeypatch, capsys):
    from perfmon.cli import main

    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 2
    assert "pip install 'perfmon[completion]'" in capsys.readouterr().err
