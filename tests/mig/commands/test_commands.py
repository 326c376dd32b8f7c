# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands --check, --diff and --json: output, exit status, and what they refuse."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from mig.backends.json_schema import json_schema
from mig.cli import main

ROOT = Path(__file__).parents[3]
INCLUDE = [f"-I{ROOT / 'include'}", f"-I{ROOT / 'include' / 'fallback'}"]
OURS = [
    str(ROOT / "include" / "mach" / "perf_monitor.defs"),
    str(ROOT / "include" / "mach" / "perf_alert.defs"),
    str(ROOT / "csrc" / "workload" / "perf_workload.defs"),
]
DEFS = """\
subsystem s 100;
type port_t = MACH_MSG_TYPE_COPY_SEND ctype: mach_port_t;
type t = array[3] of int;
import "c.h";
routine r(p : port_t; a : t);
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.defs").write_text(DEFS)
    (tmp_path / "c.h").write_text("typedef unsigned int mach_port_t;\ntypedef int t[4];\n")
    return tmp_path


def test_our_own_interfaces_have_nothing_against_them(capsys):
    assert main(["--check", *INCLUDE, *OURS]) == 0
    assert capsys.readouterr() == ("", "")


def test_an_error_makes_the_status_1_and_both_places_are_shown(here, capsys):
    assert main(["--check", "-I.", "s.defs"]) == 1
    assert capsys.readouterr() == (
        "s.defs:3:6: error: 't' has 3 elements, and C's 't' 4 on i386 and x86_64 [c-count]\n"
        "    type t = array[3] of int;\n"
        "         ^\n"
        "c.h:2:13: note: C's 't' is declared here\n"
        "    typedef int t[4];\n"
        "                ^\n",
        "mig: errors: 1, warnings: 0\n",
    )


def test_warnings_leave_the_status_0_and_quiet_keeps_them_back(here, capsys):
    text = DEFS.replace("array[3]", "array[4]") + "type u = int;\n"
    (here / "s.defs").write_text(text)
    assert main(["--check", "-I.", "--abi", "i386", "s.defs"]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0] == (
        "s.defs:6:6: warning: type 'u' is not used by any routine on i386 [unused-type]"
    )
    assert captured.err == "mig: errors: 0, warnings: 1\n"
    assert main(["--check", "-q", "-I.", "s.defs"]) == 0
    assert capsys.readouterr() == ("", "")


def test_a_check_can_report_as_json(here, capsys):
    assert main(["--check", "--json", "-I.", "s.defs"]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "format": "mig-check",
        "version": 1,
        "findings": [
            {
                "check": "c-count",
                "abis": ["i386", "x86_64"],
                "severity": "error",
                "message": "'t' has 3 elements, and C's 't' 4",
                "file": "s.defs",
                "line": 3,
                "column": 6,
                "notes": [
                    {
                        "severity": "note",
                        "message": "C's 't' is declared here",
                        "file": "c.h",
                        "line": 2,
                        "column": 13,
                    }
                ],
            }
        ],
    }


@pytest.mark.parametrize("mode", [["--check"], ["--json"], ["--diff", "s.defs"]])
def test_an_interface_that_does_not_compile_is_diagnosed_as_ever(here, capsys, mode):
    (here / "bad.defs").write_text(DEFS.replace("a : t", "a : nothing"))
    assert main([*mode, "-I.", "bad.defs"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("bad.defs:5:27: error: type 'nothing' is not defined\n")


def test_errors_of_all_files_are_reported_once(here, capsys):
    for name in ("one", "two"):
        (here / f"{name}.defs").write_text(DEFS.replace("a : t", f"a : {name}_t"))
    assert main(["--check", "one.defs", "two.defs"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if not line.startswith("    ")] == [
        "one.defs:5:27: error: type 'one_t' is not defined",
        "two.defs:5:27: error: type 'two_t' is not defined",
    ]


def test_json_is_written_for_all_abis_or_for_the_one_asked_for(here, capsys):
    assert main(["--json", "s.defs"]) == 0
    written = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator(json_schema()).validate(written)
    assert [model["abi"]["name"] for model in written["models"]] == ["i386", "x86_64"]
    assert main(["--json", "--abi", "i386", "s.defs"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert [model["abi"]["name"] for model in written["models"]] == ["i386"]


@pytest.mark.parametrize("kept_as_json", [False, True])
def test_a_break_makes_the_status_1(here, capsys, kept_as_json):
    old = "s.defs"
    if kept_as_json:
        main(["--json", "s.defs"])
        old = "lock.json"
        (here / old).write_text(capsys.readouterr().out)
    (here / "new.defs").write_text(DEFS.replace("; a : t", "") + "routine q(p : port_t);\n")
    assert main(["--diff", old, "new.defs"]) == 1
    assert capsys.readouterr() == (
        "new.defs:5: break: 'r': argument 'a' is gone [prototype]\n"
        "new.defs:5: break: 'r': request: size 40 -> 24 on i386 [request-layout]\n"
        "new.defs:5: break: 'r': request: field 'a' is gone, at offset 24 on i386"
        " [request-layout]\n"
        "new.defs:6: change: 'q': message id 101 is new [added]\n"
        "new.defs:5: break: 'r': request: size 56 -> 32 on x86_64 [request-layout]\n"
        "new.defs:5: break: 'r': request: field 'a' is gone, at offset 32 on x86_64"
        " [request-layout]\n",
        "",
    )


def test_additions_leave_the_status_0(here, capsys):
    (here / "new.defs").write_text(DEFS + "routine q(p : port_t);\n")
    assert main(["--diff", "s.defs", "--json", "new.defs"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "format": "mig-diff",
        "version": 1,
        "abis": ["i386", "x86_64"],
        "breaks": False,
        "changes": [
            {
                "category": "added",
                "breaks": False,
                "subject": "q",
                "what": "message id 101 is new",
                "old": None,
                "new": None,
                "place": "new.defs:6",
                "abis": ["i386", "x86_64"],
            }
        ],
    }


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, "cannot be read: No such file or directory"),
        ("nonsense", "not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[]", "not a document that mig --json wrote"),
    ],
)
def test_an_old_version_that_cannot_be_read_is_named(here, capsys, content, error):
    if content is not None:
        (here / "lock.json").write_text(content)
    assert main(["--diff", "lock.json", "s.defs"]) == 1
    assert capsys.readouterr().err == f"lock.json: error: {error}\n"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--diff", "s.defs"], "--diff takes an old version and one new .defs"),
        (["--diff", "s.defs", "s.defs", "s.defs"], "--diff takes an old version and one new .defs"),
        (["--json", "s.defs", "s.defs"], "--json takes one .defs: a document describes one"),
        (["--json", "--abi", "vax", "s.defs"], "no ABI 'vax': there are i386, x86_64"),
        (["--check"], "no input file"),
    ],
)
def test_a_command_line_that_makes_no_sense_has_status_2(here, capsys, words, error):
    assert main(words) == 2
    assert capsys.readouterr().err.startswith(f"mig: {error}")


def test_only_the_check_needs_pycparser(here):
    program = (
        "import sys; sys.modules['pycparser'] = None; from mig.cli import main;"
        "sys.exit(main(sys.argv[1:]))"
    )
    runs = {}
    for mode in (["--json"], ["--diff", "s.defs"], ["--check"]):
        command = [sys.executable, "-c", program, *mode, "s.defs"]
        done = subprocess.run(
            command, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        runs[mode[0]] = done.returncode, done.stderr.splitlines()[:1]
    assert runs == {
        "--json": (0, []),
        "--diff": (0, []),
        "--check": (2, ["mig: --check needs the Python package pycparser"]),
    }
