# SPDX-License-Identifier: GPL-2.0-or-later
"""What breaks between two versions of an interface: all of it, and nothing else."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mig.backends.json_model import document, models_of
from mig.checks.changes import report
from mig.checks.compatibility import ComparisonError, compare, compared_abis
from mig.compile import compile_text
from mig.model.abi import ABIS

OLD = """\
subsystem s 100;
type port_t = MACH_MSG_TYPE_COPY_SEND ctype: mach_port_t;
type items_t = array[*:9] of int;
type pair_t = struct { int first; short second; };
routine one(p : port_t; a : int; b : items_t; out c : pair_t);
simpleroutine two(p : port_t; a : char);
skip;
routine four(p : port_t; a : int);
"""


def models_in(text, abis=tuple(ABIS), file="t.defs"):
    return models_of(document(compile_text(text, abi=abi, file=file) for abi in abis))


def difference(old, new):
    before, after = models_in(old), models_in(new, file="new.defs")
    return report(compare(before, after), compared_abis(before, after)).splitlines()


def test_a_version_has_no_difference_from_itself():
    assert difference(OLD, OLD) == []


def test_where_things_stand_is_no_difference():
    assert difference(OLD, "\n\n" + OLD.replace("; b :", ";\n  b :")) == []


MUTATIONS = {
    "the subsystem is renamed": (
        ("subsystem s", "subsystem t"),
        [
            "new.defs:1: break: 't': subsystem s -> t [name]",
            "new.defs:1: break: 't': dispatch function s_server -> t_server [name]",
        ],
    ),
    "a routine moves": (
        ("skip;", "skip 2;"),
        [
            "new.defs:8: break: 'four': message id 103 -> 104 [message-id]",
            "new.defs:8: break: 'four': reply id 203 -> 204 [reply-id]",
        ],
    ),
    "a routine goes": (
        ("routine four(p : port_t; a : int);\n", ""),
        ["t.defs:8: break: 'four': message id 103 is gone [removed]"],
    ),
    "a routine is added": (
        ("skip;", "routine three(p : port_t);"),
        ["new.defs:7: change: 'three': message id 102 is new [added]"],
    ),
    "a routine is renamed": (
        ("four(", "five("),
        [
            "new.defs:8: break: 'four': routine four -> five [name]",
            "new.defs:8: break: 'four': user's function four -> five [name]",
            "new.defs:8: break: 'four': server's function four -> five [name]",
        ],
    ),
    "the user's functions get a prefix": (
        ("skip;", "userprefix my_; skip;"),
        ["new.defs:8: break: 'four': user's function four -> my_four [name]"],
    ),
    "the server's functions get a prefix": (
        ("skip;", "serverprefix do_; skip;"),
        ["new.defs:8: break: 'four': server's function four -> do_four [name]"],
    ),
    "a reply appears": (
        ("simpleroutine two", "routine two"),
        ["new.defs:6: break: 'two': reply id none -> 201 [reply-id]"],
    ),
    "a reply goes": (
        ("routine four", "simpleroutine four"),
        ["new.defs:8: break: 'four': reply id 203 -> none [reply-id]"],
    ),
    "an argument is renamed": (
        ("; a : char", "; z : char"),
        ["new.defs:6: change: 'two': argument a -> z [renamed]"],
    ),
    "an argument appears at the end": (
        ("; a : char", "; a : char; z : int"),
        [
            "new.defs:6: break: 'two': argument 'z' is new [prototype]",
            "new.defs:6: break: 'two': request: size 32 -> 40 on i386 [request-layout]",
            "new.defs:6: break: 'two': request: field 'z' is new, at offset 32"
            " on i386 [request-layout]",
            "new.defs:6: break: 'two': request: size 48 -> 64 on x86_64 [request-layout]",
            "new.defs:6: break: 'two': request: field 'z' is new, at offset 48"
            " on x86_64 [request-layout]",
        ],
    ),
    "an argument goes": (
        ("four(p : port_t; a : int)", "four(p : port_t)"),
        [
            "new.defs:8: break: 'four': argument 'a' is gone [prototype]",
            "new.defs:8: break: 'four': request: size 32 -> 24 on i386 [request-layout]",
            "new.defs:8: break: 'four': request: field 'a' is gone, at offset 24"
            " on i386 [request-layout]",
            "new.defs:8: break: 'four': request: size 48 -> 32 on x86_64 [request-layout]",
            "new.defs:8: break: 'four': request: field 'a' is gone, at offset 32"
            " on x86_64 [request-layout]",
        ],
    ),
    "arguments change places": (
        ("a : int; b : items_t;", "b : items_t; a : int;"),
        [
            "new.defs:5: break: 'one': order of arguments p, a, b, bCnt, c -> p, b, bCnt, a, c"
            " [prototype]",
            "new.defs:5: break: 'one': request: 'a', its descriptor's offset 24 -> none on i386"
            " [request-layout]",
            "new.defs:5: break: 'one': request: 'a', its offset 28 -> none on i386"
            " [request-layout]",
            "new.defs:5: break: 'one': request: 'b', its descriptor's offset 32 -> 24 on i386"
            " [request-layout]",
            "new.defs:5: break: 'one': request: 'b', its offset 36 -> 28 on i386 [request-layout]",
            "new.defs:5: break: 'one': request: 'a', its descriptor's offset 32 -> none on x86_64"
            " [request-layout]",
            "new.defs:5: break: 'one': request: 'a', its offset 40 -> none on x86_64"
            " [request-layout]",
            "new.defs:5: break: 'one': request: 'b', its descriptor's offset 48 -> 32 on x86_64"
            " [request-layout]",
            "new.defs:5: break: 'one': request: 'b', its offset 56 -> 40 on x86_64"
            " [request-layout]",
        ],
    ),
    "an argument goes the other way": (
        ("out c", "inout c"),
        [
            "new.defs:5: break: 'one': 'c': direction out -> inout [direction]",
            "new.defs:5: break: 'one': request: least size 36 -> 48 on i386 [request-layout]",
            "new.defs:5: break: 'one': request: greatest size 72 -> 84 on i386 [request-layout]",
            "new.defs:5: break: 'one': request: field 'c' is new [request-layout]",
            "new.defs:5: break: 'one': request: least size 56 -> 72 on x86_64 [request-layout]",
            "new.defs:5: break: 'one': request: greatest size 96 -> 112 on x86_64 [request-layout]",
        ],
    ),
    "an argument becomes the reply port": (
        ("two(p : port_t; a : char", "two(p : port_t; sreplyport r : port_t; a : char"),
        ["new.defs:6: break: 'two': argument 'r' is new [prototype]"],
    ),
    "a type becomes another of the same size": (
        ("two(p : port_t; a : char", "two(p : port_t; a : z = MACH_MSG_TYPE_BYTE ctype: char"),
        [
            "new.defs:6: break: 'two': 'a': type sent MACH_MSG_TYPE_CHAR -> MACH_MSG_TYPE_BYTE"
            " [type]",
            "new.defs:6: break: 'two': 'a': type received MACH_MSG_TYPE_CHAR -> MACH_MSG_TYPE_BYTE"
            " [type]",
        ],
    ),
    "only the C type is another": (
        ("two(p : port_t; a : char", "two(p : port_t; a : z = char"),
        [
            "new.defs:6: break: 'two': 'a': C type of the user char -> z [prototype]",
            "new.defs:6: break: 'two': 'a': C type of the server char -> z [prototype]",
        ],
    ),
    "an array may be longer": (
        ("[*:9]", "[*:10]"),
        [
            "new.defs:5: break: 'one': 'b': elements 9 -> 10 [type]",
            "new.defs:5: break: 'one': request: greatest size 72 -> 76 on i386 [request-layout]",
            "new.defs:5: break: 'one': request: 'b', its greatest size 36 -> 40 on i386"
            " [request-layout]",
        ],
    ),
    "a member is added in padding": (
        ("short second;", "short second; short third;"),
        ["new.defs:5: break: 'one': 'c': member 'third', its offset none -> 6 [type]"],
    ),
    "a member goes": (
        ("short second;", ""),
        [
            "new.defs:5: break: 'one': 'c': elements 2 -> 1 [type]",
            "new.defs:5: break: 'one': 'c': member 'second', its offset 4 -> none [type]",
            "new.defs:5: break: 'one': reply: size 44 -> 40 on i386 [reply-layout]",
            "new.defs:5: break: 'one': reply: 'c', its size 8 -> 4 on i386 [reply-layout]",
        ],
    ),
    "a member is renamed": (
        ("short second;", "short other;"),
        ["new.defs:5: change: 'one': 'c': member second -> other [renamed]"],
    ),
    "members change places": (
        ("int first; short second;", "short second; int first;"),
        [
            "new.defs:5: break: 'one': 'c': member 'first', its offset 0 -> 4 [type]",
            "new.defs:5: break: 'one': 'c': member 'second', its offset 4 -> 0 [type]",
        ],
    ),
    "a right is made instead of copied": (
        ("four(p : port_t", "four(p : q = MACH_MSG_TYPE_MAKE_SEND ctype: mach_port_t"),
        [
            "new.defs:8: break: 'four': 'p': type sent MACH_MSG_TYPE_COPY_SEND ->"
            " MACH_MSG_TYPE_MAKE_SEND [type]",
        ],
    ),
    "a descriptor becomes a long one": (
        ("four(p : port_t; a : int", "four(p : port_t; a : int, IsLong"),
        [
            "new.defs:8: break: 'four': request: size 32 -> 40 on i386 [request-layout]",
            "new.defs:8: break: 'four': request: 'a', its descriptor's size 4 -> 12 on i386"
            " [request-layout]",
            "new.defs:8: break: 'four': request: 'a', its long descriptor no -> yes"
            " [request-layout]",
            "new.defs:8: break: 'four': request: 'a', its offset 28 -> 36 on i386 [request-layout]",
        ],
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_each_kind_of_change_is_found_and_classified(name):
    (before, after), expected = MUTATIONS[name]
    assert OLD.count(before) == 1
    assert sorted(difference(OLD, OLD.replace(before, after))) == sorted(expected)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("x : t = ^array[] of int", "x : t = array[] of int", "'x': inline no -> yes [type]"),
        ("x : t = ^array[] of int", "x : t = array[] of int", "'x': indefinite no -> yes [type]"),
        ("x : t = ^array[] of int", "x : t = array[] of int",
         "request: complex always -> sometimes [request-layout]"),
        ("x : t = ^array[] of int", "x : t = array[] of int",
         "request: complex on arrival always -> sometimes [request-layout]"),
        ("x : t = ^array[] of int", "x : t = ^array[] of int, dealloc",
         "request: 'x', its deallocate no -> yes [request-layout]"),
        ("x : t = array[9] of int", "x : t = array[*:9] of int",
         "'x': variable size no -> yes [type]"),
        ("x : t = c_string[9]", "x : t = array[9] of (12, 8)",
         "'x': string yes -> no [type]"),
        ("x : t = (MACH_MSG_TYPE_UNSTRUCTURED, 32)", "x : t = (MACH_MSG_TYPE_UNSTRUCTURED, 64)",
         "'x': bits of an element 32 -> 64 [type]"),
        ("x : t = array[3] of two", "x : t = array[2] of three",
         "'x': elements per C element 2 -> 3 [type]"),
        ("ureplyport x : port_t", "sreplyport x : port_t",
         "'x': role ureplyport -> sreplyport [direction]"),
        ("ureplyport x : port_t", "sreplyport x : port_t",
         "'x': in the user's function yes -> no [prototype]"),
        ("ureplyport x : port_t", "sreplyport x : port_t",
         "'x': in the server's function no -> yes [prototype]"),
    ],
)  # fmt: skip
def test_each_property_of_an_argument_is_compared(old, new, expected):
    head = (
        "subsystem s 1; type port_t = MACH_MSG_TYPE_COPY_SEND;"
        "type two = array[2] of int; type three = array[3] of int;"
    )
    versions = (f"{head} routine r(p : port_t; {version});" for version in (old, new))
    assert f"new.defs:1: break: 'r': {expected}" in difference(*versions)


def test_members_of_elements_are_compared():
    old = (
        "subsystem s 1; type port_t = MACH_MSG_TYPE_COPY_SEND; type e = struct { int a; int b; };"
        "type t = ^array[] of e; routine r(p : port_t; x : t);"
    )
    assert difference(old, old.replace("int a; int b;", "int b; int a;")) == [
        "new.defs:1: break: 'r': 'x': member 'a', its offset 0 -> 4 [type]",
        "new.defs:1: break: 'r': 'x': member 'b', its offset 4 -> 0 [type]",
    ]


def test_symbols_of_one_number_are_no_difference():
    old = "subsystem s 1; type port_t = MACH_MSG_TYPE_COPY_SEND; type t = MACH_MSG_TYPE_BYTE;"
    old += "routine r(p : port_t; x : t);"
    assert difference(old, old.replace("TYPE_BYTE", "TYPE_INTEGER_8")) == []


def test_only_abis_that_both_describe_are_compared():
    old, new = models_in(OLD, ["i386"]), models_in(OLD.replace("[*:9]", "[*:10]"))
    assert {change.abis for change in compare(old, new)} == {("i386",)}
    with pytest.raises(ComparisonError) as caught:
        compare(old, models_in(OLD, ["x86_64"]))
    assert str(caught.value) == (
        "nothing to compare: the old version is for i386, the new one for x86_64"
    )


def test_a_damaged_model_is_refused_with_the_reason():
    new = models_in(OLD)
    with pytest.raises(ComparisonError) as caught:
        compare({"i386": {"abi": {"name": "i386"}}}, new)
    assert str(caught.value) == "damaged: KeyError: 'subsystem'"


TYPES = ("int", "char", "items_t", "pair_t", "text_t", "many_t", "far_t", "port_t")
DECLARED = """\
type port_t = MACH_MSG_TYPE_COPY_SEND;
type items_t = array[*:9] of int;
type pair_t = struct { int first; short second; };
type text_t = c_string[*:32];
type many_t = array[] of pair_t;
type far_t = ^array[] of char;
"""


@st.composite
def interfaces(draw):
    lines = [f"subsystem s {draw(st.integers(1, 9999))};", DECLARED]
    for number in range(draw(st.integers(1, 4))):
        simple = draw(st.booleans())
        arguments = ["p : port_t"]
        for index in range(draw(st.integers(0, 4))):
            direction = "" if simple else draw(st.sampled_from(("", "out ")))
            arguments.append(f"{direction}a{index} : {draw(st.sampled_from(TYPES))}")
        keyword = "simpleroutine" if simple else "routine"
        lines.append(f"{keyword} r{number}({'; '.join(arguments)});")
        lines += ["skip;"] * draw(st.integers(0, 2))
    return lines


@settings(max_examples=25, deadline=None)
@given(interfaces())
def test_any_interface_has_no_difference_from_itself(lines):
    text = "\n".join(lines)
    assert compare(models_in(text), models_in(text)) == ()


@settings(max_examples=25, deadline=None)
@given(interfaces(), st.data())
def test_an_argument_that_becomes_another_type_is_always_a_break(lines, data):
    places = [i for i, line in enumerate(lines) if "a0 : " in line]
    if not places:
        return
    at = data.draw(st.sampled_from(places))
    old_type = lines[at].split("a0 : ")[1].split(";")[0].split(")")[0]
    new_type = data.draw(st.sampled_from([name for name in TYPES if name != old_type]))
    changed = list(lines)
    changed[at] = lines[at].replace(f"a0 : {old_type}", f"a0 : {new_type}", 1)
    found = compare(models_in("\n".join(lines)), models_in("\n".join(changed)))
    categories = Counter(change.category for change in found if change.breaks)
    assert categories["prototype"] and categories["type"]
    assert {change.subject for change in found} == {lines[at].split("(")[0].split()[1]}
