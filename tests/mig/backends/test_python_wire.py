# SPDX-License-Identifier: GPL-2.0-or-later
"""Generated Python against bytes that GNU MIG's stubs put on the wire."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

import pytest

from mig.rpc.abi import ABIS
from mig.rpc.delivery import deliver
from mig.rpc.errors import KernFailure
from mig.rpc.message import Message, out_of_line_slots

REQUEST_PORT, REPLY_PORT = 0x11, 0x77
NUMBERS = (1, 2, 3)
MANY = tuple(range(1000))
COPY_SEND, PORT_SEND = 19, 17


class Case(NamedTuple):
    """A call of a routine: what it is given, what it returns, what travels out of line."""

    given: tuple[Any, ...]
    returned: tuple[Any, ...] = ()
    received: Any = None
    options: Mapping[str, Any] = MappingProxyType({})


def record(package: ModuleType, medium: int, large: int) -> Any:
    return package.Record(tag=ord("c"), small=2, medium=medium, large=large)


def cases(package: ModuleType) -> dict[tuple[str, int], Case]:
    """Calls by routine and by how often it was called before."""
    return {
        ("r_int", 1): Case((0x01020304,), (0x01020305,)),
        ("r_i64", 1): Case((0x1122334455667788, 7), (0x112233445566778F,)),
        ("r_fixed", 1): Case((NUMBERS,), (NUMBERS,)),
        ("r_var", 1): Case((NUMBERS, 0x55), (NUMBERS, 0x55)),
        ("r_bytes", 1): Case((b"abcde", 9)),
        ("r_ind", 1): Case((NUMBERS,), (NUMBERS,)),
        ("r_ind", 2): Case((MANY,), (MANY,)),
        ("r_ool", 1): Case((NUMBERS,), (NUMBERS,)),
        ("r_str", 1): Case((b"hello",), (b"hello",)),
        ("r_strv", 1): Case((b"hello", 5), (b"hello",)),
        ("r_copy", 1): Case((0x31,), (0x31,)),
        ("r_make", 1): Case((0x32,)),
        ("r_move", 1): Case((0x33,)),
        ("r_poly", 1): Case((0x34, COPY_SEND), (0x34, COPY_SEND), (0x34, PORT_SEND)),
        ("r_ports", 1): Case(((0x21, 0x22, 0x23),), ((0x21, 0x22, 0x23),)),
        ("r_pcopy", 1): Case(((0x21, 0x22, 0x23),)),
        ("r_scopy", 1): Case((NUMBERS,)),
        ("r_scopy", 2): Case((MANY,)),
        ("r_cio", 1): Case((), ((0, 1),), options={"a_count": 2}),
        ("r_maybe", 1): Case((MANY,), options={"a_dealloc": True}),
        ("r_struct", 1): Case((record(package, 3, 4),), (record(package, 3, 5),)),
        ("r_pair", 1): Case(((1, 2), (3, 4)), ((4, 4),)),
        ("r_simple", 1): Case((5,)),
        ("r_wait", 1): Case((5,)),
        ("r_reply", 1): Case((5,)),
    }


class Vector(NamedTuple):
    """A message of GNU MIG's."""

    abi: str
    routine: str
    call: int
    kind: str
    data: bytes


def read_vectors() -> list[Vector]:
    lines = (Path(__file__).parent / "gnu_mig_wire.txt").read_text().splitlines()
    vectors = []
    for line in lines:
        if line and not line.startswith("#"):
            abi, routine, call, kind, data = line.split(" ", 4)
            vectors.append(Vector(abi, routine, int(call), kind, bytes.fromhex(data)))
    return vectors


VECTORS = read_vectors()
ERROR_REPLY = ("r_int", 2)
ANSWERED = [vector for vector in VECTORS if (vector.routine, vector.call) != ERROR_REPLY]


def name(vector: Vector) -> str:
    return f"{vector.abi}-{vector.routine}-{vector.call}-{vector.kind}"


@pytest.fixture(scope="session")
def wire(python_package: Any) -> Any:
    return python_package("gnu_mig_wire.defs")


def encode(wire: Any, vector: Vector) -> Message:
    case = cases(wire.module)[vector.routine, vector.call]
    function = getattr(wire.codec(vector.abi), f"encode_{vector.routine}_{vector.kind}")
    if vector.kind == "reply":
        return function(REPLY_PORT, *case.returned)
    reply_port = 0 if vector.routine == "r_simple" else REPLY_PORT
    return function(REQUEST_PORT, reply_port, *case.given, **case.options)


def decode(wire: Any, vector: Vector, message: Message) -> Any:
    function = getattr(wire.codec(vector.abi), f"decode_{vector.routine}_{vector.kind}")
    return function(deliver(ABIS[vector.abi], message))


def test_the_vectors_are_all_there() -> None:
    assert len(VECTORS) == 102
    assert {vector.abi for vector in VECTORS} == {"i386", "x86_64"}
    assert len({vector.routine for vector in VECTORS}) == 23


@pytest.mark.parametrize("vector", ANSWERED, ids=name)
def test_encoded_bytes_are_those_of_gnu_mig(wire: Any, vector: Vector) -> None:
    message = encode(wire, vector)
    assert message.data.hex(" ", 4) == vector.data.hex(" ", 4)
    slots = out_of_line_slots(ABIS[vector.abi], vector.data)
    assert [len(region) for region in message.out_of_line] == [slot.length for slot in slots]


@pytest.mark.parametrize("vector", ANSWERED, ids=name)
def test_what_gnu_mig_sent_is_read_back(wire: Any, vector: Vector) -> None:
    regions = encode(wire, vector).out_of_line
    case = cases(wire.module)[vector.routine, vector.call]
    read = decode(wire, vector, Message(vector.data, regions))
    if vector.kind == "request":
        sent = (*case.given, *case.options.values()) if vector.routine == "r_cio" else case.given
        assert read == ((0x34, PORT_SEND) if vector.routine == "r_poly" else sent)
    elif case.received is not None:
        assert read == case.received
    else:
        assert read == (case.returned[0] if len(case.returned) == 1 else case.returned or None)


@pytest.mark.parametrize("abi", ABIS)
def test_an_error_reply_becomes_its_exception(wire: Any, abi: str) -> None:
    (vector,) = (
        vector
        for vector in VECTORS
        if (vector.routine, vector.call) == ERROR_REPLY
        and vector.kind == "reply"
        and vector.abi == abi
    )
    with pytest.raises(KernFailure, match=r"KERN_FAILURE \(5\) from r_int"):
        decode(wire, vector, Message(vector.data))
