# SPDX-License-Identifier: GPL-2.0-or-later
"""Generated Python through the same vectors: values between the two, and the codec's functions.

Knows how generated functions name their parameters; compares nothing.
"""

import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from mig.backends.python_package import generate
from mig.compile import compile_defs
from mig.rpc.message import Message
from tests.conformance.shapes import Argument, Element, Form, Role
from tests.conformance.subjects import Subject
from tests.conformance.targets import INCLUDE, TARGETS, Target
from tests.conformance.vectors import REPLY_PORT, Datum, Vector, text

MAKE_SEND_ONCE = 21
_HEADER = ("msgh_remote_port", "msgh_local_port")


def build_package(subject: Subject, directory: Path) -> str:
    """Generate the package of a subject and make it importable; returns its name."""
    name = f"generated_{subject.name}"
    package = directory / name
    package.mkdir(parents=True)
    i386, x86_64 = (
        compile_defs(subject.defs(target), abi=target.abi, include=[INCLUDE, target.mach_include])
        for target in TARGETS
    )
    for file, source in generate(i386, x86_64).items():
        (package / file).write_text(source)
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))
    importlib.invalidate_caches()
    return name


def codec(package: str, target: Target) -> ModuleType:
    """The messages of one ABI."""
    return importlib.import_module(f"{package}.{target.abi}")


def integers(value: Any) -> Iterator[int]:
    """The scalars of a Python value in the order of a message."""
    if isinstance(value, int):
        yield value
    else:
        for each in value:
            yield from integers(each)


def expected(argument: Argument, datum: Datum) -> list[int]:
    """The scalars of a datum, unsigned."""
    if argument.form is Form.STRING:
        return list(text(datum)[:-1])
    return list(_unsigned(argument.element, (v for e in datum.elements for v in e)))


def unsigned(argument: Argument, value: Any) -> list[int]:
    """The scalars of a Python value, unsigned."""
    return list(_unsigned(argument.element, integers(value)))


def _unsigned(element: Element, values: Iterator[int]) -> Iterator[int]:
    for i, value in enumerate(values):
        yield value % (1 << 8 * element.leaves[i % len(element.leaves)].size)


class Call:
    """The functions that encode and decode one message of a routine, "request" or "reply"."""

    def __init__(self, module: ModuleType, routine: str, kind: str) -> None:
        self.kind = kind
        self._encode = getattr(module, f"encode_{routine}_{kind}")
        self._decode = getattr(module, f"decode_{routine}_{kind}")
        self.parameters = [
            name
            for name in inspect.signature(self._encode).parameters
            if name not in _HEADER and not name.startswith("msgh_")
        ]

    def decode(self, message: Message) -> Any:
        return self._decode(message)

    def encode(self, *header: int, values: dict[str, Any]) -> Message:
        message: Message = self._encode(*header, **values)
        return message


def values_by_name(call: Call, vector: Vector, decoded: Any) -> dict[str, Any]:
    """What a decoder returned, by name of argument; `NAME_poly` and `NAME_count` stand for more."""
    request = call.kind == "request"
    names = []
    for argument in vector.routine.arguments:
        if argument.role is Role.DATA and (argument.sent if request else argument.returned):
            names.append(argument.name)
            has_poly = argument.server_poly if request else argument.user_poly
            if has_poly and argument.tells:
                names.append(f"{argument.name}_poly")
    if request:
        names += [f"{a.name}_count" for a in vector.routine.arguments if a.counted]
    if not request and len(names) <= 1:
        decoded = (decoded,) if names else ()
    return dict(zip(names, decoded, strict=True))


def as_sent(call: Call, vector: Vector, values: dict[str, Any]) -> dict[str, Any]:
    """The values as the sender has to give them: its own types of rights, and deallocation."""
    given = dict(values)
    for name, datum in (vector.arguments if call.kind == "request" else vector.results).items():
        given[f"{name}_poly"] = datum.right
        given[f"{name}_dealloc"] = datum.dealloc
    return {
        name: given[name.removesuffix("_") if name not in given else name]
        for name in call.parameters
    }


def is_transports_reply_port(vector: Vector) -> bool:
    """Whether the reply goes where Python's do: a transport makes a send-once right for each."""
    return all(
        vector.arguments[argument.name].right == MAKE_SEND_ONCE
        for argument in vector.routine.arguments
        if argument.role is Role.REPLY_PORT and argument.user
    )


def ports(vector: Vector) -> tuple[int, int]:
    """The ports in the header of a vector's request: where it goes and where the reply goes."""
    remote, local = 0, 0 if vector.routine.simple else REPLY_PORT
    for argument in vector.routine.arguments:
        if not argument.user:
            continue
        if argument.role is Role.REQUEST_PORT:
            remote = vector.arguments[argument.name].elements[0][0]
        if argument.role is Role.REPLY_PORT:
            local = vector.arguments[argument.name].elements[0][0]
    return remote, local
