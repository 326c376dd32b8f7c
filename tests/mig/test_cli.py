# SPDX-License-Identifier: GPL-2.0-or-later
"""The command, as makefiles use it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mig.cli import main
from mig.command_line import UsageError, parse_arguments

ROOT = Path(__file__).parents[2]
DEFS = "subsystem small 300;\ntype port_t = MACH_MSG_TYPE_COPY_SEND;\n"
GOOD = f"{DEFS}routine one(p : port_t; a : int);\nskip;\nsimpleroutine two(p : port_t);\n"


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["mig"])
    for name in ("CC", "CPP"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "good.defs").write_text(GOOD)
    return tmp_path


def names(directory):
    return sorted(path.name for path in directory.iterdir() if path.suffix != ".defs")


def test_without_names_the_outputs_are_called_after_the_subsystem(directory):
    assert main(["good.defs"]) == 0
    assert names(directory) == ["small.h", "smallServer.c", "smallUser.c"]


def test_n_leaves_only_what_is_named(directory):
    assert main(["-n", "-list", "ids", "good.defs"]) == 0
    assert names(directory) == ["ids"]
    assert (directory / "ids").read_text() == "small 300 one 0 300 400\nsmall 300 two 2 302 0\n"


def test_compat_leaves_the_limits_and_takes_less_well_formed_requests(directory):
    types = "type many = array[] of int;\ntype few = array[*:4] of int;\n"
    (directory / "x.defs").write_text(f"{DEFS}{types}routine r(p : port_t; a : many; b : few);\n")
    assert main(["-n", "-server", "strict.c", "x.defs"]) == 0
    assert main(["-n", "--compat", "-server", "lenient.c", "x.defs"]) == 0
    strict, lenient = (
        " ".join((directory / f"{name}.c").read_text().split()) for name in ("strict", "lenient")
    )
    unwelcome = "msgt_inline && !(In->Head.msgh_bits"
    assert unwelcome in strict
    assert unwelcome not in lenient
    assert strict.count("_number > 4") == lenient.count("_number > 4") == 1


def test_an_empty_word_in_a_batch_is_one(directory, capsys):
    (directory / "jobs").write_text("-n -cc '' good.defs\n-n -list batch-list good.defs\n")
    assert main(["--batch", "jobs"]) == 1
    assert "jobs:1: this job failed:\nmig: cannot run '': it names" in capsys.readouterr().err
    assert (directory / "batch-list").exists()


def test_a_batch_writes_what_its_jobs_write_alone(directory, capsys):
    jobs = {"u.c": "-user", "s.c": "-server", "h.h": "-header", "l": "-list"}
    for name, option in jobs.items():
        assert main(["-n", option, f"alone-{name}", "good.defs"]) == 0
    lines = [f"mig -n {option} batch-{name} good.defs" for name, option in jobs.items()]
    lines += [
        "# a comment",
        "",
        "-n -cc cat - /dev/null -list /dev/stdout < good.defs > batch-out",
        "-n -list nothing 'missing.defs'",
        "-n -wrong",
        "-n -list batch-last good.defs",
    ]
    (directory / "jobs").write_text("\n".join(lines) + "\n")
    capsys.readouterr()
    assert main(["--batch", "jobs"]) == 1
    for name in jobs:
        made = (directory / f"batch-{name}").read_bytes()
        assert made == (directory / f"alone-{name}").read_bytes()
    listing = (directory / "alone-l").read_text()
    assert (directory / "batch-out").read_text() == listing
    assert (directory / "batch-last").read_text() == listing
    errors = capsys.readouterr().err
    assert "jobs:8: this job failed:" in errors
    assert "jobs:9: this job failed:\nmig: no input file" in errors


def test_null_outputs_are_not_written(directory):
    words = ["-user", "/dev/null", "-server", "s.c", "-header", "/dev/null", "-sheader", "s.h"]
    assert main([*words, "good.defs"]) == 0
    assert names(directory) == ["s.c", "s.h"]


def test_individual_stubs_get_a_file_each(directory):
    assert main(["-n", "-i", "RPC_", "good.defs"]) == 0
    assert names(directory) == ["RPC_one.c", "RPC_two.c"]
    assert "two" not in (directory / "RPC_one.c").read_text()


def test_headers_keep_the_lines_that_other_builds_cut_and_read(directory):
    assert main(["-n", "-header", "h", "-sheader", "s", "-prefix", "__", "good.defs"]) == 0
    lines = (directory / "h").read_text().splitlines()
    assert lines[:2] == ["#ifndef _small_user_", "#define _small_user_"]
    assert lines[-1] == "#endif /* _small_user_ */"
    comments = [line.split() for line in lines if line.startswith("/* ")]
    routines = [words[2] for words in comments if len(words) == 4 and "outine" in words[1]]
    assert routines == ["one", "two"]
    assert "kern_return_t __one" in lines
    assert "kern_return_t __one" in (directory / "s").read_text().splitlines()


def test_prefixes_reach_the_functions_that_stubs_call(directory):
    assert main(["-n", "-user", "u.c", "-subrprefix", "__", "good.defs"]) == 0
    text = (directory / "u.c").read_text()
    assert "__mach_msg(" in text
    assert "__mig_get_reply_port()" in text
    assert " mach_msg(" not in text


def test_standard_input_is_a_dash(directory, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", (directory / "good.defs").open())
    assert main(["-n", "-list", "/dev/stdout", "-", "/dev/null"]) == 0
    assert capsys.readouterr().out.startswith("small 300 one")


@pytest.mark.parametrize("words", [("-n", "-header", "/dev/stdout"), ("--check",)])
@pytest.mark.parametrize("file", ["-", "latin.defs"])
def test_text_in_another_encoding_passes_through_in_every_locale(directory, words, file):
    text = f'{DEFS}import "caf\xe9.h";\nroutine one(p : port_t; class : int); /* caf\xe9 */\n'
    (directory / "latin.defs").write_bytes(text.encode("latin-1"))
    with (directory / "latin.defs").open("rb") as standard_input:
        done = subprocess.run(
            [sys.executable, "-m", "mig", "--abi", "i386", *words, file],
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8:strict"},
            stdin=standard_input,
            capture_output=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr.decode()
    assert "caf\xe9".encode("latin-1") in done.stdout


def test_cc_replaces_the_preprocessor(directory, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", (directory / "good.defs").open())
    assert main(["-n", "-cc", "cat", "-", "/dev/null", "-list", "/dev/stdout"]) == 0
    assert capsys.readouterr().out.startswith("small 300 one")


def test_preprocessor_options_go_to_the_preprocessor(directory):
    (directory / "include").mkdir()
    (directory / "include" / "more.defs").write_text("routine NAME(p : port_t);\n")
    (directory / "macro.h").write_text("#define NAME three\n")
    (directory / "x.defs").write_text(f"{DEFS}#include <more.defs>\n")
    for words in (
        ["-Iinclude", "-DNAME=three"],
        ["-I", "include", "-D", "NAME=three"],
        ["-isystem", "include", "-imacros", "macro.h"],
        ["-Iinclude", "-include", "macro.h"],
    ):
        assert main(["-n", "-list", "ids", *words, "x.defs"]) == 0
        assert (directory / "ids").read_text() == "small 300 three 0 300 400\n"


@pytest.mark.parametrize(
    ("command", "compiler", "abi"),
    [
        (["mig", "--abi", "i386"], "gcc", "i386"),
        (["mig", "--abi=x86_64"], "gcc -m32", "x86_64"),
        (["i686-gnu-mig"], "gcc -m64", "i386"),
        (["x86_64-gnu-mig"], "gcc -m32", "x86_64"),
        (["mig"], "gcc -m32", "i386"),
        (["mig"], "gcc -m64", "x86_64"),
    ],
)
def test_the_target_comes_from_option_program_or_compiler(
    directory, monkeypatch, command, compiler, abi
):
    program, *words = command
    monkeypatch.setattr(sys, "argv", [f"/usr/bin/{program}"])
    monkeypatch.setenv("CC", compiler)
    assert main(["-n", "-user", "u.c", *words, "good.defs"]) == 0
    assert (directory / "u.c").read_text().startswith(f"/* Module small, for {abi}.")


def test_dependencies_name_outputs_and_inputs(directory):
    assert main(["-n", "-MD", "-user", "u.c", "-header", "u.h", "good.defs"]) == 0
    rule = (directory / "good-mig.d").read_text()
    assert rule.startswith("u.c u.h: good.defs")


def test_dependencies_go_where_they_are_wanted_in_the_form_that_is_wanted(directory):
    (directory / "more.defs").write_text("type more_t = int;\n")
    (directory / "x.defs").write_text(f"{DEFS}#include <more.defs>\nskip;\n")
    words = ["-n", "-I.", "-list", "ids", "x.defs"]
    assert main(["-MD", "-MF", "x.d", *words]) == 0
    assert main(["-MD", "-MF", "target.d", "-MT", "one", "-MQ", "$two", "-MP", *words]) == 0
    assert main(["-MMD", "-MP", *words]) == 0
    assert "more.defs" in (directory / "x.d").read_text()
    assert (directory / "x.d").read_text().startswith("ids: x.defs")
    rules = (directory / "target.d").read_text()
    assert rules.startswith("one $$two: x.defs")
    assert rules.endswith("\nmore.defs:\n")
    assert (directory / "x-mig.d").read_text().startswith("ids: x.defs")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-MF", "x.d", "good.defs"], "-MF goes with -MD or -MMD"),
        (["-MP", "good.defs"], "-MP goes with -MD or -MMD"),
        (["-MD", "-MF", "x.d", "good.defs", "good.defs"], "-MF names one file"),
        (["-MD", "-MT"], "-MT needs a value"),
    ],
)
def test_options_for_dependencies_need_something_to_apply_to(directory, capsys, words, message):
    assert main(words) == 2
    assert message in capsys.readouterr().err


def test_preprocessors_start_before_the_compiler_is_imported():
    late = ["mig.compile", "mig.frontend.grammar", "re", "enum"]
    command = f"import mig.jobs, sys; print([name for name in {late} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-S", "-c", command],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "[]\n"


def test_nothing_is_written_when_anything_is_wrong(directory, capsys):
    (directory / "bad.defs").write_text(f"{DEFS}routine r(p : int);\n")
    assert main(["good.defs", "bad.defs"]) == 1
    assert names(directory) == []
    assert capsys.readouterr().err == (
        "bad.defs:3:11: error: the request port 'p' is not a port\n"
        "    routine r(p : int);\n"
        "              ^\n"
    )


def test_a_failing_preprocessor_is_a_failure(directory, capsys):
    (directory / "bad.defs").write_text(f"{DEFS}#error out of order\n")
    assert main(["-n", "-user", "u.c", "bad.defs"]) == 1
    assert main(["-n", "-user", "u.c", "absent.defs"]) == 1
    assert names(directory) == []
    errors = capsys.readouterr().err
    assert "out of order" in errors
    assert "absent.defs" in errors


def test_warnings_are_said_unless_quiet(directory, capsys):
    (directory / "odd.defs").write_text(f"{DEFS}type t = (MACH_MSG_TYPE_BYTE, 16);\n")
    assert main(["-n", "odd.defs"]) == 0
    assert "warning: 'MACH_MSG_TYPE_BYTE' has 8 bits, not 16" in capsys.readouterr().err
    assert main(["-n", "-q", "odd.defs"]) == 0
    assert capsys.readouterr().err == ""


def test_files_that_would_not_change_are_left_alone(directory):
    words = ["--python", "made", "-n", "-user", "u.c", "good.defs"]
    assert main(words) == 0
    times = {path: path.stat().st_mtime_ns for path in directory.rglob("*.*")}
    assert {"client.py", "i386.py", "x86_64.py"} <= {path.name for path in times}
    assert all(path.parent.name == "small" for path in times if path.suffix == ".py")
    assert main(words) == 0
    assert times == {path: path.stat().st_mtime_ns for path in directory.rglob("*.*")}


@pytest.mark.parametrize(
    "words", [[], ["-user"], ["--abi"], ["--nonsense", "x"], ["-R", "x"], ["-user", "x"]]
)
def test_a_command_line_without_sense_is_a_usage_error(directory, capsys, words):
    assert main(words) == 2
    assert "Try mig --help." in capsys.readouterr().err


def test_an_unknown_target_is_a_usage_error(directory, capsys):
    assert main(["--abi", "vax", "good.defs"]) == 2
    assert "i386, x86_64" in capsys.readouterr().err


def test_an_output_that_cannot_be_written_is_one_line(directory, capsys):
    (directory / "file").write_text("")
    assert main(["-n", "-user", "file/u.c", "good.defs"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_help_and_version_are_answers_not_errors(directory, capsys):
    assert main(["--help"]) == 0
    assert "-subrprefix" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert "GNU MIG" in capsys.readouterr().out


def test_switches_of_gnu_mig_are_taken():
    arguments = parse_arguments(["-q", "-Q", "-V", "-r", "-S", "-s", "-migcom", "m", "f"])
    assert (arguments.quiet, arguments.symbol_table, arguments.files) == (True, True, ("f",))
    assert arguments.preprocessor == ()
    with pytest.raises(UsageError):
        parse_arguments(["-T", "f"])


def test_a_job_loads_no_module_that_is_slow_to_load(directory):
    slow = {"argparse", "subprocess", "tempfile", "asyncio", "typing", "pathlib", "inspect"}
    code = (
        "import sys, mig.cli; mig.cli.main(['-n', '-user', 'u.c', 'good.defs'])"
        "; print(*sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        # Without site-packages: the tables that a build makes are all that a job needs.
        [sys.executable, "-S", "-c", code],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (directory / "u.c").exists()
    assert slow.isdisjoint(done.stdout.split())
