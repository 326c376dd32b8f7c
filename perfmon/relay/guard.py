# SPDX-License-Identifier: GPL-2.0-or-later
"""Which requests of a client may reach the host.

Port names in a request are names in the relay's own port space, where a client has no business
but with the ports on offer and its own rights: a name it made up could be the relay's own task
port.
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
    Descriptor,
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
from mig.rpc.transports.stream import is_client_port
from perfmon.relay.rights import Rights

_MADE: Final = (TypeName.MAKE_SEND, TypeName.MAKE_SEND_ONCE)


def admit(request: Message, host: Transport, rights: Rights | None = None) -> Message:
    """Return a request as it may be sent on: to a port on offer, with no right but its own.

    Args:
        request: well-formed, with its regions.
        host: where it is to go.
        rights: the client's own; None: it has none.

    Raises:
        KernReturnError: it may not; what a kernel says to a sender without these rights.
    """
    header = unpack_header(host.abi, request.data)
    remote: int = TypeName.COPY_SEND
    if header.remote not in host.ports.values():
        remote = rights.use(header.remote) if rights else 0
    if not remote:
        raise MachSendInvalidDest
    if header.local not in (0, host.reply_port):
        raise MachSendInvalidReply
    # The rights themselves are the relay's to give: a client could move them away.
    bits = make_bits(
        remote, TypeName.MAKE_SEND_ONCE if header.local else 0, complex_=header.complex
    )
    data = bytearray(pack_header(host.abi, header._replace(bits=bits, seqno=0)))
    data += request.data[host.abi.header_size :]
    if header.complex:
        _translate_body(host, data, rights)
    return Message(bytes(data), request.out_of_line)


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


def _translate_body(host: Transport, data: bytearray, rights: Rights | None) -> None:
    """Put the host's names in place of the client's, in the body of a message."""
    abi = host.abi
    for descriptor in walk_descriptors(abi, bytes(data)):
        end = descriptor.data + (descriptor.length if descriptor.inline else abi.pointer)
        empty = not any(data[descriptor.data : end])
        if is_port_right(descriptor.name) and not (descriptor.inline and empty):
            if rights is None or not descriptor.inline:
                raise MachSendInvalidRight
            if descriptor.name == TypeName.MOVE_SEND:
                # Other clients of the relay may use the same right.
                _rename(abi, data, descriptor, TypeName.COPY_SEND)
            for at in range(descriptor.data, end, abi.port):
                name = int.from_bytes(data[at : at + 4], "little")
                translated = _translate(host, name, descriptor.name, rights)
                data[at : at + 4] = translated.to_bytes(4, "little")
        # A pointer of the client's would be read in the relay's memory.
        if not descriptor.inline and not empty:
            raise MachSendInvalidMemory


def _translate(host: Transport, name: int, disposition: int, rights: Rights) -> int:
    if name == 0:
        return 0
    if disposition in _MADE and is_client_port(name):
        return rights.port(name)
    if disposition in (TypeName.COPY_SEND, TypeName.MOVE_SEND):
        if name in host.ports.values() or rights.use(name) == TypeName.COPY_SEND:
            return name
    elif disposition == TypeName.MOVE_SEND_ONCE and rights.use(name) == disposition:
        return name
    raise MachSendInvalidRight


def _rename(abi: Abi, data: bytearray, descriptor: Descriptor, name: int) -> None:
    at = descriptor.offset + (4 if descriptor.longform and not abi.wide else 0)
    data[at] = name
