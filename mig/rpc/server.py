# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers: from a request's bytes to a method's call, and from what it returns to a reply's.

A generated class has an abstract method for each routine; a Demultiplexer finds the method for a
message.  Encoding and decoding are the generated modules', carrying is a Channel's.
"""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar, Final

from mig.rpc.abi import Abi
from mig.rpc.errors import (
    KernFailure,
    KernReturnError,
    MigBadArguments,
    MigBadId,
    MigNoReply,
    ProtocolError,
)
from mig.rpc.message import (
    Header,
    Message,
    local_disposition,
    make_bits,
    pack_header,
    remote_disposition,
)

logger = logging.getLogger(__name__)

REPLY_OFFSET = 100
"""A reply's id is its request's plus this."""

_FROM_HEADER: Final[Mapping[str, Callable[[Header], int]]] = {
    "request_port": lambda header: header.local,
    "request_type": lambda header: local_disposition(header.bits),
    "reply_port": lambda header: header.remote,
    "reply_type": lambda header: remote_disposition(header.bits),
    "seqno": lambda header: header.seqno,
}


@dataclass(frozen=True, slots=True)
class Routine:
    """What a server's table says of a routine.

    Attributes:
        name: as declared.
        method: the method that answers it, where it is not called the same.
        results: names of what the method returns, as the encoder of the reply calls them.
        header: what the method gets of the message's header, in front of the arguments:
            "request_port", "request_type", "reply_port", "reply_type", "seqno".
        simple: it has no reply.
        only: the one ABI that has it; empty when both do.
    """

    name: str
    method: str = ""
    results: tuple[str, ...] = ()
    header: tuple[str, ...] = ("request_port",)
    simple: bool = False
    only: str = ""


class Server(ABC):
    """Base of generated servers: answers the routines of one subsystem.

    A method gets the ports and the arguments of its routine and returns the results: one bare,
    several as a tuple.  It raises a KernReturnError to answer with that code, MigNoReply to
    answer nothing (the reply may follow later, or never).  Out-of-line memory and strings are
    bytes and sequences like all else: who deallocates what is not a method's to care.
    """

    _package: ClassVar[str]  # has a module per ABI
    _routines: ClassVar[Mapping[int, Routine]]  # by message id


class Demultiplexer:
    """Answers messages of one ABI with the methods of servers, one at a time.

    Attributes:
        abi: the layout of the messages.
    """

    def __init__(self, abi: Abi, *servers: Server) -> None:
        """Join servers of several subsystems.

        Raises:
            ValueError: two of them answer the same message id.
        """
        self.abi = abi
        self._mutex = threading.RLock()
        self._entries: dict[int, _Entry] = {}
        for server in servers:
            wire = import_module(f"{server._package}.{abi.name}")
            for message_id, routine in server._routines.items():
                if routine.only not in ("", abi.name):
                    continue
                if message_id in self._entries:
                    other = self._entries[message_id].routine.name
                    raise ValueError(f"{other} and {routine.name} are both message {message_id}")
                self._entries[message_id] = _Entry(server, routine, wire)

    def handle(self, message: Message) -> Message | None:
        """Answer a message, whoever sent it.

        Args:
            message: as its receiver finds it: ``msgh_local_port`` is the port it was sent to,
                ``msgh_remote_port`` the one that wants the reply.

        Returns:
            The reply; None where there is none: of a simpleroutine, of a method that raised
            MigNoReply, and where the message has no port to reply to.  What is no request of
            these servers is answered MIG_BAD_ID, a malformed request MIG_BAD_ARGUMENTS; a method
            that fails in any other way than by a KernReturnError is logged, and answered
            KERN_FAILURE.
        """
        if len(message.data) < self.abi.header_size:
            logger.warning("%d bytes are no message: dropped", len(message.data))
            return None
        header = Header(*self.abi.header.unpack_from(message.data))
        try:
            entry = self._entries.get(header.id)
            if entry is None:
                raise MigBadId
            with self._mutex:
                reply = entry.answer(header, message)
        except MigNoReply:
            return None
        except KernReturnError as error:
            reply = error_reply(self.abi, header, error.code or KernFailure.code)
        return reply if header.remote else None


@dataclass(frozen=True, slots=True)
class _Entry:
    """A routine of a server, with the module that knows its messages."""

    server: Server
    routine: Routine
    wire: Any

    def answer(self, header: Header, message: Message) -> Message:
        """Call the method and return the reply.

        Raises:
            KernReturnError: the code to answer instead.
        """
        routine = self.routine
        try:
            arguments = getattr(self.wire, f"decode_{routine.name}_request")(message)
        except ProtocolError as error:
            logger.info("refused a request: %s", error)
            raise MigBadArguments from None
        ports = [_FROM_HEADER[field](header) for field in routine.header]
        try:
            returned = getattr(self.server, routine.method or routine.name)(*ports, *arguments)
            if routine.simple:
                raise MigNoReply
            return self._reply(header, returned)
        except KernReturnError:
            raise
        except Exception:
            logger.exception("%s of %s failed", routine.name, type(self.server).__name__)
            raise KernFailure from None

    def _reply(self, header: Header, returned: Any) -> Message:
        names = self.routine.results
        values = () if not names else (returned,) if len(names) == 1 else returned
        reply: Message = getattr(self.wire, f"encode_{self.routine.name}_reply")(
            header.remote,
            msgh_remote_type=remote_disposition(header.bits),
            **dict(zip(names, values, strict=True)),
        )
        return reply


def error_reply(abi: Abi, request: Header, code: int) -> Message:
    """Return a reply without results (``mig_reply_header_t``).

    Args:
        abi: its layout.
        request: the header of the request, as its receiver finds it.
        code: the ``kern_return_t``.
    """
    reply_id = (request.id + REPLY_OFFSET + (1 << 31)) % (1 << 32) - (1 << 31)
    bits = make_bits(remote_disposition(request.bits))
    header = Header(bits, abi.error_reply_size, request.remote, 0, 0, reply_id)
    word = 0x1_2000_2002 if abi.wide else 0x1001_2002
    body = word.to_bytes(abi.short_descriptor, "little") + (code % (1 << 32)).to_bytes(4, "little")
    return Message((pack_header(abi, header) + body).ljust(abi.error_reply_size, b"\0"))


class Channel(ABC):
    """A server's end of a way that messages take.

    Attributes:
        abi: the layout of its messages.
    """

    abi: Abi

    @abstractmethod
    def receive(self) -> Message | None:
        """Return the next message as its receiver finds it; None when no more will come.

        Raises:
            TransportError: the way broke, or what came is no message.
        """

    @abstractmethod
    def send(self, reply: Message) -> None:
        """Send a reply to the port that it names.

        Raises:
            TransportError: it could not be sent.
        """


def serve(demultiplexer: Demultiplexer, channel: Channel) -> None:
    """Answer the messages of a channel, one after the other, until no more come.

    Raises:
        ValueError: the channel has another ABI.
        TransportError: the channel broke.
    """
    if demultiplexer.abi is not channel.abi:
        raise ValueError(f"expected a channel of {demultiplexer.abi.name}, not {channel.abi.name}")
    while (message := channel.receive()) is not None:
        reply = demultiplexer.handle(message)
        if reply is not None:
            channel.send(reply)
