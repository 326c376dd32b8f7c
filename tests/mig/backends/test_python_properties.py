# SPDX-License-Identifier: GPL-2.0-or-later
"""Generated Python on arbitrary arguments and on arbitrary damage."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mig.backends.python_plan import Part
from mig.backends.python_values import Structure
from mig.decoder.declare import declare_header, declare_message, declare_value
from mig.decoder.decode import Decoder
from mig.model.types import Deallocate, Type
from mig.rpc.delivery import deliver
from mig.rpc.errors import MachError
from mig.rpc.message import Message
from tests.mig.backends.exchanges import (
    Exchange,
    every_routine,
    exchanges,
    plain,
)

FILES = (
    "gnu_mig_wire.defs",
    "python_forms.defs",
    "odd_names.defs",
    "include/mach/perf_monitor.defs",
    "include/mach/perf_alert.defs",
    "csrc/workload/perf_workload.defs",
)
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
def test_declarations_parse_what_the_encoder_makes(
    python_package: Any, file: str, routine: str
) -> None:
    package = python_package(file)
    candidates = exchanges(package, routine)
    decoders = {abi: Decoder([model]) for abi, model in package.models.items()}

    @settings(max_examples=8, deadline=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        exchange = data.draw(st.sampled_from(candidates))
        given, options, _ = exchange.draw(data)
        sent = exchange.message(given, options)
        for message in (sent, deliver(exchange.abi, sent)):
            stream = b"".join((message.data, *message.out_of_line))
            (seen,) = decoders[exchange.abi.name].decode(stream)
            assert seen.findings == []
            assert (seen.header.id, seen.end) == (exchange.plan.layout.message_id, len(stream))
            values = [value for _, value in carried(exchange, given, options)]
            assert [plain(item.value) for item in seen.items] == [plain(value) for value in values]

    check()


@each_routine
def test_the_decoder_reads_what_declarations_build(
    python_package: Any, file: str, routine: str
) -> None:
    package = python_package(file)
    candidates = exchanges(package, routine)

    @settings(max_examples=8, deadline=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        exchange = data.draw(st.sampled_from(candidates))
        given, options, expected = exchange.draw(data)
        built = build(exchange, given, options)
        assert built == exchange.message(given, options)
        read = exchange.decode(deliver(exchange.abi, built))
        if exchange.is_reply and len(expected) == 1:
            read = (read,)
        assert plain(read or ()) == plain(expected)

    check()


def carried(
    exchange: Exchange, given: list[Any], options: dict[str, Any]
) -> list[tuple[Part, Any]]:
    """The parts of a message with their values."""
    values = iter(given)
    by_name: dict[str, Any] = {**options, "ret_code": 0}
    for part in exchange.plan.arguments:
        by_name[part.name] = next(values)
        if part.polymorphic:
            by_name[f"{part.name}_poly"] = next(values)
    return [(part, by_name[part.name]) for part in exchange.plan.parts]


def build(exchange: Exchange, given: list[Any], options: dict[str, Any]) -> Message:
    """The message as its declaration builds it, from the model and the arguments."""
    plan = exchange.plan
    model_abi = plan.abi
    made = exchange.message(given, options)
    header = dict(declare_header(model_abi).parse(made.data))  # dispositions are not in layouts
    fields: dict[str, Any] = {}
    regions = []
    named = dict(zip(_parameters(exchange), given, strict=True))
    for part, value in carried(exchange, given, options):
        kind = part.field.type
        number, data = kind.number, declared_value(kind, value)
        if kind.variable:
            number = len(value) + part.is_text
            number *= part.scale if isinstance(part.leaf, Structure) else 1
        inline = kind.inline and (not kind.indefinite or number * kind.size <= 2048 * 8)
        name = named.get(f"{part.name}_poly", part.message_type.number)
        deallocate = part.field.deallocate is Deallocate.YES or options.get(f"{part.name}_dealloc")
        fields[part.field.name] = {
            "type": {
                "name": name,
                "size": kind.size if inline or not kind.is_port else 32,
                "number": number,
                "inline": inline,
                "longform": part.field.longform,
                "deallocate": bool(deallocate) and not inline,
            },
            "data": data if inline else 0,
        }
        if not inline:
            form = declare_value(model_abi, kind, number, inline=False)
            regions.append(form.build(data))
    declared = declare_message(model_abi, plan.layout)
    return Message(declared.build({"header": header, **fields}), tuple(regions))


def _parameters(exchange: Exchange) -> list[str]:
    names = []
    for part in exchange.plan.arguments:
        names += [part.name, f"{part.name}_poly"] if part.polymorphic else [part.name]
    return names


def declared_value(kind: Type, value: Any) -> Any:
    """A value as declarations take it: structures by the names of their members."""
    if hasattr(value, "_fields"):
        declared = kind
        while not declared.is_struct:
            assert declared.element is not None
            declared = declared.element
        pairs = zip(declared.members, value, strict=True)
        return {member.name: declared_value(member.type, item) for member, item in pairs}
    if isinstance(value, bytes | int | float):
        return value
    return [declared_value(kind, item) for item in value]


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
