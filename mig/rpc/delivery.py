# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kernel does to a message between its sender and its receiver, for want of a kernel.

For transports whose two ends are in one process.  Port names stay as they are: both ends share
one port name space.
"""

from mig.rpc.abi import Abi
from mig.rpc.message import (
    BITS_COMPLEX,
    Header,
    Message,
    TypeName,
    is_port_right,
    local_disposition,
    make_bits,
    pack_header,
    remote_disposition,
    unpack_header,
    walk_descriptors,
)

_RECEIVED: dict[int, int] = {
    TypeName.COPY_SEND: TypeName.PORT_SEND,
    TypeName.MAKE_SEND: TypeName.PORT_SEND,
    TypeName.MAKE_SEND_ONCE: TypeName.PORT_SEND_ONCE,
}


def received_name(type_name: int) -> int:
    """Return what a receiver finds where the sender put a ``msgt_name`` or a disposition."""
    return _RECEIVED.get(type_name, type_name)


def deliver(abi: Abi, message: Message, address: str = "") -> Message:
    """Return a message as its receiver finds it.

    The header's ports change places, dispositions become the rights that arrive, out-of-line
    memory is the receiver's to deallocate, and the complex bit stays only where there are rights
    or such memory.

    Raises:
        ProtocolError: the message is malformed.
    """
    header = unpack_header(abi, message.data, address)
    bits = make_bits(
        received_name(local_disposition(header.bits)),
        received_name(remote_disposition(header.bits)),
        complex_=header.complex,
    )
    turned = Header(bits, header.size, header.local, header.remote, header.seqno, header.id)
    data = bytearray(pack_header(abi, turned) + message.data[abi.header_size :])
    if bits & BITS_COMPLEX:
        needed = False
        for descriptor in walk_descriptors(abi, bytes(data), address):
            name_at = descriptor.offset
            if descriptor.longform and not abi.wide:
                name_at += 4
            if is_port_right(descriptor.name):
                data[name_at] = received_name(descriptor.name)
            if not descriptor.inline:
                data[descriptor.offset + 3] |= 1 << abi.inline_shift + 2 - 24
            needed = needed or not descriptor.inline or is_port_right(descriptor.name)
        if not needed:
            data[0:4] = (bits & ~BITS_COMPLEX).to_bytes(4, "little")
    return Message(bytes(data), message.out_of_line)
