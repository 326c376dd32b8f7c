# SPDX-License-Identifier: GPL-2.0-or-later
"""What the parser makes of every construct of the language."""

import pytest

from mig.frontend import nodes
from mig.frontend.diagnostics import Diagnostics, SourceMap
from mig.frontend.grammar import parse


def parse_all(text):
    source = SourceMap(text, "t.defs")
    diagnostics = Diagnostics(source)
    tree = parse(source, diagnostics)
    assert diagnostics.found == ()
    return tree.statements


def parse_one(text):
    (statement,) = parse_all(text)
    return statement


def parse_type(text):
    return parse_one(f"type t = {text};").definition.specification


@pytest.mark.parametrize(
    ("text", "user", "server"),
    [
        ("subsystem s 7;", False, False),
        ("subsystem KernelUser s 7;", True, False),
        ("SubSystem kernelserver s 7;", False, True),
        ("subsystem KernelUser KernelServer s 7;", True, True),
    ],
)
def test_a_subsystem_says_which_sides_are_in_the_kernel(text, user, server):
    node = parse_one(text)
    assert (node.name.text, node.base) == ("s", 7)
    assert (node.kernel_user, node.kernel_server) == (user, server)


def test_keywords_match_in_any_case_and_message_types_do_not():
    assert isinstance(parse_one("TYPE t = Array[] OF int;"), nodes.TypeDeclaration)
    assert parse_type("MACH_MSG_TYPE_BOOLEAN").sent.text == "MACH_MSG_TYPE_BOOLEAN"
    assert parse_type("mach_msg_type_boolean").name == "mach_msg_type_boolean"


def test_a_basic_type_has_what_is_sent_what_arrives_a_size_and_flags():
    node = parse_type("(MACH_MSG_TYPE_MAKE_SEND | 17, 8 * 4, dealloc[], IsLong)")
    assert (node.sent.text, node.received.text) == ("MACH_MSG_TYPE_MAKE_SEND", "17")
    assert node.size.operator == "*"
    assert [(flag.name, flag.maybe) for flag in node.flags] == [
        ("dealloc", True),
        ("islong", False),
    ]


def test_array_forms_differ():
    assert parse_type("array[3] of int").count.value == 3
    assert parse_type("array[] of int").maximum is None
    assert parse_type("array[*] of int").maximum is None
    assert parse_type("array[*:9] of int").maximum.value == 9
    assert isinstance(parse_type("struct[2] of int"), nodes.StructArrayType)
    assert isinstance(parse_type("^array[] of int").target, nodes.VariableArrayType)


def test_c_strings_are_fixed_or_variable():
    assert parse_type("c_string[8]") == nodes.CStringType(
        parse_type("c_string[8]").position, parse_type("c_string[8]").size, False
    )
    assert parse_type("c_string[*:8]").variable


def test_a_struct_lists_its_members_in_order():
    node = parse_type("struct { int a; char b; }")
    assert [(member.type.name, member.name.text) for member in node.members] == [
        ("int", "a"),
        ("char", "b"),
    ]


def test_expressions_bind_as_in_c():
    node = parse_type("array[1 + 2 * 3 - (4 - 5)] of int").count
    assert node.operator == "-"
    assert node.left.operator == "+"
    assert node.left.right.operator == "*"
    assert node.right.operator == "-"


def test_translations_keep_their_names_in_order():
    node = parse_one(
        "type t = int intran: a b(c) outtran: d e(f) intranpayload: g h destructor: i(j)"
        " ctype: k cusertype: l cservertype: m;"
    )
    assert [
        (clause.kind, *(name.text for name in clause.names))
        for clause in node.definition.translations
    ] == [
        ("intran", "a", "b", "c"),
        ("outtran", "d", "e", "f"),
        ("intranpayload", "g", "h"),
        ("destructor", "i", "j"),
        ("ctype", "k"),
        ("cusertype", "l"),
        ("cservertype", "m"),
    ]


def test_arguments_have_directions_types_and_flags():
    node = parse_one(
        "simpleroutine r(p : port_t; out a : int; waittime w : int; msgoption o : int;"
        " ureplyport q : port_t; b : n_t = array[] of int, dealloc, ServerCopy);"
    )
    assert node.simple
    assert [argument.direction for argument in node.arguments] == [
        None,
        "out",
        "waittime",
        "msgoption",
        "ureplyport",
        None,
    ]
    last = node.arguments[-1]
    assert last.type.name.text == "n_t"
    assert [flag.name for flag in last.flags] == ["dealloc", "servercopy"]


def test_words_after_some_keywords_are_not_ordinary_tokens():
    assert parse_one("waittime 5-x/routine.type;").value == "5-x/routine.type"
    assert parse_one("nowaittime;").value is None
    assert parse_one("msgoption MACH_SEND_NOTIFY;").value == "MACH_SEND_NOTIFY"
    assert parse_one('import "a b.h";').header == '"a b.h"'
    assert parse_one('rcsid "$Id: type of import $";').text == '"$Id: type of import $"'


@pytest.mark.parametrize(
    ("word", "user", "server"),
    [("import", True, True), ("uimport", True, False), ("simport", False, True)],
)
def test_imports_say_who_includes_the_header(word, user, server):
    node = parse_one(f"{word} <mach/x.h>;")
    assert (node.user, node.server, node.header) == (user, server, "<mach/x.h>")


def test_the_other_statements():
    kinds = [
        type(node)
        for node in parse_all(
            "serverprefix a; userprefix b; serverdemux c; skip; skip 3; ; routine r(p : int);"
        )
    ]
    assert kinds == [
        nodes.ServerPrefix,
        nodes.UserPrefix,
        nodes.ServerDemux,
        nodes.Skip,
        nodes.Skip,
        nodes.Routine,
    ]


def test_line_markers_are_honoured():
    text = '# 40 "dir/other.defs" 2\n\n  skip;\n#line 7 "third.defs"\nskip;\n# 9\nskip;\n'
    positions = [str(node.position) for node in parse_all(text)]
    assert positions == ["dir/other.defs:41:3", "third.defs:7:1", "third.defs:9:1"]


def test_directives_that_the_preprocessor_leaves_are_passed_over():
    assert len(parse_all('#pragma once\n#define X 1\n# 1 "x"\nskip;\n')) == 1


def test_what_was_parsed_before_is_used_again_where_it_stands_alone():
    shared = '# 1 "shared.defs" 1\ntype a = int;\nskip;\n'
    first, *_ = parse_all(f'{shared}# 1 "x.defs" 2\nskip;\n')
    again, *_ = parse_all(f'# 1 "y.defs"\n{shared}# 7 "y.defs" 2\nskip 2;\n')
    assert again is first
    elsewhere, *_ = parse_all(shared.replace("shared", "other"))
    assert elsewhere.position.file == "other.defs"


def test_a_statement_may_run_over_line_markers():
    text = 'type a = int\n# 4 "x.defs"\nctype: {};\n# 9 "x.defs"\nskip;\n'
    for name in ("one", "two", "one"):
        declaration, _ = parse_all(text.format(name))
        assert declaration.definition.translations[0].names[0].text == name


def test_errors_are_found_again():
    for _ in range(2):
        source = SourceMap('# 1 "x.defs"\nskip x;\n', "t.defs")
        diagnostics = Diagnostics(source)
        parse(source, diagnostics)
        assert [str(found.position) for found in diagnostics.found] == ["x.defs:1:6"]
