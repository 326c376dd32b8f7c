# SPDX-License-Identifier: GPL-2.0-or-later
"""A routine's messages with everything that its arguments can be, for tests to draw from."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

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
from mig.model.routines import Routine
from mig.rpc.abi import ABIS
from mig.rpc.delivery import received_name
from mig.rpc.message import Message

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
DISPOSITIONS = (15, 16, 17, 18, 19, 20, 21)
REMOTE, LOCAL = 0x11, 0x77
WIDTHS = {"b": 8, "h": 16, "i": 32, "q": 64}


def routines(file: str) -> list[str]:
    """Names of a file's routines, read without the compiler."""
    path = ROOT / file if "/" in file else HERE / file
    return re.findall(r"^(?:simple)?routine (\w+)\(", path.read_text(), re.M)


def every_routine(*files: str) -> list[tuple[str, str]]:
    """Files with their routines."""
    return [(file, routine) for file in files for routine in routines(file)]


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


def plain(value: Any) -> Any:
    """Lists for sequences and structures, so that they compare by what they hold."""
    if isinstance(value, bytes | int | float):
        return value
    if isinstance(value, Mapping):
        value = [item for name, item in value.items() if name != "_io"]
    return [plain(item) for item in value]


def exchanges(package: Any, routine: str) -> list[Exchange]:
    found = []
    for abi in ABIS:
        found.append(Exchange(package, abi, routine, "request"))
        if found[-1].routine.reply is not None:
            found.append(Exchange(package, abi, routine, "reply"))
    return found
