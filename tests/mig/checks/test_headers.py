# SPDX-License-Identifier: GPL-2.0-or-later
"""Types that are not the bytes of the C type they name are found, with both places."""

import pytest

from mig.checks.findings import merged, report
from mig.checks.headers import check_headers
from mig.checks.units import compile_unit
from mig.frontend.preprocess import Preprocessor
from mig.model.abi import ABIS

HEAD = "subsystem s 100;\ntype port_t = MACH_MSG_TYPE_COPY_SEND ctype: mach_port_t;\n"
IMPORT = 'import "c.h";\n'
BASE = "typedef unsigned int mach_port_t;\n"


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Check one type against a header; the first lines of what is found."""
    monkeypatch.chdir(tmp_path)

    def found(header, declarations, *, kind="t", direction="", head=HEAD, full=False, abis=ABIS):
        (tmp_path / "c.h").write_text(BASE + header)
        text = f"{head}{IMPORT}{declarations}\nroutine r(p : port_t; {direction} x : {kind});\n"
        (tmp_path / "t.defs").write_text(text)
        findings = []
        for abi in abis:
            preprocessor = Preprocessor.from_environment(target_flag=ABIS[abi].compiler_flag)
            unit = compile_unit(
                preprocessor.run("t.defs"), abi, file="t.defs",
                preprocessor=preprocessor, options=["-I."],
            )  # fmt: skip
            findings += check_headers(unit)
        text = report(merged(findings))
        if full:
            return text
        return [
            line.split(": ", 1)[1]
            for line in text.splitlines()
            if not line.startswith("    ") and "is declared here" not in line
        ]

    return found


@pytest.mark.parametrize(
    ("header", "declaration"),
    [
        ("typedef int t;", "type t = int;"),
        ("typedef long t;", "type t = intptr_t;"),
        ("typedef mach_port_t t;", "type t = MACH_MSG_TYPE_MAKE_SEND;"),
        ("typedef mach_port_t t;", "type t = polymorphic;"),
        ("typedef int t[3];", "type t = array[3] of int;"),
        ("typedef int *t;", "type t = array[3] of int;"),
        ("typedef mach_port_t t[3];", "type t = array[3] of port_t;"),
        ("typedef char t[128];", "type t = c_string[128];"),
        ("typedef char t[128];", "type t = (MACH_MSG_TYPE_STRING_C, 8*128);"),
        ("typedef char *t;", "type t = c_string[*:128];"),
        ("typedef short *t;", "type t = array[] of short;"),
        ("typedef short t[9];", "type t = array[*:9] of short;"),
        ("typedef unsigned long t;", "type t = ^array[] of char;"),
        ("typedef mach_port_t *t;", "type t = ^array[] of port_t;"),
        ("typedef void *t;", "type t = ^array[] of char;"),
        ("typedef struct { char a; int b; } t;", "type t = struct { char a; int b; };"),
        ("typedef struct { int a[4]; } t;", "type t = struct[4] of int;"),
        ("typedef struct { union { int a; char z; }; int b; } t;", "type t = struct[2] of int;"),
    ],
)  # fmt: skip
def test_types_that_are_alike_are_not_complained_about(check, header, declaration):
    assert check(header, declaration) == []


BOTH = " on i386 and x86_64"


@pytest.mark.parametrize(
    ("header", "declaration", "message"),
    [
        ("typedef short t;", "type t = int;",
         f"error: 't' has 4 bytes, and C's 't' 2{BOTH} [c-size]"),
        ("typedef long t;", "type t = int;",
         "error: 't' has 4 bytes, and C's 't' 8 on x86_64 [c-size]"),
        ("typedef int t[4];", "type t = array[3] of int;",
         f"error: 't' has 3 elements, and C's 't' 4{BOTH} [c-count]"),
        ("typedef short t[3];", "type t = array[3] of int;",
         f"error: 't' has 12 bytes, and C's 't' 6{BOTH} [c-size]"),
        ("typedef int t[8];", "type t = array[*:9] of int;",
         f"error: 't' has 9 elements, and C's 't' 8{BOTH} [c-count]"),
        ("typedef short *t;", "type t = array[*:9] of int;",
         f"error: an element of 't' has 4 bytes, and one of C's 't' 2{BOTH} [c-size]"),
        ("typedef char t[64];", "type t = c_string[128];",
         f"error: 't' has 128 elements, and C's 't' 64{BOTH} [c-count]"),
        ("typedef struct { long x; } *t;", "type t = ^array[] of int;",
         "error: an element of 't' has 4 bytes, and one of C's 't' 8 on x86_64 [c-size]"),
        ("typedef short t;", "type t = ^array[] of int;",
         "error: 't' is an address of 4 bytes in C, and C's 't' is no pointer and has 2 on i386"
         " [c-size]"),
        ("typedef struct { int a; int b; } t;", "type t = struct[3] of int;",
         f"error: 't' has 12 bytes, and C's 't' 8{BOTH} [c-size]"),
        ("typedef void t;", "type t = int;",
         f"error: C's 't' has no size: it is incomplete or void{BOTH} [c-size]"),
        ("typedef struct { int a; } __attribute__((aligned(16))) t;", "type t = struct[4] of int;",
         "error: C aligns 't' to 16 bytes, and messages align nothing to more than 4 on i386"
         " [c-alignment]"),
        ("typedef struct { int b; int a; } t;", "type t = struct { int a; int b; };",
         f"error: member 'a' is at offset 0, and at 4 in C's 't'{BOTH} [c-member]"),
        ("typedef struct { short a; int b; } t;", "type t = struct { int a; int b; };",
         f"error: member 'a' has 4 bytes, and 2 in C's 't'{BOTH} [c-member]"),
        ("typedef struct { int a : 7; int b; } t;", "type t = struct { int a; int b; };",
         f"error: member 'a' has 4 bytes, and 0.875 in C's 't'{BOTH} [c-member]"),
        ("typedef struct { int a; int c; } t;", "type t = struct { int a; int b; };",
         f"warning: C's 't' has no member 'b'{BOTH} [c-member]"),
        ("typedef int t[UNKNOWN];", "type t = array[3] of int;",
         f"warning: the size of C's 't' cannot be found: cannot evaluate 'UNKNOWN'{BOTH}"
         " [c-unknown]"),
        ("", "type t = int;",
         f"warning: C's 't' is declared by none of the headers that stubs include{BOTH}"
         " [c-unknown]"),
    ],
)  # fmt: skip
def test_a_difference_is_found(check, header, declaration, message):
    assert message in check(header, declaration)


def test_elements_and_members_are_held_against_their_own_c_types(check):
    header = "typedef struct { short x; } e; typedef struct { e a; e b; } t;"
    declarations = "type e = int;\ntype t = struct { e a; e b; };"
    assert f"error: 'e' has 4 bytes, and C's 'e' 2{BOTH} [c-size]" in check(header, declarations)


def test_the_c_type_of_each_side_is_held_against_the_type(check):
    header = "typedef int u; typedef short v;"
    found = check(header, "type t = int cusertype: u cservertype: v;")
    assert found == [f"error: 't' has 4 bytes, and C's 'v' 2{BOTH} [c-size]"]


def test_types_of_the_kernel_are_left_out_with_a_note(check):
    head = HEAD.replace("subsystem", "subsystem KernelServer")
    found = check("typedef int t;", "type t = int;", head=head)
    assert found == [
        f"note: 'ipc_port_t' is a type of the kernel: it is not checked{BOTH} [c-kernel]"
    ]


def test_a_header_that_is_not_found_is_named(check):
    head = f'{HEAD}import "nowhere.h";\n'
    found = check("typedef int t;", "type t = int;", head=head)
    assert found == [
        f'warning: "nowhere.h" is not found: types that it declares are not checked{BOTH}'
        " [c-header]"
    ]


def test_headers_that_do_not_preprocess_check_nothing_and_say_so(check):
    found = check("#error no\ntypedef short t;", "type t = int;", abis=["i386"])
    assert [line.split(": ")[:2] for line in found] == [
        ["warning", "the C headers cannot be read, so no type is held against them"]
    ]


def test_a_report_shows_both_places(check):
    text = check(
        "struct s {\n\tlong\ta;\n};\n\ntypedef struct s\tt;\n", "type t =\tint;", full=True
    )
    assert text == (
        "t.defs:4:6: error: 't' has 4 bytes, and C's 't' 8 on x86_64 [c-size]\n"
        "    type t =\tint;\n"
        "         ^\n"
        "c.h:6:18: note: C's 't' is declared here\n"
        "    typedef struct s\tt;\n"
        "                    \t^\n"
    )
