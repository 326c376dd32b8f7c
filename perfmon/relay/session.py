# SPDX-License-Identifier: GPL-2.0-or-later
"""One client of a relay: its requests to the host, the answers back, within limits.

What the client is connected by is a Peer's business, who may connect the server's.
"""

from __future__ import annotations

import json
import os
import select
import socket
import threading
import time
from typing import Final, Protocol

from mig.rpc.errors import (
    CallTimeout,
    KernReturnError,
    MachRcvTimedOut,
    MigServerDied,
    ProtocolError,
    TransportError,
)
from mig.rpc.message import Message, unpack_header
from mig.rpc.transport import Transport
from mig.rpc.transports.connection import POLL_MAX
from mig.rpc.transports.stream import (
    HELLO_MAX,
    NOTIFY_PORT_DELETED,
    Hello,
    is_client_port,
    message_chunks,
    read_message,
)
from perfmon.relay.guard import admit, refusal, wants_reply
from perfmon.relay.limits import Limits
from perfmon.relay.rights import Rights

_PIECE: Final = 1 << 16


class Peer(Protocol):
    """A client's end of the stream."""

    def read(self, size: int, deadline: float | None) -> bytes:
        """Return exactly so many bytes.

        Raises:
            EOFError: the client hung up.
            TimeoutError: they have not come by the deadline, on the monotonic clock.
            OSError: the stream broke.
        """

    def write(self, data: bytes, deadline: float) -> None:
        """Write all of it.

        Raises:
            TimeoutError: the client has not taken it by the deadline.
            OSError: the stream broke.
        """


class SocketPeer:
    """A client behind a connected socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        connection.setblocking(False)

    def read(self, size: int, deadline: float | None) -> bytes:
        """See Peer."""
        data = bytearray()
        while len(data) < size:
            try:
                piece = self._connection.recv(min(size - len(data), _PIECE))
            except BlockingIOError:
                self._wait(select.POLLIN, deadline)
                continue
            if not piece:
                raise EOFError
            data += piece
        return bytes(data)

    def write(self, data: bytes, deadline: float) -> None:
        """See Peer."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._connection.send(rest) :]
            except BlockingIOError:
                self._wait(select.POLLOUT, deadline)

    def _wait(self, event: int, deadline: float | None) -> None:
        poll = select.poll()
        poll.register(self._connection, event)
        if not poll.poll(None if deadline is None else min(1000 * _left(deadline), POLL_MAX)):
            raise TimeoutError


class PipePeer:
    """A client behind a pair of pipes: the one client there is, so it may be as slow as it likes.

    The descriptors may be shared with other programs, so nothing about them is changed.
    """

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming, self._outgoing = incoming, outgoing

    def read(self, size: int, deadline: float | None) -> bytes:
        """See Peer."""
        del deadline
        data = bytearray()
        while len(data) < size:
            piece = os.read(self._incoming, min(size - len(data), _PIECE))
            if not piece:
                raise EOFError
            data += piece
        return bytes(data)

    def write(self, data: bytes, deadline: float) -> None:
        """See Peer."""
        del deadline
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._outgoing, rest) :]


class Session:
    """Serves one client.  Replies, and what comes to the client's own ports, share its stream.

    Attributes:
        requests: how many it has sent.
    """

    def __init__(self, peer: Peer, host: Transport, limits: Limits) -> None:
        self.requests = 0
        self._peer = peer
        self._host = host
        self._limits = limits
        self._writing = threading.Lock()
        self._cut_off = False  # behind a part of a message nothing can be read
        self._rights = Rights(host, limits.ports, self._push)

    def serve(self) -> None:
        """Carry messages until the client hangs up, which it tells by an EOFError.

        Raises:
            EOFError: the client hung up: the ordinary end.
            TimeoutError: the client was silent, or slow, for longer than it may.
            ProtocolError: it sent something that is no message, or too much.
            TransportError: the host went away; the client has been told.
            OSError: the stream broke.
        """
        host = self._host
        self._write(Hello(host.abi, host.reply_port, host.ports).to_line())
        try:
            while True:
                request = read_message(host.abi, _Incoming(self._peer, self._limits))
                self.requests += 1
                self._answer(request)
        finally:
            self._rights.close()

    def _answer(self, request: Message) -> None:
        host = self._host
        try:
            reply = self._carry(request)
        except KernReturnError as error:
            reply = refusal(host.abi, request, error)
        except CallTimeout:
            reply = refusal(host.abi, request, MachRcvTimedOut())
        except TransportError:
            self._reply(request, refusal(host.abi, request, MigServerDied()))
            raise
        if reply is not None:
            self._reply(request, reply)

    def _carry(self, request: Message) -> Message | None:
        header = unpack_header(self._host.abi, request.data)
        if header.id == NOTIFY_PORT_DELETED and is_client_port(header.remote):
            self._rights.forget(header.remote)
            return None
        admitted = admit(request, self._host, self._rights)
        if wants_reply(admitted, self._host.abi):
            return self._rights.take(self._host.call(admitted, self._limits.call))
        self._host.send(admitted)
        return None

    def _reply(self, request: Message, reply: Message) -> None:
        if wants_reply(request, self._host.abi):
            self._write(b"".join(message_chunks(self._host.abi, reply)))

    def _push(self, message: Message) -> None:
        self._write(b"".join(message_chunks(self._host.abi, message)))

    def _write(self, data: bytes) -> None:
        with self._writing:
            if self._cut_off:
                raise TimeoutError
            self._cut_off = True
            self._peer.write(data, time.monotonic() + self._limits.transfer)
            self._cut_off = False


def turn_away(peer: Peer, reason: str) -> None:
    """Tell a client, in place of a hello, why it is not served.

    Raises:
        OSError: it does not listen.
    """
    line = json.dumps({"error": reason}).encode()[: HELLO_MAX - 1] + b"\n"
    peer.write(line, time.monotonic() + 1)


class _Incoming:
    """Reads the parts of one request, within limits of size and of time."""

    def __init__(self, peer: Peer, limits: Limits) -> None:
        self._peer = peer
        self._limits = limits
        self._parts = 0
        self._regions = 0
        self._deadline = None if limits.idle is None else time.monotonic() + limits.idle

    def __call__(self, size: int) -> bytes:
        # First the header, then the body, then what travels out of line.
        if self._parts < 2:
            limit, total, what = self._limits.message, size, "in a message"
        else:
            self._regions += size
            limit, total, what = self._limits.out_of_line, self._regions, "out of line"
        if total > limit:
            raise ProtocolError(f"expected at most {limit} bytes {what}, found {total}")
        data = self._peer.read(size, self._deadline)
        if self._parts == 0:
            self._deadline = time.monotonic() + self._limits.transfer
        self._parts += 1
        return data


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
