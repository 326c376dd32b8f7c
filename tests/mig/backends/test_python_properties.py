# SPDX-License-Identifier: GPL-2.0-or-later
"""Generated Python on arbitrary arguments and on arbitrary damage."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mig.backends.python_wire import out_of_line_bits
from mig.rpc.decode import decode_message
from mig.rpc.delivery import deliver
from mig.rpc.errors import MachError
from mig.rpc.message import Message
from tests.mig.backends.exchanges import (
    REMOTE,
    Exchange,
    every_routine,
    exchanges,
    on_the_wire,
    plain,
)

FILES = ("gnu_mig_wire.defs", "python_forms.defs")
each_routine = pytest.mark.parametrize(("file", "routine"), every_routine(*FILES))


@each_routine
def test_what_is_encoded_is_decoded(python_package: Any, file: str, routine: str) -> None:
    candidates = exchanges(python_package(file), routine)

    @settings(max_examples=20, deadline=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        exchange = data.draw(st.sampled_from(candidates))
        given, options, expected = exchange.draw(data)
        read = exchange.decode(deliver(exchange.abi, exchange.message(given, options)))
        if exchange.is_reply and len(expected) == 1:
            read = (read,)
        assert plain(read or ()) == plain(expected)

    check()


@each_routine
def test_the_declared_decoder_sees_the_same(python_package: Any, file: str, routine: str) -> None:
    candidates = exchanges(python_package(file), routine)

    @settings(max_examples=8, deadline=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        exchange = data.draw(st.sampled_from(candidates))
        given, options, _ = exchange.draw(data)
        seen = decode_message(exchange.abi.name, exchange.message(given, options))
        assert (seen.id, seen.remote) == (exchange.plan.layout.message_id, REMOTE)
        parts = exchange.plan.parts
        names = [part.name for part in exchange.plan.arguments]
        values = [value for part, value in zip(parts_of(exchange), given, strict=True) if part]
        carried = {**dict(zip(names, values, strict=True)), **options, "ret_code": 0}
        assert len(seen.items) == len(parts)
        for part, item in zip(parts, seen.items, strict=True):
            kind = part.field.type
            assert item.data == on_the_wire(kind, carried[part.name], item.size)
            size = kind.size if item.inline else out_of_line_bits(part.field)
            assert (item.size, item.longform) == (size, part.field.longform)
            assert item.number * item.size == len(item.data) * 8

    check()


def parts_of(exchange: Exchange) -> list[bool]:
    """For each argument of the encoder, whether it is data and not a disposition."""
    flags = []
    for part in exchange.plan.arguments:
        flags += [True, False] if part.polymorphic else [True]
    return flags


@each_routine
def test_damage_is_refused_or_harmless(python_package: Any, file: str, routine: str) -> None:
    candidates = exchanges(python_package(file), routine)

    @settings(max_examples=30, deadline=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        exchange = data.draw(st.sampled_from(candidates))
        given, options, _ = exchange.draw(data)
        whole = deliver(exchange.abi, exchange.message(given, options))
        try:
            exchange.decode(damaged(data, whole))
        except MachError as error:
            assert error.routine == routine
            assert str(error)

    check()


def damaged(data: st.DataObject, message: Message) -> Message:
    """A message with a few bytes changed, cut off or added, or without its regions."""
    raw = bytearray(message.data)
    kind = data.draw(st.sampled_from(["bytes", "cut", "grow", "resized", "regions"]))
    if kind == "cut":
        del raw[data.draw(st.integers(0, len(raw))) :]
    elif kind == "grow":
        raw += data.draw(st.binary(min_size=1, max_size=40))
    elif kind == "resized":
        del raw[data.draw(st.integers(8, len(raw))) :]
        raw[4:8] = len(raw).to_bytes(4, "little")
    elif kind == "regions":
        extra = data.draw(st.lists(st.binary(max_size=20), max_size=3))
        return Message(message.data, tuple(extra))
    for _ in range(data.draw(st.integers(1, 4))):
        if raw:
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    return Message(bytes(raw), message.out_of_line)
