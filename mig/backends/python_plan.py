# SPDX-License-Identifier: GPL-2.0-or-later
"""A message as generated Python sees it: runs of fixed layout, each with what follows it.

Turns a layout of the model into parts with Python names, values and descriptors.  Writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from mig.backends.python_text import IMPORTED, variable_name
from mig.backends.python_values import (
    PORT_NAME,
    Scalar,
    Structure,
    StructureItems,
    UnsupportedTypeError,
    Value,
    leaf_of,
    value_of,
)
from mig.backends.python_wire import Descriptor, describe, out_of_line_bits
from mig.model.abi import Abi
from mig.model.layout import Field, FieldKind, MessageLayout
from mig.model.routines import Argument, Routine
from mig.model.types import Deallocate, MessageType

#: Names that generated functions use for themselves.
RESERVED = IMPORTED | frozenset(
    {
        "self",
        "raw",
        "message",
        "regions",
        "end",
        "cause",
        "msgh_remote_port",
        "msgh_local_port",
        "msgh_remote_type",
        "msgh_bits",
        "msgh_size",
        "msgh_id",
        *(f"run_{index}" for index in range(100)),
        *("bool", "bytes", "float", "int", "len", "list", "tuple"),
        *(
            "c_string",
            "check_disposition",
            "error",
            "fixed_bytes",
            "is_port_right",
            "not_complex",
            "pack_items",
        ),
        *("unexpected_count", "unexpected_reply", "unexpected_request", "unexpected_size"),
        *("too_many_items", "uneven_items", "unexpected_type", "unfit_arguments"),
        *("unpack_items", "wrong_count", "wire", "result"),
    }
)
#: Names that they make from an argument's.
_DERIVED = ("body", "code", "count", "data", "dealloc", "length", "poly", "start", "type")


class Place(Enum):
    """Where the data of a part is."""

    FIXED = "in the message, of fixed size"
    VARIABLE = "in the message, as many as the descriptor says"
    INDEFINITE = "in the message, or out of line where it is too large"
    OUT_OF_LINE = "out of line"


@dataclass(frozen=True, slots=True)
class Part:
    """A descriptor with its data.

    Attributes:
        name: the Python variable.
        label: what errors call it.
        field: the model's field.
        message_type: ``msgt_name`` on this side.
        place: where the data is.
        value: of data whose size is fixed; None otherwise.
        leaf: what the items of a variable number are; None otherwise.
        scale: elements on the wire that make one item of a variable number.
        inline: descriptor of data in the message, if it can be there.
        out_of_line: descriptor of data out of line, if it can be there.
    """

    name: str
    label: str
    field: Field
    message_type: MessageType
    place: Place
    value: Value | None
    leaf: Scalar | Structure | None
    scale: int
    inline: Descriptor | None
    out_of_line: Descriptor | None

    @property
    def descriptor(self) -> Descriptor:
        """The one that settles the layout: both forms of an indefinite one have the same."""
        found = self.inline or self.out_of_line
        assert found is not None, "data is somewhere"
        return found

    @property
    def is_text(self) -> bool:
        """Whether it ends with a zero."""
        return self.field.type.string

    @property
    def is_bytes(self) -> bool:
        """Whether a variable number of items is bytes in Python."""
        return isinstance(self.leaf, Scalar) and self.leaf.is_byte

    @property
    def element_size(self) -> int:
        """Bytes of an element of the descriptor."""
        return self.field.type.size // 8

    @property
    def out_of_line_leaf(self) -> Scalar | Structure | None:
        """What the items are out of line, which differs for port rights on x86_64."""
        return PORT_NAME if self.field.type.is_port else self.leaf

    @property
    def out_of_line_size(self) -> int:
        """Bytes of an element out of line."""
        return out_of_line_bits(self.field) // 8

    @property
    def polymorphic(self) -> bool:
        """Whether the sender chooses ``msgt_name``."""
        return self.message_type.is_polymorphic

    @property
    def may_deallocate(self) -> bool:
        """Whether the sender chooses to deallocate."""
        return self.field.deallocate is Deallocate.MAYBE and self.place is not Place.VARIABLE

    @property
    def annotation(self) -> str:
        """The Python type of what is received."""
        if isinstance(self.value, StructureItems):
            return f"StructArray[{self.value.structure.annotation}]"
        if self.value is not None:
            return self.value.annotation
        assert self.leaf is not None, "items are something"
        if self.is_bytes:
            return "bytes"
        if isinstance(self.leaf, Structure):
            return f"StructArray[{self.leaf.annotation}]"
        return f"tuple[{self.leaf.annotation}, ...]"

    @property
    def parameter(self) -> str:
        """The Python type of what can be sent."""
        received = self.annotation
        if received.startswith(("tuple[", "StructArray[")):
            inner = received[received.index("[") + 1 : -1].removesuffix(", ...")
            return f"Sequence[{inner}]"
        return received


@dataclass(frozen=True, slots=True)
class Run:
    """Parts that lie one behind the other at fixed distances.

    Attributes:
        parts: them; data of the last one may follow the run.
        is_first: the message header is in front.
        size: in bytes, header included.
        code: struct format.
    """

    parts: tuple[Part, ...]
    is_first: bool
    size: int
    code: str

    @property
    def tail(self) -> Part | None:
        """The part whose data follows the run."""
        last = self.parts[-1] if self.parts else None
        return last if last and last.place in (Place.VARIABLE, Place.INDEFINITE) else None


@dataclass(frozen=True, slots=True)
class MessagePlan:
    """A request or a reply, on its sender's or its receiver's side."""

    routine: Routine
    layout: MessageLayout
    abi: Abi
    runs: tuple[Run, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts in order."""
        return tuple(part for run in self.runs for part in run.parts)

    @property
    def arguments(self) -> tuple[Part, ...]:
        """The parts that are arguments."""
        return tuple(part for part in self.parts if part.field.kind is FieldKind.DATA)

    @property
    def counts(self) -> tuple[Part, ...]:
        """The parts that say how much the caller takes."""
        return tuple(part for part in self.parts if part.field.kind is FieldKind.COUNT)

    @property
    def is_reply(self) -> bool:
        """Whether it is a reply."""
        return any(part.field.kind is FieldKind.RETURN_CODE for part in self.parts)

    @property
    def always_complex(self) -> bool:
        """Whether the complex bit is set whatever it carries."""
        return any(
            part.place is Place.OUT_OF_LINE or part.message_type.is_port for part in self.parts
        )

    @property
    def sometimes_complex(self) -> bool:
        """Whether the complex bit depends on what it carries."""
        return not self.always_complex and any(
            part.place is Place.INDEFINITE or part.polymorphic for part in self.parts
        )


def plan_message(abi: Abi, routine: Routine, layout: MessageLayout, *, sent: bool) -> MessagePlan:
    """Return the plan of a message.

    Args:
        abi: the target.
        routine: whose message it is.
        layout: of the message.
        sent: for its sender; else for its receiver.

    Raises:
        UnsupportedTypeError: an argument has no form in Python; the text names it.
    """
    parts = [_part(abi, routine, field, sent=sent) for field in layout.fields]
    return MessagePlan(routine, layout, abi, tuple(_runs(abi, parts)))


def argument_name(routine: Routine, name: str) -> str:
    """Return the Python name of an argument: no name that generated functions need themselves."""
    derived = {f"{argument.name}_{suffix}" for argument in routine.arguments for suffix in _DERIVED}
    others = {argument.name for argument in routine.arguments if argument.name != name}
    return variable_name(name, RESERVED | derived | others)


def count_default(routine: Routine, argument: str) -> int:
    """Return the most that a client takes of an argument where it does not say."""
    kind = next(found for found in routine.arguments if found.name == argument).type
    return kind.maximum_count if kind.inline and not kind.indefinite else 0xFFFFFFFF


def user_reply_port(routine: Routine) -> Argument | None:
    """Return the reply port that the user of a simpleroutine hands over."""
    port = routine.reply_port
    return port if port is not None and routine.simple and port.user else None


def _part(abi: Abi, routine: Routine, field: Field, *, sent: bool) -> Part:
    kind = field.type
    match field.kind:
        case FieldKind.RETURN_CODE:
            name, label = "ret_code", "the return code"
        case FieldKind.COUNT:
            name = argument_name(routine, field.argument) + "_count"
            label = f"the count of {field.argument}"
        case _:
            name = label = argument_name(routine, field.argument)
    message_type = field.message_type(sent=sent)
    value: Value | None = None
    leaf: Scalar | Structure | None = None
    scale = 1
    number: int | None = None
    try:
        if kind.inline and not kind.variable:
            counts = field.kind is FieldKind.COUNT
            value = Scalar("I", "int") if counts else value_of(kind)
            place, number = Place.FIXED, kind.number
        elif kind.inline:
            place = Place.INDEFINITE if kind.indefinite else Place.VARIABLE
        else:
            place = Place.OUT_OF_LINE
        if value is None:
            leaf, _ = leaf_of(kind)
            scale = kind.count_scale
            if place is Place.OUT_OF_LINE and kind.is_port:
                leaf = PORT_NAME
    except UnsupportedTypeError as error:
        raise UnsupportedTypeError(f"argument {field.argument} is or holds {error}") from None
    inline = far = None
    if place is not Place.OUT_OF_LINE:
        inline = describe(abi, field, message_type, inline=True, number=number)
    if place in (Place.OUT_OF_LINE, Place.INDEFINITE):
        far = describe(abi, field, message_type, inline=False, number=number)
    return Part(name, label, field, message_type, place, value, leaf, scale, inline, far)


def _runs(abi: Abi, parts: Iterable[Part]) -> Iterable[Run]:
    header = "IIIIIi" if abi.long_is_separate else "III4xI4xIi"
    taken: list[Part] = []
    code, size, first = header, abi.header, True
    for part in parts:
        descriptor = part.descriptor
        code += descriptor.word_code + descriptor.number_code
        size += part.field.descriptor_size
        taken.append(part)
        if part.place in (Place.VARIABLE, Place.INDEFINITE):
            yield Run(tuple(taken), first, size, "<" + code)
            taken, code, size, first = [], "", 0, False
            continue
        data, length = _data_code(abi, part)
        code += data
        size += length
    if taken or first:
        yield Run(tuple(taken), first, size, "<" + code)


def _data_code(abi: Abi, part: Part) -> tuple[str, int]:
    if part.place is Place.OUT_OF_LINE:
        return f"{abi.word}x", abi.word
    length = part.field.type.bytes
    code = part.value.code if isinstance(part.value, Scalar) else f"{length}s"
    padding = abi.align(length) - length
    return code + (f"{padding}x" if padding else ""), length + padding
