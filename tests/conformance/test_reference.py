# SPDX-License-Identifier: GPL-2.0-or-later
"""Our C stubs against bytes that GNU MIG's put on the wire once, whatever oracle is at hand."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.conformance.loopback import PATTERN, Record
from tests.conformance.subjects import KITCHEN_SINK
from tests.conformance.targets import ROOT, TARGETS, Target
from tests.conformance.vectors import Datum, Vector
from tests.conformance.workshop import Bench, Workshop

RECORDED = ROOT / "tests" / "mig" / "backends" / "gnu_mig_wire.txt"
REQUEST_PORT = 0x11
COPY_SEND = 19
NUMBERS = (1, 2, 3)
MANY = tuple(range(1000))


def array(values: Iterable[int], dealloc: bool = False) -> Datum:
    return Datum(tuple((value,) for value in values), dealloc=dealloc)


def one(value: int, right: int = 0) -> Datum:
    return Datum(((value,),), right)


def string(size: int) -> Datum:
    return array(b"hello".ljust(size, b"\0"))


def pair(x: int, y: int) -> Datum:
    return Datum(((x, y),))


def mixed(large: int) -> Datum:
    return Datum(((ord("c"), 2, 3, large),))


# By routine and by how often it was called before: what is passed, what comes back.
CALLS: dict[tuple[str, int], tuple[dict[str, Datum], dict[str, Datum]]] = {
    ("r_int", 1): ({"a": one(0x01020304)}, {"b": one(0x01020305)}),
    ("r_i64", 1): (
        {"a": one(0x1122334455667788), "n": one(7)},
        {"b": one(0x112233445566778F)},
    ),
    ("r_fixed", 1): ({"a": array(NUMBERS)}, {"b": array(NUMBERS)}),
    ("r_var", 1): (
        {"a": array(NUMBERS), "t": one(0x55)},
        {"b": array(NUMBERS), "u": one(0x55)},
    ),
    ("r_bytes", 1): ({"a": array(b"abcde"), "t": one(9)}, {}),
    ("r_ind", 1): ({"a": array(NUMBERS)}, {"b": array(NUMBERS)}),
    ("r_ind", 2): ({"a": array(MANY)}, {"b": array(MANY)}),
    ("r_ool", 1): ({"a": array(NUMBERS)}, {"b": array(NUMBERS)}),
    ("r_str", 1): ({"a": string(32)}, {"b": string(32)}),
    ("r_strv", 1): ({"a": string(128), "t": one(5)}, {"b": string(128)}),
    ("r_copy", 1): ({"a": one(0x31)}, {"b": one(0x31)}),
    ("r_make", 1): ({"a": one(0x32)}, {}),
    ("r_move", 1): ({"a": one(0x33)}, {}),
    ("r_poly", 1): ({"a": one(0x34, COPY_SEND)}, {"b": one(0x34, COPY_SEND)}),
    ("r_ports", 1): ({"a": array((0x21, 0x22, 0x23))}, {"b": array((0x21, 0x22, 0x23))}),
    ("r_pcopy", 1): ({"a": array((0x21, 0x22, 0x23))}, {}),
    ("r_scopy", 1): ({"a": array(NUMBERS)}, {}),
    ("r_scopy", 2): ({"a": array(MANY)}, {}),
    ("r_cio", 1): ({}, {"a": array((0, 1))}),
    ("r_maybe", 1): ({"a": array(MANY, dealloc=True)}, {}),
    ("r_struct", 1): ({"a": mixed(4)}, {"b": mixed(5)}),
    ("r_pair", 1): ({"a": pair(1, 2), "b": pair(3, 4)}, {"c": pair(4, 4)}),
    ("r_simple", 1): ({"a": one(5)}, {}),
    ("r_wait", 1): ({"limit": one(100), "a": one(5)}, {}),
    ("r_reply", 1): ({"reply": one(0x77), "a": one(5)}, {}),
    ("r_int", 2): ({"a": one(1)}, {}),
}
CODES = {("r_int", 2): 5}
COUNTS = {"r_cio": 2}


def recorded(target: Target) -> dict[tuple[str, int, str], str]:
    """The recorded bytes of an ABI by routine, call and message."""
    found = {}
    for line in Path(RECORDED).read_text().splitlines():
        if line.startswith(target.abi):
            _, routine, call, kind, data = line.split(" ", 4)
            found[routine, int(call), kind] = bytes.fromhex(data).hex(" ", 4)
    return found


@pytest.fixture(params=TARGETS, ids=lambda target: target.abi)
def bench(request: pytest.FixtureRequest, workshop: Workshop) -> Bench:
    return workshop.bench(KITCHEN_SINK, request.param)


def vector(bench: Bench, call: tuple[str, int]) -> Vector:
    (routine,) = (each for each in bench.client.routines if each.name == call[0])
    arguments, results = CALLS[call]
    capacities = {a.name: COUNTS.get(call[0], a.count) for a in routine.arguments if a.returned}
    return Vector(
        routine,
        f"call {call[1]}",
        {"port": one(REQUEST_PORT), **arguments},
        CODES.get(call, 0),
        results,
        capacities,
    )


def test_recorded_messages_are_sent_again(bench: Bench) -> None:
    expected = recorded(bench.target)
    assert {key[:2] for key in expected} == CALLS.keys()
    ours: dict[tuple[str, int, str], str] = {}
    table = [vector(bench, call) for call in CALLS]
    answers: list[list[Record]] = bench.through("ours", "ours", PATTERN, table)
    for call, records in zip(CALLS, answers, strict=True):
        bodies = dict(records)
        ours[*call, "request"] = bodies["Q"].hex(" ", 4)
        if (*call, "reply") in expected:
            ours[*call, "reply"] = bodies["P"].hex(" ", 4)
    assert ours == expected
