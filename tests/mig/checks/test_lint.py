# SPDX-License-Identifier: GPL-2.0-or-later
"""What is doubtful about interfaces that compile."""

import pytest

from mig.checks.findings import report
from mig.checks.lint import lint
from mig.checks.units import compile_unit

PORT = "type port_t = MACH_MSG_TYPE_COPY_SEND;\n"


def found(*texts, abi="i386"):
    units = [
        compile_unit(text, abi, file=f"{name}.defs")
        for name, text in zip("ab", texts, strict=False)
    ]
    return report(lint(units))


def heads(*texts):
    return [line for line in found(*texts).splitlines() if not line.startswith("    ")]


def test_an_ordinary_interface_has_nothing_doubtful():
    assert found(f"subsystem s 100;\n{PORT}routine r(p : port_t; a : int);\n") == ""


def test_warnings_of_the_compiler_are_among_the_findings():
    text = f"subsystem s 100;\n{PORT}routine r(p : port_t; a : int, servercopy);\n"
    assert heads(text) == [
        "a.defs:3:32: warning: 'servercopy' has no effect: 'a' is no array[] in a request on i386"
        " [compiler]"
    ]


def test_types_that_no_routine_needs_are_found():
    text = (
        f"subsystem s 100;\n{PORT}"
        "type e = int; type used = array[] of e;\n"
        "type other = struct { e x; };\n"
        "routine r(p : port_t; a : q = ^ used);\n"
    )
    assert found(text) == (
        "a.defs:4:6: warning: type 'other' is not used by any routine on i386 [unused-type]\n"
        "    type other = struct { e x; };\n"
        "         ^\n"
    )


def test_types_of_included_files_need_not_be_used():
    text = f'subsystem s 100;\n# 1 "types.defs"\ntype t = int;\n# 3 "a.defs"\n{PORT}'
    assert found(f"{text}routine r(p : port_t);\n") == ""


def test_a_finding_is_shown_wherever_a_marker_says_that_it_is():
    two = f'subsystem two 99;\n{PORT}skip;\n# 7 "\0.defs"\nroutine q(p : port_t);\n'
    assert heads(f"subsystem one 100;\n{PORT}routine r(p : port_t);\n", two)[0] == (
        "\0.defs:7:9: error: message id 100 of 'q' is taken already on i386 [duplicate-id]"
    )


def test_message_ids_that_two_interfaces_share_are_errors_with_both_places():
    one = f"subsystem one 100;\n{PORT}routine r(p : port_t);\n"
    two = f"subsystem two 99;\n{PORT}skip;\nroutine q(p : port_t);\n"
    assert found(one, two) == (
        "b.defs:4:9: error: message id 100 of 'q' is taken already on i386 [duplicate-id]\n"
        "    routine q(p : port_t);\n"
        "            ^\n"
        "a.defs:3:9: note: 'r' of subsystem 'one' has it\n"
        "    routine r(p : port_t);\n"
        "            ^\n"
    )


@pytest.mark.parametrize("swapped", [False, True])
def test_a_request_with_the_id_of_a_reply_is_an_error_whichever_comes_first(swapped):
    replies = f"subsystem one 100;\n{PORT}routine r(p : port_t);\n"
    requests = f"subsystem two 200;\n{PORT}simpleroutine q(p : port_t);\n"
    texts = (requests, replies) if swapped else (replies, requests)
    errors = [line for line in heads(*texts) if ": error: " in line]
    name = "a" if swapped else "b"
    assert errors == [
        f"{name}.defs:3:15: error: message id 200 of 'q' is a reply's: replies have the request's"
        " id plus 100 on i386 [reply-id]"
    ]


def test_a_simpleroutine_has_no_reply_to_collide_with():
    one = f"subsystem one 100;\n{PORT}simpleroutine r(p : port_t);\n"
    two = f"subsystem two 200;\n{PORT}routine q(p : port_t);\n"
    assert found(one, two) == ""


def test_a_c_function_that_two_interfaces_define_is_an_error():
    one = f"subsystem one 100;\n{PORT}routine r(p : port_t);\n"
    two = f"subsystem two 500;\n{PORT}routine r(p : port_t);\n"
    assert heads(one, two) == [
        "b.defs:3:9: error: the C function 'r' is defined twice on i386 [duplicate-function]",
        "a.defs:3:9: note: it is defined by subsystem 'one', too",
    ]
    assert heads(one, f"userprefix x_;{two}") == []


def test_keywords_of_cxx_are_found():
    text = f"subsystem s 100;\n{PORT}routine r(p : port_t; new : int);\n"
    assert heads(text) == [
        "a.defs:3:23: warning: 'new' is a keyword of C++, which cannot include this header on i386"
        " [cxx-keyword]"
    ]


def test_ids_of_notifications_are_found():
    text = f"subsystem s 60;\n{PORT}skip 4;\nsimpleroutine r(p : port_t);\n"
    assert heads(text) == [
        "a.defs:4:15: warning: message id 64 is that of a notification from the kernel on i386"
        " [notification-id]"
    ]
    assert heads(f"subsystem notify 64;\n{PORT}simpleroutine r(p : port_t);\n") == []


def test_an_interface_without_a_routine_is_found():
    assert heads("subsystem s 100;\nskip 2;\n") == [
        "a.defs:1:1: warning: subsystem 's' skips message ids 100 to 101 and has no routine"
        " on i386 [no-routine]"
    ]


def test_large_messages_are_found_and_their_largest_part_named():
    text = (
        f"subsystem s 100;\n{PORT}type t = array[*:5000] of int;\n"
        "routine r(p : port_t; small : int; big : t);\n"
    )
    assert heads(text) == [
        "a.defs:4:9: warning: the request of 'r' has up to 20044 bytes, which stubs keep on the"
        " stack; 'big' could go out of line on i386 [large-message]"
    ]


def test_the_kernels_own_calls_have_less_room():
    text = f"{PORT}type t = array[*:1100] of int;\nroutine r(p : port_t; out a : t);\n"
    assert heads(f"subsystem s 100;\n{text}") == []
    assert heads(f"subsystem KernelUser s 100;\n{text}") == [
        "a.defs:4:9: warning: the reply of 'r' has up to 4436 bytes, and a kernel's stack has 4096"
        " on i386 [large-message]"
    ]
