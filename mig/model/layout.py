# SPDX-License-Identifier: GPL-2.0-or-later
"""Where everything lies in a message: the wire layout of one request or reply.

Knows types and ABIs and nothing of how a program gets at a field.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from mig.model.abi import Abi
from mig.model.types import Deallocate, MessageType, Type
from mig.record import record


class Complexity(Enum):
    """Whether a message carries port rights or out-of-line memory."""

    NEVER = "never"
    ALWAYS = "always"
    SOMETIMES = "sometimes"


class FieldKind(Enum):
    """What a field of a message holds."""

    RETURN_CODE = "return code"
    DATA = "data"
    COUNT = "count"


@record
class Field:
    """A descriptor and the data behind it.

    Attributes:
        name: the C name of the data.
        kind: what it is.
        argument: name of the argument it carries; of a COUNT, the argument whose largest count it
            is; empty for the return code.
        type: of the data.
        longform: has a long descriptor.
        deallocate: the descriptor's deallocate bit when the data is out of line.
        descriptor_offset: from the start of the message; None when it depends on the message.
        data_offset: likewise.
        descriptor_size: in bytes.
        minimum_size: of the data and its padding, in bytes.
        maximum_size: likewise.
    """

    name: str
    kind: FieldKind
    argument: str
    type: Type
    longform: bool
    deallocate: Deallocate
    descriptor_offset: int | None
    data_offset: int | None
    descriptor_size: int
    minimum_size: int
    maximum_size: int

    @property
    def is_variable(self) -> bool:
        """Whether the room it takes depends on the message."""
        return self.minimum_size != self.maximum_size

    @property
    def padding(self) -> int:
        """Bytes between the end of the data and the next descriptor; fixed inline data only."""
        if not self.type.inline or self.is_variable:
            return 0
        return self.maximum_size - self.type.bytes

    def complexity(self, *, sent: bool) -> Complexity:
        """What it does to the complex bit of a message that a task sends, or receives.

        The two differ for a right that the sender names at run time and the receiver knows.
        """
        name = self.message_type(sent=sent)
        if not self.type.inline or name.is_port:
            return Complexity.ALWAYS
        if self.type.indefinite or name.is_polymorphic:
            return Complexity.SOMETIMES
        return Complexity.NEVER

    def message_type(self, *, sent: bool) -> MessageType:
        """``msgt_name`` in a message that a task sends, or in one it receives."""
        return self.type.sent if sent else self.type.received


@record
class MessageLayout:
    """A request or a reply.

    Attributes:
        message_id: its msgh_id.
        fields: in order.
        minimum_size: of the whole message in bytes, header included.
        maximum_size: likewise.
        complexity: whether MACH_MSGH_BITS_COMPLEX is set in what a task sends.
        received_complexity: likewise in what a task receives.
    """

    message_id: int
    fields: tuple[Field, ...]
    minimum_size: int
    maximum_size: int
    complexity: Complexity
    received_complexity: Complexity

    @property
    def is_fixed(self) -> bool:
        """Whether every such message has the same size."""
        return self.minimum_size == self.maximum_size


@record
class FieldSpecification:
    """What `lay_out` has to know of a field; see `Field`."""

    name: str
    kind: FieldKind
    argument: str
    type: Type
    longform: bool
    deallocate: Deallocate


def data_sizes(abi: Abi, kind: Type) -> tuple[int, int]:
    """Least and greatest size of data of a type in the message, with padding, in bytes."""
    if not kind.inline:
        return abi.word, abi.word
    size = abi.align(kind.bytes)
    if kind.indefinite:
        return 0, max(size, abi.word)
    return (0 if kind.variable else size), size


def lay_out(
    abi: Abi, message_id: int, specifications: Iterable[FieldSpecification]
) -> MessageLayout:
    """Place fields one behind the other, every descriptor and datum aligned to a word."""
    offset: int | None = abi.header
    minimum = maximum = abi.header
    fields = []
    for wanted in specifications:
        descriptor_size = abi.long_descriptor if wanted.longform else abi.short_descriptor
        least, greatest = data_sizes(abi, wanted.type)
        data_offset = None if offset is None else offset + descriptor_size
        fields.append(
            Field(
                wanted.name,
                wanted.kind,
                wanted.argument,
                wanted.type,
                wanted.longform,
                wanted.deallocate,
                offset,
                data_offset,
                descriptor_size,
                least,
                greatest,
            )
        )
        minimum += descriptor_size + least
        maximum += descriptor_size + greatest
        offset = data_offset + least if data_offset is not None and least == greatest else None
    return MessageLayout(
        message_id,
        tuple(fields),
        minimum,
        maximum,
        _complexity(field.complexity(sent=True) for field in fields),
        _complexity(field.complexity(sent=False) for field in fields),
    )


def _complexity(of_fields: Iterable[Complexity]) -> Complexity:
    found = set(of_fields)
    for complexity in (Complexity.ALWAYS, Complexity.SOMETIMES):
        if complexity in found:
            return complexity
    return Complexity.NEVER
