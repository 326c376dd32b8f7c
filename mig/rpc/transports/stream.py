# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages over a byte stream: a Unix or TCP socket, or the pipes of another program.

The other end begins with a hello: one line of JSON that names the protocol's version, the ABI of
the messages, the reply port and the ports on offer.  From then on the stream is messages, each
followed by its out-of-line regions in descriptor order; both delimit themselves.  What answers at
the other end is not known here.

A client may have ports of its own.  It names them itself, from CLIENT_PORTS on, and puts rights to
them, made there, into the bodies of requests; messages to them come between the replies, with the
port in ``msgh_local_port``.  Rights that a message brings a client are named as the host names
them, and a client may send to them and give them on.
"""

import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Self

from mig.rpc.abi import ABIS, Abi
from mig.rpc.errors import (
    CallTimeout,
    ConnectError,
    MachRcvInvalidName,
    ProtocolError,
    TransportError,
)
from mig.rpc.message import (
    Header,
    Message,
    TypeName,
    check_out_of_line,
    make_bits,
    out_of_line_slots,
    pack_header,
    unpack_header,
)
from mig.rpc.transport import Transport
from mig.rpc.transports.connection import Connection, deadline_after

PROTOCOL = "mach-messages"
VERSION = 1

HELLO_MAX = 4096
MESSAGE_MAX = 1 << 20
REGIONS_MAX = 1 << 28
"""What is read of a peer at most, in bytes: it may be anybody."""

CLIENT_PORTS = 1 << 30
"""Clients name ports of their own from here on."""

NOTIFY_PORT_DELETED = 65
"""The id of the message that a client sends to a port of its own to let go of it."""

_PATIENCE = 10.0

Reader = Callable[[int], bytes]
"""Returns exactly so many bytes of the stream."""


@dataclass(frozen=True, slots=True)
class Hello:
    """What the serving end says first.

    Attributes:
        abi: the layout of the messages.
        reply_port: the name to put into ``msgh_local_port``.
        ports: the ports on offer, by label.
    """

    abi: Abi
    reply_port: int
    ports: Mapping[str, int]

    def to_line(self) -> bytes:
        """Return the line that says so."""
        fields = {
            "protocol": PROTOCOL,
            "version": VERSION,
            "abi": self.abi.name,
            "reply_port": self.reply_port,
            "ports": dict(self.ports),
        }
        return json.dumps(fields).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes, address: str = "") -> Self:
        """Read the line.

        Raises:
            ProtocolError: it is no hello of this version.
        """
        try:
            fields = json.loads(line)
            if (fields["protocol"], fields["version"]) != (PROTOCOL, VERSION):
                raise ValueError
            ports = {str(label): _port_name(name) for label, name in fields["ports"].items()}
            return cls(ABIS[fields["abi"]], _port_name(fields["reply_port"]), ports)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ProtocolError(
                f"expected a hello of {PROTOCOL} {VERSION}, found {line[:80]!r}", address=address
            ) from None


def _port_name(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value < 1 << 32:
        raise ValueError
    return value


def is_client_port(name: int) -> bool:
    """Whether a name is one that a client gave to a port of its own."""
    return CLIENT_PORTS <= name < 2 * CLIENT_PORTS


def message_chunks(abi: Abi, message: Message, address: str = "") -> list[bytes]:
    """Return what goes into the stream for a message.

    Raises:
        ProtocolError: the message does not hold what its descriptors say.
    """
    check_out_of_line(abi, message, address)
    return [message.data, *map(bytes, message.out_of_line)]


def read_message(
    abi: Abi,
    read: Reader,
    address: str = "",
    *,
    message_max: int = MESSAGE_MAX,
    regions_max: int = REGIONS_MAX,
) -> Message:
    """Read one message from a stream.

    Args:
        abi: its layout.
        read: reads the stream.
        address: what errors call the other end.
        message_max: bytes that a message has at most.
        regions_max: bytes that it has out of line at most.

    Raises:
        ProtocolError: what is there is no message, or a larger one.
        TransportError: what `read` raises.
    """
    header = read(abi.header_size)
    size = int.from_bytes(header[4:8], "little")
    if not abi.header_size <= size <= message_max:
        raise ProtocolError(
            f"expected a message of {abi.header_size} to {message_max} bytes, found one of {size}",
            address=address,
        )
    data = header + read(size - len(header))
    slots = out_of_line_slots(abi, data, address)
    if (total := sum(slot.length for slot in slots)) > regions_max:
        raise ProtocolError(
            f"expected at most {regions_max} bytes out of line, found {total}", address=address
        )
    return Message(data, tuple(read(slot.length) for slot in slots))


class StreamTransport(Transport):
    """A way to a host at the other end of a connected socket.

    Calls of several threads go one after the other.  A call that fails on the way, or whose reply
    does not come in time, leaves the stream at an unknown place: the connection is closed.
    """

    def __init__(
        self, connection: socket.socket, *, address: str, timeout: float | None = 10.0
    ) -> None:
        """Take over a connection and read the hello.

        Args:
            connection: a connected socket; closed with the transport, or when this fails.
            address: what errors call the host.
            timeout: seconds to wait for the hello.

        Raises:
            CallTimeout: no hello in time.
            PeerDied: the other end closed the connection.
            ProtocolError: the other end speaks something else.
        """
        self.address = address
        self._connection = Connection(connection, address, "no reply in time")
        self._mutex = threading.Lock()
        self._arrived = threading.Condition()  # over the boxes and _reading
        self._boxes: dict[int, deque[Message]] = {}
        self._replies: deque[Message] = deque()
        self._reading = False
        self._sorting = False  # from the first port on: not only the one who calls reads
        self._names = count(CLIENT_PORTS)
        try:
            hello = self._read_hello(deadline_after(timeout))
        except BaseException:
            self.close()
            raise
        self.abi = hello.abi
        self.reply_port = hello.reply_port
        self.ports = hello.ports

    def call(self, request: Message, timeout: float | None = None) -> Message:
        """See Transport."""
        deadline = deadline_after(timeout)
        chunks = message_chunks(self.abi, request, self.address)
        with self._exclusive(deadline):
            self._connection.write(chunks, deadline)
            if not self._sorting:
                return self._read(deadline)
            return self._take(self._replies, deadline, deadline)

    def send(self, request: Message) -> None:
        """See Transport."""
        chunks = message_chunks(self.abi, request, self.address)
        with self._exclusive(None):
            self._connection.write(chunks, None)

    def allocate_port(self) -> int:
        """See Transport.  The other end learns of a port by the first right to it."""
        with self._exclusive(None), self._arrived:
            self._sorting = True
            port = next(self._names)
            self._boxes[port] = deque()
        return port

    def receive(self, port: int, timeout: float | None = None) -> Message:
        """See Transport."""
        box = self._boxes.get(port)
        if box is None:
            raise MachRcvInvalidName(address=self.address)
        deadline = deadline_after(timeout)
        return self._take(box, deadline, None if deadline is None else deadline + _PATIENCE)

    def destroy_port(self, port: int) -> None:
        """See Transport."""
        if self._boxes.get(port) is None:
            return
        bits = make_bits(TypeName.COPY_SEND)
        gone = Header(bits, self.abi.header_size, port, 0, 0, NOTIFY_PORT_DELETED)
        with suppress(TransportError):
            self.send(Message(pack_header(self.abi, gone)))
        with self._arrived:
            del self._boxes[port]

    def close(self) -> None:
        """See Transport."""
        self._connection.close()
        with self._arrived:
            self._arrived.notify_all()

    def _read(self, deadline: float | None) -> Message:
        return read_message(
            self.abi, lambda size: self._connection.read(size, deadline), self.address
        )

    def _take(self, box: deque[Message], deadline: float | None, patience: float | None) -> Message:
        """Return the next message of a box.

        Of the threads that wait, one reads the stream and sorts what comes into the boxes.

        Args:
            box: where the message will be.
            deadline: for the message to begin.
            patience: the time by which a message that has begun must be there.
        """
        while True:
            with self._arrived:
                while not box and self._reading and not self._connection.closed:
                    left = None if deadline is None else deadline - time.monotonic()
                    if (left is not None and left <= 0) or not self._arrived.wait(left):
                        raise CallTimeout("no message in time", address=self.address)
                if box:
                    return box.popleft()
                self._reading = True
            try:
                self._sort(deadline, patience)
            finally:
                with self._arrived:
                    self._reading = False
                    self._arrived.notify_all()

    def _sort(self, deadline: float | None, patience: float | None) -> None:
        """Read one message and put it where it belongs."""
        self._connection.wait(deadline)
        try:
            message = self._read(patience)
        except BaseException:
            self._connection.close()
            raise
        with self._arrived:
            local = unpack_header(self.abi, message.data, self.address).local
            if is_client_port(local):
                # Without a box: for a port that was destroyed.
                self._boxes.get(local, deque()).append(message)
            else:
                self._replies.append(message)

    @contextmanager
    def _exclusive(self, deadline: float | None) -> Iterator[None]:
        """Hold the stream against other threads; close it when it breaks."""
        left = -1 if deadline is None else max(0.0, deadline - time.monotonic())
        if not self._mutex.acquire(timeout=left):
            raise CallTimeout("another thread is using the connection", address=self.address)
        try:
            yield
        except BaseException:  # a Ctrl-C in between, too
            self.close()
            raise
        finally:
            self._mutex.release()

    def _read_hello(self, deadline: float | None) -> Hello:
        line = bytearray()
        while not line.endswith(b"\n"):
            if len(line) == HELLO_MAX:
                raise ProtocolError(
                    f"expected a hello of at most {HELLO_MAX} bytes, found {bytes(line[:80])!r}",
                    address=self.address,
                )
            line += self._connection.read(1, deadline)
        return Hello.from_line(bytes(line), self.address)


def open_unix(path: Path, *, timeout: float | None = 10.0) -> StreamTransport:
    """Connect to a host behind a Unix socket.

    Raises:
        ConnectError: nobody listens there.
        TransportError: as StreamTransport.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    return _connect(connection, str(path), f"unix:{path}", timeout)


def open_tcp(host: str, port: int, *, timeout: float | None = 10.0) -> StreamTransport:
    """Connect to a host behind a TCP port; nothing is encrypted.

    Raises:
        ConnectError: nobody listens there.
        TransportError: as StreamTransport.
    """
    connection = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return _connect(connection, (host, port), f"tcp:{host}:{port}", timeout)


def _connect(
    connection: socket.socket, where: str | tuple[str, int], address: str, timeout: float | None
) -> StreamTransport:
    try:
        connection.settimeout(timeout)
        connection.connect(where)
    except OSError as error:
        connection.close()
        raise ConnectError(f"cannot connect: {error}", address=address) from error
    return StreamTransport(connection, address=address, timeout=timeout)
