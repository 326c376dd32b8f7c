# SPDX-License-Identifier: GPL-2.0-or-later
"""Resolved types, and the operations that build one type from another.

Pure values: nothing here reads a syntax tree or reports an error.
"""

from __future__ import annotations

from enum import Enum

from mig.frontend.diagnostics import NOWHERE, Position
from mig.model.abi import Abi
from mig.record import record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

#: An ``array[]`` travels in the message itself up to this many bytes, else out of line.
INDEFINITE_INLINE_BYTES = 2048
#: What the fields of a short descriptor hold; from here on it takes a long one.
SHORT_SIZE_LIMIT = 256
SHORT_NUMBER_LIMIT = 4096

POLYMORPHIC = -1
_PORTS = range(16, 22)
_STRING = 12


@record
class MessageType:
    """A value of ``msgt_name`` and its symbol."""

    number: int
    symbol: str

    @property
    def is_port(self) -> bool:
        """Whether it names a port right."""
        return self.number in _PORTS

    @property
    def is_text(self) -> bool:
        """Whether it names text that a zero ends."""
        return self.number == _STRING

    @property
    def is_polymorphic(self) -> bool:
        """Whether the sender chooses at run time."""
        return self.number == POLYMORPHIC

    @property
    def may_be_port(self) -> bool:
        """Whether a message with it can carry a port right."""
        return self.is_port or self.is_polymorphic


class Deallocate(Enum):
    """Whether the sender gives its memory or right away."""

    NO = "no"
    YES = "yes"
    MAYBE = "maybe"


@record
class Translation:
    """A C function that turns one type into another on the server's side."""

    function: str
    argument: str
    result: str


@record
class Member:
    """A member of a struct: name, where it is declared, type, byte offset."""

    name: str
    position: Position
    type: Type
    offset: int


@record
class Type:
    """A type on one ABI.

    A value travels as `number` elements of `size` bits behind one descriptor.

    Attributes:
        name: the declared name; empty for a type that has none.
        position: where it was declared.
        aliases: the names it goes back to, nearest first, itself included: ``natural_t`` is
            ``("natural_t", "uint32_t")``.  The last name tells signedness.
        sent: ``msgt_name`` in messages that a task sends.
        received: ``msgt_name`` in messages that a task receives.
        size: bits of an element, as the descriptor has it.
        number: elements of a whole value; the maximum when `variable`; 0 when out of line.
        inline: in the message itself (an `indefinite` one: as long as it fits).
        longform: has a long descriptor.
        deallocate: default of the arguments of this type.
        variable: the number of elements is known at run time only.
        indefinite: ``array[]``; out of line when it is larger than 2048 bytes.
        by_value: C passes it by value (structs and scalars), not as an array.
        string: copied up to its terminating zero.
        alignment: in bytes, inside a struct.
        element: what an array, string or pointer holds; None for scalars and structs.
        members: of a struct.
        user_type: its C name on the user's side.
        server_type: its C name in the server's messages.
        translated_type: its C name in the server's functions.
    """

    name: str
    position: Position
    aliases: tuple[str, ...]
    sent: MessageType
    received: MessageType
    size: int
    number: int
    alignment: int
    inline: bool = True
    longform: bool = False
    deallocate: Deallocate = Deallocate.NO
    variable: bool = False
    indefinite: bool = False
    by_value: bool = True
    string: bool = False
    element: Type | None = None
    members: tuple[Member, ...] = ()
    user_type: str = ""
    server_type: str = ""
    translated_type: str = ""
    intran: Translation | None = None
    outtran: Translation | None = None
    intran_payload: str | None = None
    destructor: str | None = None

    @property
    def is_port(self) -> bool:
        """Whether values are port rights, or arrays of them."""
        return self.sent.may_be_port

    @property
    def is_struct(self) -> bool:
        """Whether it is a ``struct { ... }``."""
        return bool(self.members)

    @property
    def bytes(self) -> int:
        """Size of a value in the message, at most, without padding; inline types only."""
        return (self.size * self.number + 7) // 8

    @property
    def is_array(self) -> bool:
        """Whether C passes it as an array or through a pointer to its first element."""
        return not self.by_value

    @property
    def count_scale(self) -> int:
        """How many descriptor elements make one element in C's counts."""
        return self.element.number if self.element is not None else 1

    @property
    def maximum_count(self) -> int:
        """The largest count in C's elements that fits in the message; variable inline types."""
        return self.number // self.count_scale

    @property
    def element_bytes(self) -> int:
        """Size in the message of one of C's elements."""
        return (self.size * self.count_scale + 7) // 8


def needs_long_form(kind: Type) -> bool:
    """Whether a short descriptor could not say what has to be said about values of `kind`."""
    return (
        kind.indefinite
        or (kind.variable and not kind.inline)
        or kind.size >= SHORT_SIZE_LIMIT
        or kind.number >= SHORT_NUMBER_LIMIT
    )


def scalar(abi: Abi, sent: MessageType, received: MessageType, size: int) -> Type:
    """A value of `size` bits; strings of old are one such."""
    width = (size + 7) // 8
    string = sent.is_text
    natural = 1 if string or width not in (1, 2, 4, 8) else width
    return Type(
        name="",
        position=NOWHERE,
        aliases=(),
        sent=sent,
        received=received,
        size=size,
        number=1,
        alignment=min(natural, abi.word),
        by_value=not string,
        string=string,
    )


#: What a type made from another one leaves behind: name, C names and translations.
_ANONYMOUS: Mapping[str, Any] = {
    "name": "",
    "aliases": (),
    "user_type": "",
    "server_type": "",
    "translated_type": "",
    "intran": None,
    "outtran": None,
    "intran_payload": None,
    "destructor": None,
}


def array_of(element: Type, count: int, *, by_value: bool) -> Type:
    """``array[count] of``, or ``struct[count] of`` when `by_value`."""
    return replace(
        element,
        **_ANONYMOUS,
        number=element.number * count,
        by_value=by_value,
        string=False,
        element=element,
        members=(),
    )


def variable_array_of(element: Type, maximum: int | None) -> Type:
    """``array[*:maximum] of``, or ``array[] of`` without a maximum."""
    if maximum is None:
        number = INDEFINITE_INLINE_BYTES * 8 // (element.size * element.number) * element.number
    else:
        number = element.number * maximum
    return replace(
        element,
        **_ANONYMOUS,
        number=number,
        by_value=False,
        variable=True,
        indefinite=maximum is None,
        string=False,
        element=element,
        members=(),
    )


def pointer_to(abi: Abi, target: Type, *, kernel: bool) -> Type:
    """``^ target``, an ``array[]``: port rights in it are names, or pointers inside the kernel."""
    ports_as_names = target.is_port and not kernel
    return replace(
        target,
        **_ANONYMOUS,
        size=abi.port_name * 8 if ports_as_names else target.size,
        number=0,
        inline=False,
        indefinite=False,
        by_value=True,
        string=False,
        element=target.element,
        members=(),
        alignment=abi.word,
    )


def c_string(character: Type, size: int, *, variable: bool) -> Type:
    """``c_string[size]`` or ``c_string[*:size]``; the terminating zero counts in the size."""
    return replace(
        character,
        **_ANONYMOUS,
        number=size,
        by_value=False,
        variable=variable,
        string=True,
        element=character,
    )


def struct_of(
    abi: Abi, members: tuple[tuple[str, Position, Type], ...], integers: dict[int, Type]
) -> Type:
    """``struct { members }``: an array of the integer that is as wide as its alignment.

    Args:
        abi: the target.
        members: names, positions and types in order.
        integers: the integer type of each width in bytes.
    """
    offset, alignment, placed = 0, 1, []
    for name, position, kind in members:
        offset = -(-offset // kind.alignment) * kind.alignment
        placed.append(Member(name, position, kind, offset))
        offset += kind.bytes
        alignment = max(alignment, kind.alignment)
    alignment = min(alignment, abi.word)
    unit = integers[alignment]
    return replace(
        unit,
        **_ANONYMOUS,
        number=-(-offset // alignment),
        alignment=alignment,
        members=tuple(placed),
    )
