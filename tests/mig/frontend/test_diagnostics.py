# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said about wrong input: text, place, source line and caret."""

import textwrap

import pytest

from mig.compile import CompileError, compile_text
from mig.frontend.diagnostics import Diagnostics, Position, SourceMap


def complaints(text):
    with pytest.raises(CompileError) as caught:
        compile_text(text, abi="x86_64", file="t.defs")
    return str(caught.value)


def test_a_syntax_error_shows_place_line_and_caret():
    text = "subsystem s 1;\n\troutine r(p : int out q : int);\n"
    assert complaints(text).split("\n") == [
        "t.defs:2:20: error: syntax error: expected ')', ',', ';' or '=' before 'out'",
        "    \troutine r(p : int out q : int);",
        "    \t                  ^",
    ]


def test_every_statement_in_error_is_reported_and_the_others_are_not():
    text = textwrap.dedent(
        """\
        subsystem s 1;
        type a = array[*:3 of int;
        type b = MACH_MSG_TYPE_COPY_SEND;
        import foo;
        routine r(p : b; x @ : int);
        skip 3
        routine q(p : int;);
        type c = b;
        """
    )
    places = [line.split(": ")[0] for line in complaints(text).splitlines() if "error" in line]
    assert places == ["t.defs:2:20", "t.defs:4:8", "t.defs:5:20", "t.defs:7:1", "t.defs:7:19"]


def test_an_unfinished_statement_is_reported_where_the_text_ends():
    assert "t.defs:2:9: error: syntax error" in complaints("subsystem s 1;\nroutine r\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("subsystem s 1;\n#error x\n", "2:1: error: illegal directive '#error'"),
        ("subsystem s 1; skip 3 #1\n;", "1:23: error: illegal directive '#1'"),
        ("subsystem s 1;\r\n", "1:15: error: illegal character '\\r'"),
        ('subsystem s 1;\nskip "x;', "2:6: error: illegal character '\"'"),
        ("subsystem s 1;\ntype t = \u00b3;", "2:10: error: illegal character '\u00b3'"),
        ("subsystem s 1;\nskip \u0663;", "2:6: error: illegal character '\u0663'"),
        ("subsystem s 0x10;", "1:14: error: syntax error"),
        ("subsystem s 1;\nwaittime A|B;", "2:11: error: syntax error: expected ';' before '|'"),
        ("subsystem s 1;\nimport x;", "2:8: error: syntax error: expected a header name"),
        ("subsystem s 1;\nrcsid x;", "2:7: error: syntax error: expected a string"),
    ],
)
def test_what_is_no_token_is_an_error_at_its_place(text, message):
    assert message in complaints(text)


def test_columns_are_those_of_the_original_line(tmp_path):
    original = "routine\tr(/* the port */ p : int,  nonsense);"
    file = tmp_path / "t.defs"
    file.write_text(f"subsystem s 1;\n{original}\n")
    text = f'# 1 "{file}"\nsubsystem s 1;\nroutine r( p : int, nonsense);\n'
    with pytest.raises(CompileError) as caught:
        compile_text(text, abi="i386")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.source_line == original
    assert diagnostic.position == Position(str(file), 2, original.index("nonsense") + 1)


def test_a_line_that_a_macro_made_is_shown_as_it_became(tmp_path):
    file = tmp_path / "t.defs"
    file.write_text("subsystem s 1;\nMACRO\n")
    with pytest.raises(CompileError) as caught:
        compile_text(f'# 1 "{file}"\nsubsystem s 1;\ntype x = y;\n', abi="i386")
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.source_line, diagnostic.position.column) == ("type x = y;", 10)


def test_the_same_complaint_is_made_once():
    source = SourceMap("abc\n", "f")
    diagnostics = Diagnostics(source)
    for _ in range(2):
        diagnostics.error(Position("f", 1, 2), "no")
    assert [found.render() for found in diagnostics.found] == ["f:1:2: error: no\n    abc\n     ^"]


def test_warnings_do_not_stop_a_compilation():
    model = compile_text(
        "subsystem s 1;\ntype t = (MACH_MSG_TYPE_BYTE, 64);\n", abi="i386", file="t.defs"
    )
    assert [warning.render().splitlines()[0] for warning in model.warnings] == [
        "t.defs:2:10: warning: 'MACH_MSG_TYPE_BYTE' has 8 bits, not 64"
    ]
