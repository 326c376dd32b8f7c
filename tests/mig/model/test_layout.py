# SPDX-License-Identifier: GPL-2.0-or-later
"""Sizes and offsets on the wire, measured against GNU MIG 20231217."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig.compile import compile_text
from mig.model.abi import I386, X86_64
from mig.model.layout import Complexity

ABIS = pytest.mark.parametrize("abi", [I386, X86_64], ids=lambda abi: abi.name)

TYPES = """
subsystem s 5000;
type port_t = MACH_MSG_TYPE_COPY_SEND;
type u64 = MACH_MSG_TYPE_INTEGER_64;
type fixed = array[3] of int;
type bounded = array[*:10] of int;
type chars = array[*:64] of char;
type anything = array[] of int;
type far = ^array[] of int;
type string = c_string[32];
type text = c_string[*:128];
type name = MACH_MSG_TYPE_PORT_NAME;
type any_port = polymorphic;
type given_port = MACH_MSG_TYPE_PORT_SEND;
type ports = array[] of port_t;
type far_ports = ^array[] of port_t;
type mixed = struct { char a; short b; int c; u64 d; };
"""


def routine(arguments, abi, kind="routine"):
    text = f"{TYPES}{kind} r(p : port_t{''.join(f'; {text}' for text in arguments)});"
    (found,) = compile_text(text, abi=abi).defined_routines
    return found


# Least sizes of request and reply, as (i386, x86_64) each.
SIZES = {
    ("a : int", "out b : int"): ((32, 48), (40, 64)),
    ("a : u64", "c : int", "out b : u64"): ((44, 64), (44, 64)),
    ("a : fixed", "out b : fixed"): ((40, 56), (48, 72)),
    ("a : bounded", "c : int", "out b : bounded", "out d : int"): ((36, 56), (44, 72)),
    ("a : chars", "c : int"): ((36, 56), (32, 48)),
    ("a : anything", "out b : anything"): ((36, 40), (44, 56)),
    ("a : far, dealloc", "out b : far"): ((40, 48), (48, 64)),
    ("a : string", "out b : string"): ((60, 72), (68, 88)),
    ("a : text", "out b : int"): ((28, 40), (40, 64)),
    ("a : port_t", "out b : port_t"): ((32, 48), (40, 64)),
    ("a : name",): ((32, 48), (32, 48)),
    ("a : any_port",): ((32, 48), (32, 48)),
    ("a : ports", "out b : ports"): ((36, 40), (44, 56)),
    ("out b : bounded, CountInOut",): ((32, 48), (36, 56)),
    ("a : mixed", "out b : mixed"): ((44, 56), (52, 72)),
}


@pytest.mark.parametrize(("arguments", "sizes"), SIZES.items(), ids=lambda value: str(value[0]))
@pytest.mark.parametrize("index", [0, 1], ids=["i386", "x86_64"])
def test_messages_are_as_large_as_gnu_migs(arguments, sizes, index):
    found = routine(arguments, (I386, X86_64)[index])
    request, reply = sizes
    assert (found.request.minimum_size, found.reply.minimum_size) == (request[index], reply[index])


@ABIS
def test_message_ids_count_from_the_base_and_replies_a_hundred_above(abi):
    found = routine(["a : int"], abi)
    assert (found.message_id, found.reply_id) == (5000, 5100)
    assert routine(["a : int"], abi, "simpleroutine").reply is None


@ABIS
def test_offsets_are_known_up_to_the_first_field_of_variable_size(abi):
    fields = routine(["a : int", "b : bounded", "c : int"], abi).request.fields
    assert fields[0].descriptor_offset == abi.header
    assert fields[1].data_offset == abi.header + 2 * abi.short_descriptor + abi.word
    assert (fields[2].descriptor_offset, fields[2].data_offset) == (None, None)


@pytest.mark.parametrize(
    ("arguments", "sent", "received"),
    [
        (["a : int"], Complexity.NEVER, Complexity.NEVER),
        (["a : name"], Complexity.NEVER, Complexity.NEVER),
        (["a : port_t"], Complexity.ALWAYS, Complexity.ALWAYS),
        (["a : far"], Complexity.ALWAYS, Complexity.ALWAYS),
        (["a : anything"], Complexity.SOMETIMES, Complexity.SOMETIMES),
        (["a : ports"], Complexity.ALWAYS, Complexity.ALWAYS),
        (["a : any_port"], Complexity.SOMETIMES, Complexity.SOMETIMES),
        (["a : given_port"], Complexity.SOMETIMES, Complexity.ALWAYS),
    ],
)
def test_the_complex_bit_tells_of_rights_and_memory(arguments, sent, received):
    request = routine(arguments, X86_64).request
    assert (request.complexity, request.received_complexity) == (sent, received)


@pytest.mark.parametrize(
    ("abi", "number", "size", "offsets"),
    [(I386, 4, 32, [0, 2, 4, 8]), (X86_64, 2, 64, [0, 2, 4, 8])],
    ids=["i386", "x86_64"],
)
def test_a_struct_travels_as_integers_as_wide_as_its_alignment(abi, number, size, offsets):
    kind = routine(["a : mixed"], abi).request.fields[0].type
    assert (kind.number, kind.size) == (number, size)
    assert [member.offset for member in kind.members] == offsets


def test_ports_are_wider_in_messages_than_out_of_line():
    inline, far = routine(["a : ports", "b : far_ports"], X86_64).request.fields
    assert (inline.type.size, inline.type.number) == (64, 256)
    assert (far.type.size, far.type.number) == (32, 0)


@pytest.mark.parametrize(
    ("definition", "longform"),
    [
        ("(MACH_MSG_TYPE_BYTE, 248)", False),
        ("(MACH_MSG_TYPE_BYTE, 256)", True),
        ("array[4095] of int", False),
        ("array[4096] of int", True),
        ("array[*:4096] of int", True),
        ("array[] of int", True),
        ("^array[] of int", True),
    ],
)
@ABIS
def test_what_a_short_descriptor_cannot_say_takes_a_long_one(abi, definition, longform):
    text = f"{TYPES}type t = {definition}; routine r(p : port_t; a : t);"
    (found,) = compile_text(text, abi=abi).defined_routines
    assert found.request.fields[0].longform is longform


FORMS = st.sampled_from(
    ["int", "u64", "char", "short", "fixed", "far", "string", "port_t", "mixed", "name"]
)


@given(st.lists(FORMS, max_size=8), st.sampled_from([I386, X86_64]))
def test_fields_follow_each_other_aligned_and_without_holes(forms, abi):
    arguments = [f"a{index} : {form}" for index, form in enumerate(forms)]
    request = routine(arguments, abi).request
    end = abi.header
    for field in request.fields:
        assert field.descriptor_offset == end
        assert field.data_offset == end + field.descriptor_size
        assert field.data_offset % abi.word == 0
        assert 0 <= field.padding < abi.word
        end = field.data_offset + field.maximum_size
    assert request.is_fixed
    assert request.minimum_size == end
    assert end % abi.word == 0


@given(st.integers(0, 2**31), st.sampled_from([I386, X86_64]))
def test_alignment_is_the_next_multiple_of_a_word(size, abi):
    aligned = abi.align(size)
    assert aligned % abi.word == 0
    assert 0 <= aligned - size < abi.word
