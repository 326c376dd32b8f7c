# SPDX-License-Identifier: GPL-2.0-or-later
"""The model as JSON: valid, complete, the same every time, and enough to decode a message."""

import json
import struct
from pathlib import Path

import jsonschema
import pytest

from mig.backends.json_model import DocumentError, document, generate, models_of
from mig.backends.json_schema import json_schema
from mig.compile import compile_defs, compile_text
from mig.model.abi import ABIS

ROOT = Path(__file__).parents[3]
DEFS = ROOT / "include" / "mach" / "perf_monitor.defs"
INCLUDE = (ROOT / "include", ROOT / "include" / "fallback")
HEAD = "subsystem s 100;\ntype port_t = MACH_MSG_TYPE_COPY_SEND;\n"
FORMS = """
serverprefix do_; userprefix my_; serverdemux demux; waittime 100; msgoption MACH_SEND_NOTIFY;
import <a.h>; uimport "b.h"; simport <c.h>;
type any_t = polymorphic;
type in_t = MACH_MSG_TYPE_COPY_SEND intran: a_t f(b_t) outtran: b_t g(a_t) destructor: h(a_t);
type fixed_t = array[3] of int;
type value_t = struct[4] of char;
type record_t = struct { char a; fixed_t b; int64 c; };
type bounded_t = array[*:9] of record_t;
type indefinite_t = array[] of port_t;
type far_t = ^array[] of record_t;
type near_t = ^array[] of int;
type string_t = c_string[*:32];
type old_string_t = (MACH_MSG_TYPE_STRING_C, 8*32);
skip 2;
routine r(requestport p : port_t; sreplyport q : in_t; seq : int; a : any_t; b : fixed_t;
    c : value_t; d : record_t; e : bounded_t; f : indefinite_t, servercopy; g : far_t, dealloc[];
    h : near_t, dealloc; i : string_t; j : old_string_t; out k : bounded_t, CountInOut;
    out l : indefinite_t, dealloc; inout m : int, islong; n : here_t = array[2] of short);
nowaittime; msgoption MACH_MSG_OPTION_NONE;
simpleroutine s(p : port_t; waittime t : int; ureplyport u : port_t);
"""


def document_of(text, *abis):
    return document(compile_text(HEAD + text, abi=abi, file="t.defs") for abi in abis or ABIS)


def routine_of(text, abi):
    (model,) = document_of(text, abi)["models"]
    return model["routines"][0]


def test_every_document_is_what_the_schema_says():
    ours = [compile_defs(DEFS, abi=abi, include=INCLUDE) for abi in ABIS]
    forms = [compile_text(HEAD + FORMS, abi=abi, file="t.defs") for abi in ABIS]
    validator = jsonschema.Draft202012Validator(json_schema())
    validator.check_schema(validator.schema)
    for models in (ours, forms):
        validator.validate(json.loads(generate(models)))


def test_the_schema_refuses_what_it_does_not_describe():
    validator = jsonschema.Draft202012Validator(json_schema())
    changed = document_of("routine r(p : port_t; a : int);")
    assert validator.is_valid(changed)
    changed["models"][0]["routines"][0]["request"]["fields"][0]["data"]["offset"] = "32"
    assert not validator.is_valid(changed)
    changed = document_of("routine r(p : port_t; a : int);")
    changed["models"][0]["routines"][0]["surprise"] = 1
    assert not validator.is_valid(changed)


def test_the_text_is_the_same_every_time():
    texts = {
        generate(compile_defs(DEFS, abi=abi, include=INCLUDE) for abi in ABIS) for _ in range(2)
    }
    assert len(texts) == 1


def test_ids_names_and_holes_are_told():
    text = (
        "serverprefix do_; userprefix my_; skip 2;"
        "simpleroutine a(p : port_t); routine b(p : port_t);"
    )
    (model,) = document_of(text, "i386")["models"]
    assert model["subsystem"]["skipped_ids"] == [100, 101]
    assert [
        (r["name"], r["message_id"], r["reply_id"], r["user_function"], r["server_function"])
        for r in model["routines"]
    ] == [("a", 102, None, "my_a", "do_a"), ("b", 103, 203, "my_b", "do_b")]


@pytest.mark.parametrize(
    ("abi", "offsets"),
    [("i386", [(24, 28), (32, 36), (None, None)]), ("x86_64", [(32, 40), (48, 56), (None, None)])],
)
def test_offsets_are_given_until_the_first_field_of_variable_size(abi, offsets):
    text = "type v = array[*:9] of char; routine r(p : port_t; a : int; b : v; c : int);"
    fields = routine_of(text, abi)["request"]["fields"]
    assert [(f["descriptor"]["offset"], f["data"]["offset"]) for f in fields] == offsets


def test_members_of_structs_have_offsets_and_types():
    text = "type s_t = struct { char a; short b; int64 c; }; routine r(p : port_t; a : s_t);"
    (model,) = document_of(text, "i386")["models"]
    members = model["types"]["s_t"]["members"]
    assert [(m["name"], m["offset"], m["size"], m["type"]) for m in members] == [
        ("a", 0, 1, "char"),
        ("b", 2, 2, "short"),
        ("c", 4, 8, "int64"),
    ]


def test_a_type_written_in_place_is_given_in_full():
    argument = routine_of("routine r(p : port_t; a : t = array[3] of int);", "i386")["arguments"][1]
    assert argument["type"]["name"] == "t"
    assert argument["type"]["element"] == "int"
    assert argument["type"]["maximum_count"] == 3


def test_rights_chosen_by_the_sender_have_no_number():
    text = "type any_t = polymorphic; routine r(p : port_t; a : any_t);"
    descriptor = routine_of(text, "x86_64")["request"]["fields"][0]["descriptor"]
    assert descriptor["sent"] == {"number": None, "symbol": "MACH_MSG_TYPE_POLYMORPHIC"}


def decode(model, message):
    """Names and values of a request whose arguments are integers, from the document alone."""
    message_id = struct.unpack_from("<I", message, model["abi"]["header"] - 4)[0]
    (routine,) = [r for r in model["routines"] if r["message_id"] == message_id]
    values = {}
    for field in routine["request"]["fields"]:
        size = field["descriptor"]["element_bits"] // 8
        data = message[field["data"]["offset"] :][:size]
        values[field["argument"]] = int.from_bytes(data, "little")
    return routine["name"], values


@pytest.mark.parametrize(
    ("abi", "message"),
    [
        ("i386", struct.pack("<5II4sI4sQ", 0, 0, 0, 0, 0, 100, b"", 7, b"", 8)),
        ("x86_64", struct.pack("<7II8sI4x8sQ", 0, 0, 0, 0, 0, 0, 0, 100, b"", 7, b"", 8)),
    ],
)
def test_a_tracer_can_print_a_message_from_the_document_alone(abi, message):
    (model,) = document_of("routine r(p : port_t; a : int; b : int64);", abi)["models"]
    assert model["routines"][0]["request"]["maximum_size"] == len(message)
    assert decode(model, message) == ("r", {"a": 7, "b": 8})


def test_the_models_of_a_document_are_found_by_abi():
    read = document_of("routine r(p : port_t);")
    assert models_of(read) == dict(zip(ABIS, read["models"], strict=True))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ({"format": "x"}, "not a document that mig --json wrote"),
        ({"version": 99}, "version 99, and only 1 is understood"),
        ({"models": [{}]}, "damaged: KeyError: 'abi'"),
        ({"models": None}, "damaged: TypeError: 'NoneType' object is not iterable"),
    ],
)
def test_what_is_no_document_is_refused_with_the_reason(damage, reason):
    with pytest.raises(DocumentError) as caught:
        models_of({**document_of("routine r(p : port_t);"), **damage})
    assert str(caught.value) == reason
