# SPDX-License-Identifier: GPL-2.0-or-later
"""Generated Python on arbitrary arguments and on arbitrary damage."""

import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mig.backends.python_plan import MessagePlan, Part, Place, count_default, plan_message
from mig.backends.python_values import (
    Block,
    Items,
    Scalar,
    Structure,
    StructureItems,
    Value,
)
from mig.backends.python_wire import out_of_line_bits
from mig.model.routines import Routine
from mig.model.types import Type
from mig.rpc.abi import ABIS
from mig.rpc.decode import decode_message
from mig.rpc.delivery import deliver, received_name
from mig.rpc.errors import MachError
from mig.rpc.message import Message

HERE = Path(__file__).parent
FILES = ("gnu_mig_wire.defs", "python_forms.defs")
DISPOSITIONS = (15, 16, 17, 18, 19, 20, 21)
REMOTE, LOCAL = 0x11, 0x77
WIDTHS = {"b": 8, "h": 16, "i": 32, "q": 64}


def routines(file: str) -> list[str]:
    """Names of a file's routines, read without the compiler."""
    return re.findall(r"^(?:simple)?routine (\w+)\(", (HERE / file).read_text(), re.M)


EVERY_ROUTINE = [(file, routine) for file in FILES for routine in routines(file)]
every_routine = pytest.mark.parametrize(("file", "routine"), EVERY_ROUTINE)


class Exchange:
    """A message of a routine on one ABI, and the functions that make and read it."""

    def __init__(self, package: Any, abi: str, routine: str, kind: str) -> None:
        model = package.models[abi]
        self.abi = ABIS[abi]
        self.package = package
        self.routine: Routine = next(r for r in model.defined_routines if r.name == routine)
        layout = self.routine.request if kind == "request" else self.routine.reply
        self.plan: MessagePlan = plan_message(model.abi, self.routine, layout, sent=True)
        codec = package.codec(abi)
        self.encode: Callable[..., Message] = getattr(codec, f"encode_{routine}_{kind}")
        self.decode: Callable[[Message], Any] = getattr(codec, f"decode_{routine}_{kind}")
        self.is_reply = kind == "reply"

    def draw(self, data: st.DataObject) -> tuple[list[Any], dict[str, Any], list[Any]]:
        """Arguments to encode, options, and what decoding gives back."""
        given: list[Any] = []
        options: dict[str, Any] = {}
        expected: list[Any] = []
        for part in self.plan.arguments:
            value = data.draw(values(part, self.package.module), label=part.name)
            given.append(value)
            expected.append(value)
            if part.polymorphic:
                disposition = data.draw(st.sampled_from(DISPOSITIONS), label=f"{part.name}_poly")
                given.append(disposition)
                expected.append(received_name(disposition))
            if part.may_deallocate:
                options[f"{part.name}_dealloc"] = data.draw(st.booleans())
        for part in self.plan.counts:
            options[part.name] = data.draw(st.integers(0, 0xFFFFFFFF), label=part.name)
            most = count_default(self.routine, part.field.argument)
            expected.append(min(options[part.name], most))
        if not self.is_reply and self.routine.request_port.type.sent.is_polymorphic:
            options["port_poly"] = data.draw(st.sampled_from(DISPOSITIONS))
        return given, options, expected

    def message(self, given: list[Any], options: dict[str, Any]) -> Message:
        ports = (REMOTE,) if self.is_reply else (REMOTE, LOCAL)
        return self.encode(*ports, *given, **options)


def values(part: Part, module: Any) -> st.SearchStrategy[Any]:
    """Everything that an argument can be."""
    if part.value is not None:
        return value_strategy(part.value, module)
    size = part.field.type.number // part.scale if part.place is Place.VARIABLE else 6
    if part.is_text:
        return text(part.field.type.bytes)
    if part.is_bytes:
        return st.binary(max_size=size)
    assert part.leaf is not None
    one = value_strategy(part.leaf, module)
    group = 1 if isinstance(part.leaf, Structure) else part.scale
    few = st.integers(0, size).flatmap(
        lambda n: st.lists(one, min_size=n * group, max_size=n * group)
    )
    if part.place is Place.INDEFINITE:
        return few | one.map(lambda item: [item] * 513)
    return few


def value_strategy(value: Value, module: Any) -> st.SearchStrategy[Any]:
    match value:
        case Scalar():
            return scalar_strategy(value)
        case Block(length=length, text=True):
            return text(length)
        case Block(length=length):
            return st.binary(min_size=length, max_size=length)
        case Items(scalar=scalar, count=count):
            return st.tuples(*[value_strategy(scalar, module)] * count)
        case StructureItems(structure=structure, count=count):
            one = value_strategy(structure, module)
            return st.lists(one, min_size=count, max_size=count)
        case Structure():
            fields = [value_strategy(field.value, module) for field in value.fields]
            return st.builds(getattr(module, value.annotation), *fields)
    raise AssertionError(value)


def scalar_strategy(scalar: Scalar) -> st.SearchStrategy[Any]:
    if scalar.annotation == "bool":
        return st.booleans()
    if scalar.annotation == "float":
        return st.floats(allow_nan=False)
    width = WIDTHS[scalar.code[0].lower()]
    if scalar.code[0].islower():
        return st.integers(-(1 << width - 1), (1 << width - 1) - 1)
    return st.integers(0, (1 << width) - 1)


def text(size: int) -> st.SearchStrategy[bytes]:
    """Strings that fit into `size` bytes with the zero that ends them."""
    return st.binary(max_size=size - 1).map(lambda raw: raw.replace(b"\0", b"x"))


def on_the_wire(kind: Type, value: Any, bits: int) -> bytes:
    """The bytes of a value, from the model alone; `bits` are those of a number in a descriptor."""
    if hasattr(value, "_fields"):
        declared = kind if kind.is_struct else kind.element
        laid = bytearray(declared.bytes)
        for member, item in zip(declared.members, value, strict=True):
            piece = on_the_wire(member.type, item, member.type.size)
            laid[member.offset : member.offset + len(piece)] = piece
        return bytes(laid)
    if kind.string:
        return value + b"\0" if kind.variable else value.ljust(kind.bytes, b"\0")
    if isinstance(value, list | tuple):
        element = kind.element
        while element.element is not None and not element.is_struct:
            element = element.element
        return b"".join(on_the_wire(element, item, bits) for item in value)
    if isinstance(value, bytes | float):
        return value if isinstance(value, bytes) else struct.pack("<d", value)
    return (int(value) % (1 << bits)).to_bytes(bits // 8, "little")


def plain(value: Any) -> Any:
    """Lists for sequences, so that they compare by what they hold."""
    return value if isinstance(value, bytes | int | float) else [plain(item) for item in value]


def exchanges(package: Any, routine: str) -> list[Exchange]:
    found = []
    for abi in ABIS:
        found.append(Exchange(package, abi, routine, "request"))
        if found[-1].routine.reply is not None:
            found.append(Exchange(package, abi, routine, "reply"))
    return found


@every_routine
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


@every_routine
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


@every_routine
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
