# SPDX-License-Identifier: GPL-2.0-or-later
"""What statements mean, and which of them are refused."""

import pytest

from mig.compile import CompileError, compile_text
from mig.model.routines import Role
from mig.model.types import Deallocate

HEAD = "subsystem s 100;\ntype port_t = MACH_MSG_TYPE_COPY_SEND;\n"


def model_of(text, abi="x86_64", **options):
    return compile_text(HEAD + text, abi=abi, file="t.defs", **options)


def errors_of(text):
    with pytest.raises(CompileError) as caught:
        compile_text(text, abi="i386", file="t.defs")
    return [diagnostic.render().splitlines()[0] for diagnostic in caught.value.diagnostics]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("type t = 19 | MACH_MSG_TYPE_PORT_SEND;", 64),
        ("type t = MACH_MSG_TYPE_REAL | MACH_MSG_TYPE_INTEGER_32;", 32),
        ("type t = MACH_MSG_TYPE_INTEGER_32 | MACH_MSG_TYPE_REAL;", 32),
    ],
)
def test_a_size_that_one_side_implies_is_that_of_both(text, size):
    assert model_of(text).types["t"].size == size


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("dealloc", Deallocate.YES),
        ("dealloc[], dealloc", Deallocate.MAYBE),
        ("notdealloc, dealloc[]", Deallocate.MAYBE),
        ("dealloc[], notdealloc", Deallocate.MAYBE),
        ("dealloc, notdealloc", Deallocate.NO),
        ("notdealloc, dealloc", Deallocate.NO),
    ],
)
def test_flags_of_deallocation_mean_the_same_in_any_order(flags, expected):
    model = model_of(f"type t = array[] of int; routine r(p : port_t; out a : t, {flags});")
    (argument,) = (a for a in model.defined_routines[0].arguments if a.name == "a")
    assert argument.deallocate is expected
    assert bool(model.warnings) == ("," in flags)


def test_a_string_by_its_number_is_a_string():
    kind = model_of("type t = (12, 64);").types["t"]
    assert (kind.string, kind.is_array) == (True, True)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("type t = MACH_MSG_TYPE_REAL;", "3:10: error: 'MACH_MSG_TYPE_REAL' implies no size"),
        ("type t = MACH_MSG_TYPE_BIT;", "3:10: error: 1 bits are not a whole number of bytes"),
        ("type t = MACH_MSG_TYPE_NONE;", "3:10: error: unknown message type"),
        ("type t = 300;", "3:10: error: 300 is no message type"),
        (
            "type t = MACH_MSG_TYPE_BYTE|MACH_MSG_TYPE_INTEGER_32;",
            "3:10: error: 'MACH_MSG_TYPE_BYTE' has 8 bits",
        ),
        ("type t = struct { nothing a; };", "3:19: error: type 'nothing' is not defined"),
        ("type t = struct { int a; int a; };", "3:30: error: duplicate member 'a'"),
        ("type t = struct { port_t a; };", "3:19: error: a struct cannot hold the port right"),
        ("type t = struct[2] of port_t;", "3:10: error: a struct cannot hold port rights"),
        ("type t = array[4 / (2 - 2)] of int;", "3:18: error: division by zero"),
        ("type t = array[3 - 5] of int;", "3:18: error: -2 is too small"),
        ("type t = array[0] of int;", "3:16: error: 0 is too small"),
        ("type t = array[99999999999] of int;", "3:16: error: 99999999999 does not fit"),
        ("type t = array[900000000] of int;", "3:16: error: 3600000000 bytes are more than"),
        ("type t = ^array[*:4] of int;", "3:10: error: only array[] can be out of line"),
        ("type t = ^array[4] of int;", "3:10: error: only array[] can be out of line"),
        ("type t = ^int;", "3:10: error: only array[] can be out of line"),
        ("type t = ^^array[] of int;", "3:10: error: only array[] can be out of line"),
        (
            "type t = array[2] of array[] of int;",
            "3:22: error: an array cannot have variable-sized",
        ),
        ("type t = array[] of (MACH_MSG_TYPE_BYTE, 8);", "3:6: error: the elements of 't' need"),
        ("type b = array[999] of int; type t = array[] of b;", "3:38: error: an element of 3996"),
        ("type t = int; type t = char;", "3:20: error: type 't' is already defined"),
        ("type int = char;", "3:6: error: type 'int' is already defined"),
        ("type while = int;", "3:6: error: 'while' is a keyword of C"),
        (
            "type t = array[*:3] of int intran: a b(c);",
            "3:28: error: 'intran' cannot apply to the variable-sized array 't'",
        ),
        ("routine r(p : port_t); routine r(p : port_t);", "3:32: error: routine 'r' is already"),
        ("routine for(p : port_t);", "3:9: error: 'for' is a keyword of C"),
        ("routine r(p : port_t; p : int);", "3:23: error: duplicate argument 'p'"),
        ("routine r(p : port_t; a : t = array[] of int; aCnt : int);", "3:47: error: duplicate"),
        ("routine r(p : port_t; Head : int);", "3:23: error: 'Head' is a name that generated code"),
        ("routine r(p : port_t; In1 : int);", "3:23: error: 'In1' is a name that generated code"),
        (
            "routine r(p : port_t; aType : int; a : int);",
            "3:23: error: 'aType' is what generated code calls a part of 'a'",
        ),
        (f"routine r(p : port_t; {'a' * 200} : int);", "3:23: error: a name of 200 characters"),
        ("routine r();", "3:9: error: routine 'r' has no request port"),
        ("routine r(p : int);", "3:11: error: the request port 'p' is not a port"),
        (
            "routine r(p : port_t; replyport a : port_t; ureplyport b : port_t);",
            "3:56: error: a second reply port",
        ),
        ("routine r(p : port_t; waittime w : port_t);", "3:32: error: the wait time 'w' is not an"),
        ("simpleroutine r(p : port_t; out a : int);", "3:33: error: a simpleroutine has no reply"),
        (
            "routine r(p : port_t; inout a : t = array[] of int);",
            "3:29: error: 'a' cannot be inout",
        ),
        ("skip 100; routine r(p : port_t);", "3:19: error: message id 200 is the reply id"),
    ],
)
def test_mistakes_are_reported_at_their_place(text, error):
    found = errors_of(HEAD + text + "\n")
    assert any(line.startswith(f"t.defs:{error}") for line in found), found


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("type t = int;", "t.defs: error: there is no subsystem declaration"),
        ("subsystem a 1; subsystem b 2;", "t.defs:1:16: error: a second subsystem declaration"),
        ("type t = int; subsystem a 1;", "t.defs:1:1: error: a type cannot come before"),
        (f"subsystem a {'9' * 5000};", "t.defs:1:1: error: message id 99999999999999999999 is"),
        (
            f"subsystem a 1; type t = array[{'1 + ' * 5000} 1] of int;",
            "t.defs: error: a type or an expression is nested too deeply",
        ),
        (
            f"subsystem a 1; type t = {'^' * 5000} int;",
            "t.defs: error: a type or an expression is nested too deeply",
        ),
        (
            "subsystem a 2147483500; skip 50; type p = MACH_MSG_TYPE_COPY_SEND; routine r(q : p);",
            "t.defs:1:76: error: message id 2147483550 is too large",
        ),
    ],
)
def test_a_file_has_one_subsystem_with_ids_that_fit(text, error):
    assert any(line.startswith(error) for line in errors_of(text))


def test_every_mistake_of_a_file_is_reported_in_one_run():
    text = "type a = nothing; routine r(q : a); routine r(p : port_t; x : gone);\n"
    assert len([line for line in errors_of(HEAD + text) if "error" in line]) == 4


def test_skipped_ids_leave_holes():
    model = model_of("skip; routine r(p : port_t); skip 2;")
    assert [routine and routine.message_id for routine in model.routines] == [None, 101, None, None]


def test_prefixes_and_defaults_hold_for_what_comes_after():
    model = model_of(
        "routine a(p : port_t); serverprefix S_; userprefix U_; waittime 5; msgoption X;"
        "routine b(p : port_t); nowaittime; msgoption MACH_MSG_OPTION_NONE; routine c(p : port_t);",
        user_prefix="pre_",
    )
    a, b, c = model.defined_routines
    assert (a.user_name, a.server_name) == ("pre_a", "a")
    assert (b.user_name, b.server_name) == ("pre_U_b", "S_b")
    assert [routine.wait_time for routine in (a, b, c)] == [None, "5", None]
    assert [routine.message_option for routine in (a, b, c)] == [None, "X", None]


def test_implied_arguments_stand_behind_their_parents_on_the_right_sides():
    (routine,) = model_of(
        "type any = polymorphic; type ind = array[] of int;"
        "routine r(p : port_t; a : any; b : ind, dealloc[], servercopy; out c : ind, dealloc[]);"
    ).defined_routines
    names = [(item.name, item.user, item.server) for item in routine.arguments]
    assert names == [
        ("p", True, True),
        ("a", True, True),
        ("aPoly", True, True),
        ("b", True, True),
        ("bCnt", True, True),
        ("bDealloc", True, False),
        ("bSCopy", False, True),
        ("c", True, True),
        ("cCnt", True, True),
        ("cDealloc", False, True),
    ]


def test_ports_wait_times_and_sequence_numbers_belong_to_one_side_or_both():
    (routine,) = model_of(
        "routine r(requestport p : port_t; sreplyport q : port_t; waittime w : int;"
        " msgoption o : int; msgseqno n : int);"
    ).defined_routines
    assert [(item.role, item.user, item.server) for item in routine.arguments] == [
        (Role.REQUEST_PORT, True, True),
        (Role.SERVER_REPLY_PORT, False, True),
        (Role.WAIT_TIME, True, False),
        (Role.MESSAGE_OPTION, True, False),
        (Role.SEQUENCE_NUMBER, False, True),
    ]


def test_a_type_copied_by_name_leaves_c_names_and_translations_behind():
    types = model_of("type a = int ctype: other intran: b f(c) destructor: d(b); type e = a;").types
    assert (types["a"].user_type, types["a"].translated_type) == ("other", "b")
    assert types["a"].intran.function == "f"
    assert (types["e"].user_type, types["e"].translated_type) == ("e", "e")
    assert types["e"].intran is None
    assert types["e"].aliases == ("e", "a", "int")


def test_ports_have_another_c_type_inside_the_kernel():
    text = "subsystem KernelServer s 1; type mach_port_t = MACH_MSG_TYPE_COPY_SEND;"
    kind = compile_text(text, abi="i386").types["mach_port_t"]
    assert (kind.user_type, kind.server_type, kind.translated_type) == (
        "mach_port_t",
        "ipc_port_t",
        "ipc_port_t",
    )


def test_flags_of_a_type_are_defaults_of_its_arguments():
    model = model_of(
        "type t = ^array[] of (MACH_MSG_TYPE_INTEGER_32, 32, dealloc);"
        "routine r(p : port_t; a : t; b : t, notdealloc; c : t, dealloc[]);"
    )
    given = [field.deallocate for field in model.defined_routines[0].request.fields]
    assert given == [Deallocate.YES, Deallocate.NO, Deallocate.MAYBE]


@pytest.mark.parametrize(
    ("sides", "warned"),
    [
        ("", ["a", "b"]),
        ("KernelUser", ["b"]),
        ("KernelServer", ["a"]),
        ("KernelUser KernelServer", []),
    ],
)
def test_rights_that_a_task_is_to_deallocate_are_warned_of(sides, warned):
    text = HEAD.replace("subsystem", f"subsystem {sides}") + (
        "routine r(p : port_t; a : port_t, dealloc; out b : port_t, dealloc; c : int, notdealloc);"
    )
    model = compile_text(text, abi="i386", file="t.defs")
    assert [warning.message for warning in model.warnings] == [
        f"'dealloc' makes the kernel refuse the message: '{name}' is never out of line"
        for name in warned
    ]


def test_flags_without_effect_are_warned_of():
    model = model_of("routine r(p : port_t; a : int, dealloc; out b : int, CountInOut);")
    assert [warning.message for warning in model.warnings] == [
        "'dealloc' makes the kernel refuse the message: 'a' is never out of line",
        "'countinout' has no effect: 'b' is no variable-sized array in a reply",
    ]
