# SPDX-License-Identifier: GPL-2.0-or-later
"""What a Mach type is in Python, and how its bytes are packed.

Turns resolved types into the few kinds of value that generated code knows.  Descriptors and
messages are not looked at here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from mig.backends.python_text import class_name, constant_name, is_taken, variable_name
from mig.frontend.diagnostics import Position
from mig.model.types import MessageType, Type

_SIGNED = {8: "b", 16: "h", 32: "i", 64: "q"}
_REAL = {32: "f", 64: "d"}
_REAL_NUMBER = 10
_PORT_NAME_NUMBER = 15
_UNSIGNED_NAME = re.compile(r"(^|_)u(int|nsigned)")


class UnsupportedTypeError(Exception):
    """A type that has no form in Python; the text says why."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number of one struct format `code`, `annotation` in Python."""

    code: str
    annotation: str

    @property
    def is_byte(self) -> bool:
        """Whether arrays of it are bytes."""
        return self.code in "bBc"


@dataclass(frozen=True, slots=True)
class Block:
    """`length` bytes; up to the first zero when it is `text`."""

    length: int
    text: bool

    annotation: str = "bytes"


@dataclass(frozen=True, slots=True)
class Items:
    """Exactly `count` numbers, a tuple in Python."""

    scalar: Scalar
    count: int

    @property
    def annotation(self) -> str:
        """The Python type."""
        return f"tuple[{self.scalar.annotation}, ...]"

    @property
    def code(self) -> str:
        """The struct format of all of them."""
        code = self.scalar.code
        return f"{self.count}{code}" if len(code) == 1 else code * self.count


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a structure.

    Attributes:
        name: in Python.
        position: where it is declared.
        value: what it is.
        padding: bytes in front of it.
    """

    name: str
    position: Position
    value: Value
    padding: int


@dataclass(frozen=True, slots=True)
class Structure:
    """A structure, a NamedTuple in Python.

    Attributes:
        name: as declared.
        position: where it is declared.
        fields: its members.
        size: in bytes, with `padding` behind the last member.
    """

    name: str
    position: Position
    fields: tuple[Field, ...]
    size: int
    padding: int

    @property
    def annotation(self) -> str:
        """The name of the NamedTuple."""
        name = class_name(self.name)
        return f"{name}Struct" if is_taken(name) else name

    @property
    def layout(self) -> str:
        """The name of the layout in an ABI's module."""
        return f"_{constant_name(self.name)}_LAYOUT"


@dataclass(frozen=True, slots=True)
class StructureItems:
    """Exactly `count` structures."""

    structure: Structure
    count: int

    @property
    def annotation(self) -> str:
        """The Python type."""
        return f"tuple[{self.structure.annotation}, ...]"


Value: TypeAlias = Scalar | Block | Items | Structure | StructureItems


def scalar_of(message_type: MessageType, size: int, names: tuple[str, ...]) -> Scalar:
    """Return the number that an element of a descriptor is.

    Args:
        message_type: ``msgt_name``.
        size: in bits.
        names: of the type in Mach and C; they tell whether it is signed.
    """
    if message_type.number == _REAL_NUMBER and size in _REAL:
        return Scalar(_REAL[size], "float")
    if message_type.may_be_port and size == 64:
        return Scalar("I4x", "int")
    if size not in _SIGNED:
        raise UnsupportedTypeError(f"an element of {size} bits")
    if message_type.symbol == "MACH_MSG_TYPE_BOOLEAN":
        return Scalar(_SIGNED[size], "bool")
    unsigned = (
        message_type.may_be_port
        or message_type.number == _PORT_NAME_NUMBER
        or any(map(_UNSIGNED_NAME.search, names))
    )
    return Scalar(_SIGNED[size].upper() if unsigned else _SIGNED[size], "int")


PORT_NAME = Scalar("I", "int")
"""A port right out of line; in the message it may take more room."""


def leaf_of(kind: Type) -> tuple[Scalar | Structure, int]:
    """Return what an array ends in, and how many of them make the whole of `kind`.

    A variable or out-of-line dimension counts as one element of it.
    """
    if kind.is_struct:
        return structure_of(kind), 1
    if kind.element is None:
        if kind.string:
            return Scalar("B", "int"), kind.size // 8
        return scalar_of(kind.sent, kind.size, (*kind.aliases, kind.user_type)), 1
    leaf, count = leaf_of(kind.element)
    if kind.variable or not kind.inline:
        return leaf, count
    return leaf, count * (kind.number // max(1, kind.element.number))


def value_of(kind: Type) -> Value:
    """Return what a value of fixed size is."""
    if kind.is_struct:
        return structure_of(kind)
    if kind.string:
        return Block(kind.bytes, text=True)
    if kind.element is None and kind.size not in _SIGNED:
        return Block(kind.bytes, text=False)
    leaf, count = leaf_of(kind)
    if isinstance(leaf, Structure):
        return StructureItems(leaf, count)
    if kind.element is None:
        return leaf
    return Block(count, text=False) if leaf.is_byte else Items(leaf, count)


def structure_of(kind: Type) -> Structure:
    """Return the structure that a ``struct { ... }`` is."""
    fields: list[Field] = []
    end = 0
    for member in kind.members:
        if member.type.variable or not member.type.inline:
            raise UnsupportedTypeError(f"member {member.name}, which is not of fixed size")
        field = member.name.lstrip("_")
        if not field.isidentifier():
            field = f"field{field}"
        others = {other.name for other in kind.members if other is not member}
        field = variable_name(field, {*others, *(found.name for found in fields)})
        padding = member.offset - end
        fields.append(Field(field, member.position, value_of(member.type), padding))
        end = member.offset + member.type.bytes
    name = kind.aliases[-1] if kind.aliases else kind.name
    return Structure(name, kind.position, tuple(fields), kind.bytes, kind.bytes - end)


def packing(value: Value) -> str:
    """Return the struct format of a value, with padding and without byte order."""
    match value:
        case Scalar(code=code):
            return code
        case Items():
            return value.code
        case Block(length):
            return f"{length}s"
        case StructureItems(structure, count):
            return packing(structure) * count
        case Structure(fields=fields, padding=padding):
            inner = "".join(_pad(field.padding) + packing(field.value) for field in fields)
            return inner + _pad(padding)
    raise AssertionError(value)


def members(value: Value) -> int:
    """How many members struct unpacks for a value."""
    match value:
        case Items(count=count):
            return count
        case StructureItems(structure, count):
            return members(structure) * count
        case Structure(fields=fields):
            return sum(members(field.value) for field in fields)
    return 1


def is_flat(structure: Structure) -> bool:
    """Whether what struct unpacks are the fields themselves."""
    return all(isinstance(field.value, Scalar | Block) for field in structure.fields)


def _pad(count: int) -> str:
    return f"{count}x" if count else ""
