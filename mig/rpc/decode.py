# SPDX-License-Identifier: GPL-2.0-or-later
"""A message made readable from its type descriptors alone, by declaration and slowly.

The layouts are declared once more here, with construct and apart from everything that marshals,
so that the two can be held against each other.  Needs the extra ``perfmon[decode]``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from mig.rpc.errors import ProtocolError
from mig.rpc.message import Message, TypeName, is_port_right

_COMPLEX = 0x80000000
_SHOWN = 16


@dataclass(frozen=True, slots=True)
class Item:
    """A descriptor with its data.

    Attributes:
        type_name: ``msgt_name``.
        size: bits of an element.
        number: how many elements.
        inline: the data is in the message.
        longform: the descriptor is a ``mach_msg_type_long_t``.
        deallocate: the sender's copy of out-of-line data goes away.
        data: the elements' bytes.
        values: the elements as unsigned numbers; bytes when they are characters or odd sizes.
    """

    type_name: int
    size: int
    number: int
    inline: bool
    longform: bool
    deallocate: bool
    data: bytes
    values: tuple[int, ...] | bytes

    def __str__(self) -> str:
        try:
            kind = TypeName(self.type_name).name
        except ValueError:
            kind = f"type {self.type_name}"
        place = "" if self.inline else ", out of line"
        place += ", deallocate" if self.deallocate else ""
        values = repr(self.values[:_SHOWN]) + (" ..." if len(self.values) > _SHOWN else "")
        return f"{kind}, {self.size} bits x {self.number}{place}: {values}"


@dataclass(frozen=True, slots=True)
class DecodedMessage:
    """A message.

    Attributes:
        remote_type: disposition of the destination.
        local_type: disposition of the reply port.
        complex: whether the complex bit is set.
        size: ``msgh_size``.
        remote: name of the destination.
        local: name of the reply port.
        seqno: ``msgh_seqno``.
        id: ``msgh_id``.
        items: what it carries.
    """

    remote_type: int
    local_type: int
    complex: bool
    size: int
    remote: int
    local: int
    seqno: int
    id: int
    items: tuple[Item, ...]

    def __str__(self) -> str:
        head = (
            f"message {self.id}: {self.size} bytes{', complex' if self.complex else ''},"
            f" to {self.remote:#x} ({self.remote_type}), reply {self.local:#x} ({self.local_type})"
        )
        return "\n  ".join((head, *map(str, self.items)))


def decode_message(abi_name: str, message: Message, address: str = "") -> DecodedMessage:
    """Return what a message holds.

    Args:
        abi_name: "i386" or "x86_64".
        message: the message.
        address: whom it came from, for errors.

    Raises:
        ProtocolError: it does not keep to the layout that its own descriptors give.
        ImportError: construct is not installed.
    """
    construct = _construct()
    try:
        parsed = _declaration(abi_name).parse(message.data)
    except construct.ConstructError as error:
        reason = str(error).splitlines()[-1]
        raise ProtocolError(
            f"expected a message of {abi_name}: {reason}", address=address
        ) from None
    header = parsed.header
    if header.size != len(message.data):
        raise ProtocolError(
            f"expected {header.size} bytes, found {len(message.data)}", address=address
        )
    regions = iter(message.out_of_line)
    items = tuple(_item(entry, regions, address) for entry in parsed.entries)
    if next(regions, None) is not None:
        raise ProtocolError("expected no further out-of-line region", address=address)
    return DecodedMessage(
        header.bits & 0xFF,
        header.bits >> 8 & 0xFF,
        bool(header.bits & _COMPLEX),
        header.size,
        header.remote,
        header.local,
        header.seqno,
        header.id,
        items,
    )


def _item(entry: Any, regions: Iterator[Any], address: str) -> Item:
    descriptor = entry.descriptor
    length = (descriptor.size * descriptor.number + 7) // 8
    data = entry.data
    width = descriptor.size // 8
    if not descriptor.inline:
        data = next(regions, None)
        if data is None or len(data) != length:
            found = "none" if data is None else f"one of {len(data)}"
            raise ProtocolError(
                f"expected an out-of-line region of {length} bytes, found {found}", address=address
            )
    data = bytes(data)
    values: tuple[int, ...] | bytes = data
    if descriptor.size in (16, 32, 64):
        read = 4 if is_port_right(descriptor.name) else width
        values = tuple(
            int.from_bytes(data[start : start + read], "little")
            for start in range(0, len(data), width)
        )
    return Item(
        descriptor.name,
        descriptor.size,
        descriptor.number,
        bool(descriptor.inline),
        bool(descriptor.longform),
        bool(descriptor.deallocate),
        data,
        values,
    )


def _construct() -> Any:
    try:
        import construct
    except ImportError:
        raise ImportError(
            "decoding messages needs construct, which is not installed:"
            " pip install 'perfmon[decode]'"
        ) from None
    return construct


@cache
def _declaration(abi_name: str) -> Any:
    """Return the declaration of a whole message."""
    c = _construct()
    try:
        header, descriptor, word = {"i386": _i386, "x86_64": _x86_64}[abi_name](c)
    except KeyError:
        raise ValueError(f"no ABI {abi_name!r}: there are i386, x86_64") from None

    def length(context: Any) -> int:
        found = context.descriptor
        return (found.size * found.number + 7) // 8 if found.inline else word

    item = c.Struct("descriptor" / descriptor, "data" / c.Aligned(word, c.Bytes(length)))
    return c.Struct("header" / header, "entries" / c.GreedyRange(item), c.Terminated)


def _i386(c: Any) -> tuple[Any, Any, int]:
    header = c.Struct(
        "bits" / c.Int32ul,
        "size" / c.Int32ul,
        "remote" / c.Int32ul,
        "local" / c.Int32ul,
        "seqno" / c.Int32ul,
        "id" / c.Int32sl,
    )
    first = c.ByteSwapped(
        c.BitStruct(
            "unused" / c.Flag,
            "deallocate" / c.Flag,
            "longform" / c.Flag,
            "inline" / c.Flag,
            "number" / c.BitsInteger(12),
            "size" / c.BitsInteger(8),
            "name" / c.BitsInteger(8),
        )
    )
    rest = c.Struct("name" / c.Int16ul, "size" / c.Int16ul, "number" / c.Int32ul)

    def either(field: str) -> Any:
        return field / c.Computed(lambda this: (this.rest or this.first)[field])

    descriptor = c.Struct(
        "first" / first,
        "rest" / c.If(lambda this: this.first.longform, rest),
        either("name"),
        either("size"),
        either("number"),
        *(field / c.Computed(_flag(field)) for field in ("inline", "longform", "deallocate")),
    )
    return header, descriptor, 4


def _x86_64(c: Any) -> tuple[Any, Any, int]:
    port = c.Struct("name" / c.Int32ul, c.Padding(4))
    header = c.Struct(
        "bits" / c.Int32ul,
        "size" / c.Int32ul,
        "remote_port" / port,
        "local_port" / port,
        "seqno" / c.Int32ul,
        "id" / c.Int32sl,
        "remote" / c.Computed(lambda this: this.remote_port.name),
        "local" / c.Computed(lambda this: this.local_port.name),
    )
    first = c.ByteSwapped(
        c.BitStruct(
            "deallocate" / c.Flag,
            "longform" / c.Flag,
            "inline" / c.Flag,
            "unused" / c.BitsInteger(5),
            "size" / c.BitsInteger(16),
            "name" / c.BitsInteger(8),
        )
    )
    descriptor = c.Struct(
        "first" / first,
        "number" / c.Int32ul,
        *(
            field / c.Computed(_flag(field))
            for field in ("name", "size", "inline", "longform", "deallocate")
        ),
    )
    return header, descriptor, 8


def _flag(field: str) -> Any:
    return lambda this: this.first[field]
