# SPDX-License-Identifier: GPL-2.0-or-later
"""A Mach message as bytes: header, type descriptors, and the regions that travel out of line.

What is read here comes from another program, so every size is checked against the bytes that are
there; whatever does not fit is a ProtocolError.  Routines and their arguments are not known here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from mig.rpc.abi import Abi
from mig.rpc.errors import ProtocolError

BITS_COMPLEX = 0x80000000
"""``MACH_MSGH_BITS_COMPLEX``: the body carries port rights or out-of-line data."""

NOTIFY_SEND_ONCE = 71
"""The id of the message that a send-once right sends when it is destroyed unused."""

Region = bytes | bytearray | memoryview


class TypeName(IntEnum):
    """``msgt_name``: what a descriptor describes, or the disposition of a port right."""

    UNSTRUCTURED = 0
    INTEGER_16 = 1
    INTEGER_32 = 2
    CHAR = 8
    INTEGER_8 = 9
    REAL = 10
    INTEGER_64 = 11
    STRING = 12
    PORT_NAME = 15
    MOVE_RECEIVE = 16
    MOVE_SEND = 17
    MOVE_SEND_ONCE = 18
    COPY_SEND = 19
    MAKE_SEND = 20
    MAKE_SEND_ONCE = 21
    PROTECTED_PAYLOAD = 23

    BOOLEAN = UNSTRUCTURED
    BYTE = INTEGER_8
    PORT_RECEIVE = MOVE_RECEIVE
    PORT_SEND = MOVE_SEND
    PORT_SEND_ONCE = MOVE_SEND_ONCE


def is_port_right(type_name: int) -> bool:
    """Say whether a ``msgt_name`` is a right, which the kernel moves, and not just a number."""
    return TypeName.MOVE_RECEIVE <= type_name <= TypeName.MAKE_SEND_ONCE


@dataclass(slots=True)
class Message:
    """One message; nobody changes it once it is made (to enforce that would double a call's cost).

    Attributes:
        data: header and body in the ABI of the host that it is for or comes from.  Every pointer
            to an out-of-line region in it is zero.
        out_of_line: the regions, in the order of their descriptors.
    """

    data: bytes
    out_of_line: tuple[Region, ...] = ()


class Header(NamedTuple):
    """``mach_msg_header_t``; ``remote`` and ``local`` are port names."""

    bits: int
    size: int
    remote: int
    local: int
    seqno: int
    id: int

    @property
    def complex(self) -> bool:
        """Whether the body carries port rights or out-of-line data."""
        return bool(self.bits & BITS_COMPLEX)


class Descriptor(NamedTuple):
    """``mach_msg_type_t`` or ``mach_msg_type_long_t``, and where its data is.

    Attributes:
        offset: where the descriptor starts in the message.
        name: ``msgt_name``.
        size: bits of an item.
        number: how many items.
        inline: the items are in the message; else a pointer is.
        longform: it is a ``mach_msg_type_long_t``.
        deallocate: the sender's copy of out-of-line data goes away.
        data: where the items, or the pointer, start in the message.
    """

    offset: int
    name: int
    size: int
    number: int
    inline: bool
    longform: bool
    deallocate: bool
    data: int

    @property
    def length(self) -> int:
        """Bytes of all the items."""
        return (self.size * self.number + 7) // 8


class Slot(NamedTuple):
    """Where a message points out of line.

    Attributes:
        offset: of the pointer in the message.
        length: of the region, in bytes.
        deallocate: the sender's copy goes away.
        is_port: the region is an array of port names, which the kernel translates.
    """

    offset: int
    length: int
    deallocate: bool
    is_port: bool


def make_bits(remote: int, local: int = 0, *, complex_: bool = False) -> int:
    """Return ``msgh_bits`` of two dispositions, as ``MACH_MSGH_BITS`` does."""
    return remote | local << 8 | (BITS_COMPLEX if complex_ else 0)


def remote_disposition(bits: int) -> int:
    """Return the disposition of ``msgh_remote_port``."""
    return bits & 0xFF


def local_disposition(bits: int) -> int:
    """Return the disposition of ``msgh_local_port``."""
    return bits >> 8 & 0xFF


def pack_header(abi: Abi, header: Header) -> bytes:
    """Return the bytes of a header."""
    return abi.header.pack(*header)


def unpack_header(abi: Abi, data: Region, address: str = "") -> Header:
    """Return the header of a message.

    Raises:
        ProtocolError: there is no room for a header, or ``msgh_size`` is not the bytes there are.
    """
    if len(data) < abi.header_size:
        raise ProtocolError(
            f"expected a message header of {abi.header_size} bytes, found {len(data)} bytes",
            address=address,
        )
    header = Header(*abi.header.unpack_from(data))
    if header.size != len(data):
        raise ProtocolError(
            f"expected the {header.size} bytes that message {header.id} says it has,"
            f" found {len(data)}",
            address=address,
        )
    return header


def walk_descriptors(abi: Abi, data: Region, address: str = "") -> Iterator[Descriptor]:
    """Yield the descriptors of a message, in order.

    Raises:
        ProtocolError: the header is wrong, or a descriptor or its data goes beyond the message.
    """
    unpack_header(abi, data, address)
    offset = abi.header_size
    while offset < len(data):
        descriptor = _read_descriptor(abi, data, offset, address)
        yield descriptor
        offset = abi.align(
            descriptor.data + (descriptor.length if descriptor.inline else abi.pointer)
        )


def out_of_line_slots(abi: Abi, data: Region, address: str = "") -> list[Slot]:
    """Return where a message points out of line, in descriptor order.

    A message without the complex bit has none, whatever its descriptors say: the kernel does not
    look at them either.

    Raises:
        ProtocolError: as ``walk_descriptors``.
    """
    if not unpack_header(abi, data, address).complex:
        return []
    return [
        Slot(
            descriptor.data,
            descriptor.length,
            descriptor.deallocate,
            is_port_right(descriptor.name),
        )
        for descriptor in walk_descriptors(abi, data, address)
        if not descriptor.inline
    ]


def check_out_of_line(abi: Abi, message: Message, address: str = "") -> list[Slot]:
    """Return the slots of a message whose regions are as many and as long as its slots say.

    Raises:
        ProtocolError: the message is malformed, or a region is missing, left over or of another
            length.
    """
    slots = out_of_line_slots(abi, message.data, address)
    expected = [slot.length for slot in slots]
    found = [memoryview(region).nbytes for region in message.out_of_line]
    if expected != found:
        raise ProtocolError(
            f"expected out-of-line regions of {expected} bytes, found {found}", address=address
        )
    return slots


def _read_descriptor(abi: Abi, data: Region, offset: int, address: str) -> Descriptor:
    def need(size: int, what: str) -> None:
        if size > len(data) - offset:
            raise ProtocolError(
                f"expected {size} bytes of {what} at offset {offset},"
                f" found {max(0, len(data) - offset)}",
                address=address,
            )

    def word(at: int) -> int:
        return int.from_bytes(data[at : at + 4], "little")

    need(abi.short_descriptor, "type descriptor")
    first = word(offset)
    name = first & 0xFF
    inline, longform, deallocate = (bool(first >> abi.inline_shift + bit & 1) for bit in range(3))
    length = abi.long_descriptor if longform else abi.short_descriptor
    need(length, "type descriptor")
    if abi.wide:
        size, number = first >> 8 & 0xFFFF, word(offset + 4)
    elif longform:
        second = word(offset + 4)
        name, size, number = second & 0xFFFF, second >> 16, word(offset + 8)
    else:
        size, number = first >> 8 & 0xFF, first >> 16 & 0xFFF
    descriptor = Descriptor(
        offset, name, size, number, inline, longform, deallocate, offset + length
    )
    need(
        length + (descriptor.length if inline else abi.pointer),
        f"type descriptor and {'data' if inline else 'pointer'}",
    )
    return descriptor
