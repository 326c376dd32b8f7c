# SPDX-License-Identifier: GPL-2.0-or-later
"""Sizes, alignments and offsets are those of the compiler, whatever the struct."""

import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mig.checks.c_layout import LayoutError
from mig.checks.c_parse import parse_text
from mig.checks.c_types import CKind
from mig.model.abi import ABIS, I386, X86_64

SCALARS = (
    "char", "signed char", "unsigned char", "short", "unsigned short", "int", "unsigned int",
    "long", "unsigned long", "long long", "unsigned long long", "float", "double", "long double",
    "_Bool", "void *", "char (*%s)(int)", "enum small", "enum large", "wide_t", "narrow_t",
)  # fmt: skip
BIT_FIELDS = {
    "_Bool": 1, "unsigned char": 8, "signed char": 8, "unsigned short": 16, "int": 32,
    "unsigned int": 32, "long long": 64, "unsigned long long": 64, "enum small": 3,
}  # fmt: skip
PRELUDE = """\
enum small { A, B, C = 1 << 2 };
enum large { D = 0x7fffffffffffffffLL };
typedef long long wide_t __attribute__((aligned(8)));
typedef int narrow_t __attribute__((aligned(2)));
"""
ATTRIBUTES = ("", "__attribute__((packed))", "__attribute__((aligned(8)))",
              "__attribute__ ((__packed__, __aligned__ (4)))")  # fmt: skip


@dataclass
class Source:
    """Structs as text, with the questions that can be asked about each."""

    text: str = PRELUDE
    plain: dict[str, list[str]] = field(default_factory=dict)
    bits: dict[str, list[str]] = field(default_factory=dict)


@st.composite
def structs(draw):
    source = Source()
    for number in range(draw(st.integers(10, 25))):
        draw_struct(draw, source, f"s{number}")
    return source


def draw_struct(draw, source, name):
    lines, plain, bits = [], [], []
    known = list(source.plain)
    packing = draw(st.sampled_from((None, None, None, 1, 2, 4)))
    for number in range(draw(st.integers(1, 6))):
        member = f"m{number}"
        kind = draw(st.sampled_from(("scalar", "scalar", "array", "bits", "nested", "unnamed")))
        if kind == "bits":
            c_type = draw(st.sampled_from(sorted(BIT_FIELDS)))
            width = draw(st.integers(0, BIT_FIELDS[c_type]))
            lines.append(f"{c_type} {member if width else ''} : {width};")
            if width:
                bits.append(member)
        elif kind == "unnamed":
            tag = draw(st.sampled_from(("struct", "union")))
            lines.append(f"{tag} {{ char {member}; long long {member}x; }};")
            plain += [member, f"{member}x"]
        elif kind == "nested" and known:
            lines.append(f"{draw(st.sampled_from(known))} {member};")
            plain.append(member)
        else:
            c_type = draw(st.sampled_from(SCALARS))
            dimension = f"[{draw(st.integers(0, 5))}]" if kind == "array" else ""
            attribute = draw(st.sampled_from(("", "", "", *ATTRIBUTES[1:])))
            declarator = c_type % member if "%s" in c_type else f"{c_type} {member}{dimension}"
            lines.append(f"{declarator} {attribute};")
            plain.append(member)
    tag = draw(st.sampled_from(("struct", "struct", "union")))
    before, behind = draw(st.sampled_from(ATTRIBUTES)), draw(st.sampled_from(ATTRIBUTES))
    body = "\n\t".join(lines)
    text = f"typedef {tag} {before} {{\n\t{body}\n}} {behind} {name};\n"
    if packing is not None:
        text = f"#pragma pack(push, {packing})\n{text}#pragma pack(pop)\n"
    source.text += text
    source.plain[name], source.bits[name] = plain, bits


def compilers_answers(abi, source):
    """What gcc says: name to sizeof, _Alignof, offsets in bits."""
    program = ["#include <stddef.h>", "#include <stdio.h>", "#include <string.h>", source.text]
    program.append("""
static long first_bit(const void *from, size_t size)
{
	const unsigned char *bytes = from;
	for (size_t at = 0; at < 8 * size; at++)
		if (bytes[at / 8] >> at % 8 & 1)
			return at;
	return -1;
}
int main(void)
{""")
    for name, members in source.plain.items():
        program.append(f'\tprintf("{name} %zu %zu", sizeof({name}), _Alignof({name}));')
        program += [f'\tprintf(" %zu", 8 * offsetof({name}, {member}));' for member in members]
        for member in source.bits[name]:
            program.append(
                f"\t{{ static {name} it; memset(&it, 0, sizeof it); it.{member}--;"
                f' printf(" %ld", first_bit(&it, sizeof it)); }}'
            )
        program.append('\tprintf("\\n");')
    program.append("\treturn 0;\n}\n")
    with tempfile.TemporaryDirectory() as directory:
        binary = Path(directory) / "answers"
        subprocess.run(
            ["gcc", abi.compiler_flag, "-w", "-x", "c", "-", "-o", binary],
            input="\n".join(program), text=True, check=True,
        )  # fmt: skip
        output = subprocess.run([binary], capture_output=True, text=True, check=True).stdout
    answers = (line.split() for line in output.splitlines())
    return {name: [int(number) for number in numbers] for name, *numbers in answers}


def our_answers(abi, source):
    headers = parse_text(source.text, abi)
    assert not headers.refused
    answers = {}
    for name in source.plain:
        kind = headers.layouts.named(name)
        offsets = {member.name: member.bit_offset for member in kind.members}
        members = [*source.plain[name], *source.bits[name]]
        answers[name] = [kind.size, kind.alignment, *(offsets[member] for member in members)]
    return answers


@pytest.mark.parametrize("abi", ABIS.values(), ids=lambda abi: abi.name)
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow],
)
@given(source=structs())
def test_layouts_are_those_of_the_compiler(abi, source):
    assert our_answers(abi, source) == compilers_answers(abi, source)


def named(text, name, abi=X86_64):
    return parse_text(text, abi).layouts.named(name)


@pytest.mark.parametrize(
    ("dimension", "count"),
    [
        ("sizeof (struct s)", 8),
        ("sizeof (int) + sizeof (long)", 12),
        ("__builtin_offsetof (struct s, b)", 4),
        ("__alignof__ (struct s)", 4),
        ("LAST - FIRST", 5),
        ("(unsigned char) 300", 44),
        ("(int) -1 < 0 ? 3 : 4", 3),
        ("0x10 | 010 | 1u << 6", 88),
        ("-7 / 2 + 10 + -7 % 2", 6),
        ("'a' == 97 && !0", 1),
    ],
)
def test_constant_expressions_have_the_values_that_c_gives_them(dimension, count):
    text = "struct s { int a; int b; }; enum { FIRST = 3, SECOND, LAST = FIRST + 5 };\n"
    assert named(f"{text} typedef char t[{dimension}];", "t").count == count


def test_what_has_no_bearing_on_types_is_left_out():
    text = """
    extern __inline__ int f(int x) __attribute__((always_inline));
    static __inline int f(int x) { return ({ int y = x; __asm__("nop" : : "r"(y)); y; }); }
    _Static_assert(sizeof(int) == 4, "an \"int\"");
    __extension__ typedef long long t __asm__("renamed");
    int g(void) __asm__("h") __attribute__((noreturn, nothrow));
    """
    headers = parse_text(text, I386)
    assert headers.refused == ()
    assert headers.layouts.named("t").size == 8


def test_a_declaration_that_nobody_understands_costs_no_other():
    text = "typedef int a;\ntypedef $% b;\nstruct s { int x;\n ?; };\ntypedef long c;\n"
    headers = parse_text(f'# 1 "x.h"\n{text}', X86_64)
    assert [(place.file, place.line) for place, _ in headers.refused] == [("x.h", 2), ("x.h", 3)]
    assert headers.layouts.named("a").size == 4
    assert headers.layouts.named("b") is None
    assert headers.layouts.named("c").size == 8


def test_names_are_found_where_the_header_declares_them():
    text = "typedef struct __attribute__((packed)) {\n  int x;\n} __attribute__((aligned(2))) t;"
    place = parse_text(f'# 7 "x.h"\n{text}', I386).layouts.place("t")
    assert (place.file, place.line, place.column) == ("x.h", 9, 31)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("typedef int t[UNKNOWN];", "cannot evaluate 'UNKNOWN'"),
        ("typedef struct { struct nowhere x; } t;", "member 'x' has an incomplete type"),
        ("struct s { struct s x; }; typedef struct s t;", "a type that holds itself"),
        ("typedef __typeof__(f) t[2];", "an array of an incomplete type"),
        ("typedef int t[1 / 0];", "cannot evaluate division by zero"),
    ],
)
def test_a_type_without_a_layout_says_why(text, reason):
    with pytest.raises(LayoutError) as caught:
        named(text, "t")
    assert str(caught.value) == reason


def test_pointers_tell_what_they_point_to_and_need_no_complete_type():
    layouts = parse_text("struct s; typedef struct s *t; typedef const short *u;", I386).layouts
    assert layouts.named("t").size == 4
    assert layouts.target(layouts.named("t")).kind is CKind.INCOMPLETE
    assert layouts.target(layouts.named("u")).size == 2


@pytest.mark.parametrize(
    ("mode", "sizes"), [("__QI__", (1, 1)), ("DI", (8, 8)), ("__word__", (4, 8))]
)
def test_machine_modes_change_the_size(mode, sizes):
    text = f"typedef int t __attribute__((__mode__ ({mode})));"
    assert tuple(named(text, "t", abi).size for abi in (I386, X86_64)) == sizes
