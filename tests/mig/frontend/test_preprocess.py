# SPDX-License-Identifier: GPL-2.0-or-later
"""How the preprocessor is run."""

import os

import pytest

from mig.frontend.preprocess import PreprocessError, Preprocessor


def test_the_environment_chooses_the_command():
    assert Preprocessor.from_environment({}).command == ("gcc", "-E", "-x", "c")
    assert Preprocessor.from_environment({"CC": "cc -m32"}).command == (
        "cc",
        "-m32",
        "-E",
        "-x",
        "c",
    )
    assert Preprocessor.from_environment({"CPP": "cpp -x c", "CC": "cc"}).command == (
        "cpp",
        "-x",
        "c",
    )


@pytest.mark.parametrize(("flag", "macro"), [("-m32", "__i386__"), ("-m64", "__x86_64__")])
def test_the_target_decides_what_is_predefined(tmp_path, flag, macro):
    file = tmp_path / "t.defs"
    file.write_text("#if defined(__i386__)\n32\n#elif defined(__x86_64__)\n64\n#endif\n")
    text = Preprocessor.from_environment({}, flag).run(str(file))
    assert text.split()[-1] == {"__i386__": "32", "__x86_64__": "64"}[macro]


def test_a_compiler_without_the_target_gets_macros_instead(tmp_path):
    compiler = tmp_path / "cc"
    compiler.write_text(
        '#!/bin/sh\nfor word; do if [ $word = -m32 ]; then echo "bad -m32" >&2; exit 1; fi; done\n'
        'echo "$@"\n'
    )
    compiler.chmod(0o755)
    text = Preprocessor((str(compiler),), "-m32").run("f", ["-DX"])
    assert text == "-D__i386__=1 -U__x86_64__ -DX f\n"


def test_a_failure_is_a_failure(tmp_path):
    file = tmp_path / "t.defs"
    file.write_text("#error no good\n")
    with pytest.raises(PreprocessError, match="no good"):
        Preprocessor.from_environment({}).run(str(file))
    with pytest.raises(PreprocessError, match="exited with status 3"):
        Preprocessor(("sh", "-c", "exit 3")).run("x")
    with pytest.raises(PreprocessError, match="cannot run nowhere-to-be-found"):
        Preprocessor.from_command("nowhere-to-be-found").run("x")


def test_a_command_that_cannot_be_run_leaves_no_file_open():
    preprocessor = Preprocessor.from_command("nowhere-to-be-found")
    free = os.dup(0)
    os.close(free)
    for text in (None, "skip;"):
        with pytest.raises(PreprocessError):
            preprocessor.run("-", text=text)
    again = os.dup(0)
    os.close(again)
    assert again == free


def test_text_can_come_from_the_caller():
    assert Preprocessor.from_command("cat").run("-", text="skip;") == "skip;"


@pytest.mark.parametrize(
    ("command", "reason"),
    [("", "it names no program"), (" ", "it names no program"), ('gcc "', "no closing quotation")],
)
def test_a_command_that_is_none_is_a_failure(command, reason):
    with pytest.raises(PreprocessError, match=f"cannot run '{command}': {reason}"):
        Preprocessor.from_command(command)


@pytest.mark.parametrize("name", ["CC", "CPP"])
def test_a_command_of_the_environment_that_is_none_is_a_failure(name):
    with pytest.raises(PreprocessError, match="cannot run ' ': it names no program"):
        Preprocessor.from_environment({name: " "})
