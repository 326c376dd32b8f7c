# SPDX-License-Identifier: GPL-2.0-or-later
"""The compiler as a library: whatever the input, a model and text or errors with places."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig.compile import (
    CompileError,
    PreprocessError,
    compile_defs,
    compile_text,
    generate_c,
    write_python,
)

ROOT = Path(__file__).parents[2]
PERF_MONITOR = ROOT / "include" / "mach" / "perf_monitor.defs"
INCLUDE = (ROOT / "include", ROOT / "include" / "fallback")
KINDS = ("user", "server", "header", "sheader", "iheader", "list")

SEED = """
subsystem KernelServer seed 10; serverprefix S_; waittime 3; import <a.h>;
type port_t = MACH_MSG_TYPE_COPY_SEND | polymorphic ctype: x intran: a b(c) destructor: d(a);
type u = (MACH_MSG_TYPE_INTEGER_16, 8 * 2, dealloc[]); type v = array[*:4 - 1] of u;
type w = ^array[] of u; type s = struct { u a; int b; }; type t = c_string[*:9];
simpleroutine one(p : port_t; a : v; msgoption o : int); skip 2;
routine two(requestport p : port_t; out b : w, dealloc; inout c : s; d : t; sreplyport r : port_t);
"""
TOKENS = re.findall(r"[A-Za-z_0-9]+|<[^>]*>|\S", SEED)
WORDS = st.sampled_from([*TOKENS, "0", "99999999999", "#", '"', "\n", "array", "[", "]", "^", "@"])


@st.composite
def mutated_texts(draw):
    tokens = list(TOKENS)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(tokens) - 1))
        change = draw(st.sampled_from(["drop", "replace", "insert", "cut"]))
        if change == "drop":
            tokens[place] = ""
        elif change == "replace":
            tokens[place] = draw(WORDS)
        elif change == "insert":
            tokens.insert(place, draw(WORDS))
        else:
            tokens = [*tokens[:place], ";"]
    return " ".join(tokens)


@given(mutated_texts(), st.sampled_from(["i386", "x86_64"]))
def test_any_text_is_compiled_or_refused_with_places(text, abi):
    try:
        model = compile_text(text, abi=abi, file="t.defs")
    except CompileError as error:
        assert all(diagnostic.position.file == "t.defs" for diagnostic in error.diagnostics)
        assert "error: " in str(error)
    else:
        for kind in KINDS:
            assert kind == "list" or generate_c(model, kind).endswith("\n")
        assert generate_c(model, "list").count("\n") == len(model.defined_routines)


@given(st.text(alphabet=st.characters(max_codepoint=0x2000), max_size=40))
def test_no_text_is_too_strange(text):
    with pytest.raises(CompileError, match="error: "):
        compile_text(text, abi="i386")


@pytest.mark.parametrize("abi", ["i386", "x86_64"])
def test_output_depends_on_nothing_but_the_input(abi):
    first, second = (compile_defs(PERF_MONITOR, abi=abi, include=INCLUDE) for _ in range(2))
    for kind in KINDS:
        text = generate_c(first, kind)
        assert text == generate_c(second, kind)
        assert str(ROOT) not in text


def test_defines_reach_the_interface():
    defines = ("KERNEL_SERVER=1", "PERF_MONITOR_SERVERPREFIX=ipc_")
    model = compile_defs(PERF_MONITOR, abi="i386", include=INCLUDE, defines=defines)
    assert model.kernel_server
    assert model.defined_routines[0].server_name == "ipc_perf_monitor_enable"


def test_python_is_written_into_a_package_of_the_subsystem(tmp_path):
    write_python(PERF_MONITOR, tmp_path, include=INCLUDE)
    assert (tmp_path / "perf_monitor" / "client.py").is_file()


def test_python_is_written_with_the_comments_as_they_stand_after_an_edit(tmp_path):
    path = tmp_path / "s.defs"
    for comment in ("Asks once.", "Asks twice."):
        path.write_text(
            "subsystem s 1; type port_t = MACH_MSG_TYPE_COPY_SEND;\n"
            f"/* {comment} */\nroutine r(p : port_t);\n"
        )
        write_python(path, tmp_path)
        assert comment in (tmp_path / "s" / "client.py").read_text()


def test_an_unknown_target_is_refused():
    with pytest.raises(ValueError, match="no ABI 'vax': there are i386, x86_64"):
        compile_text("subsystem s 1;", abi="vax")


def test_an_absent_file_is_refused():
    with pytest.raises(PreprocessError, match=r"absent\.defs"):
        compile_defs("absent.defs", abi="i386")
