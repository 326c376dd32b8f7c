# SPDX-License-Identifier: GPL-2.0-or-later
"""Which requests of a client may reach the host.

Port names in a request are names in the relay's own port space, where a client has no business
but with the ports on offer: a name it made up could be the relay's own task port.
"""

from __future__ import annotations

from typing import Final

from mig.rpc.abi import Abi
from mig.rpc.errors import (
    KernReturnError,
    MachSendInvalidDest,
    MachSendInvalidMemory,
    MachSendInvalidReply,
    MachSendInvalidRight,
)
from mig.rpc.message import (
    BITS_COMPLEX,
    Message,
    TypeName,
    is_port_right,
    make_bits,
    pack_header,
    unpack_header,
    walk_descriptors,
)
from mig.rpc.server import error_reply
from mig.rpc.transport import Transport

_TO_PORT: Final = make_bits(TypeName.COPY_SEND)
_WITH_REPLY: Final = make_bits(TypeName.COPY_SEND, TypeName.MAKE_SEND_ONCE)


def admit(request: Message, host: Transport) -> Message:
    """Return a request as it may be sent on: to a port on offer, with no right but to the reply.

    Args:
        request: well-formed, with its regions.
        host: where it is to go.

    Raises:
        KernReturnError: it may not; what a kernel says to a sender without these rights.
    """
    header = unpack_header(host.abi, request.data)
    if header.remote not in host.ports.values():
        raise MachSendInvalidDest
    if header.local not in (0, host.reply_port):
        raise MachSendInvalidReply
    # The rights themselves are the relay's to give: a client could move them away.
    bits = _WITH_REPLY if header.local else _TO_PORT
    if header.complex:
        _check_body(host.abi, request.data)
        bits |= BITS_COMPLEX
    admitted = header._replace(bits=bits, seqno=0)
    return Message(
        pack_header(host.abi, admitted) + request.data[host.abi.header_size :], request.out_of_line
    )


def wants_reply(request: Message, abi: Abi) -> bool:
    """Whether a request has a reply port."""
    return unpack_header(abi, request.data).local != 0


def refusal(abi: Abi, request: Message, error: KernReturnError) -> Message:
    """Return the reply that carries a return code and no results."""
    header = unpack_header(abi, request.data)
    received = header._replace(
        bits=make_bits(TypeName.PORT_SEND_ONCE), remote=header.local, local=header.remote
    )
    return error_reply(abi, received, error.code)


def _check_body(abi: Abi, data: bytes) -> None:
    for descriptor in walk_descriptors(abi, data):
        end = descriptor.data + (descriptor.length if descriptor.inline else abi.pointer)
        empty = not any(data[descriptor.data : end])
        if is_port_right(descriptor.name) and not (descriptor.inline and empty):
            raise MachSendInvalidRight
        # A pointer of the client's would be read in the relay's memory.
        if not descriptor.inline and not empty:
            raise MachSendInvalidMemory
