# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages over a byte stream: a Unix or TCP socket, or the pipes of another program.

The other end begins with a hello: one line of JSON that names the protocol's version, the ABI of
the messages, the reply port and the ports on offer.  From then on the stream is messages, each
followed by its out-of-line regions in descriptor order; both delimit themselves.  What answers at
the other end is not known here.
"""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from mig.rpc.abi import ABIS, Abi
from mig.rpc.errors import CallTimeout, ConnectError, PeerDied, ProtocolError, TransportError
from mig.rpc.message import Message, check_out_of_line, out_of_line_slots
from mig.rpc.transport import Transport

_PIECE = 1 << 18

PROTOCOL = "mach-messages"
VERSION = 1

HELLO_MAX = 4096
MESSAGE_MAX = 1 << 20
REGIONS_MAX = 1 << 28
"""What is read of a peer at most, in bytes: it may be anybody."""

T = TypeVar("T")

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


def message_chunks(abi: Abi, message: Message, address: str = "") -> list[bytes]:
    """Return what goes into the stream for a message.

    Raises:
        ProtocolError: the message does not hold what its descriptors say.
    """
    check_out_of_line(abi, message, address)
    return [message.data, *map(bytes, message.out_of_line)]


def read_message(abi: Abi, read: Reader, address: str = "") -> Message:
    """Read one message from a stream.

    Raises:
        ProtocolError: what is there is no message, or one of more than ``MESSAGE_MAX`` bytes or
            ``REGIONS_MAX`` bytes out of line.
        TransportError: what `read` raises.
    """
    header = read(abi.header_size)
    size = int.from_bytes(header[4:8], "little")
    if not abi.header_size <= size <= MESSAGE_MAX:
        raise ProtocolError(
            f"expected a message of {abi.header_size} to {MESSAGE_MAX} bytes, found one of {size}",
            address=address,
        )
    data = header + read(size - len(header))
    slots = out_of_line_slots(abi, data, address)
    if (total := sum(slot.length for slot in slots)) > REGIONS_MAX:
        raise ProtocolError(
            f"expected at most {REGIONS_MAX} bytes out of line, found {total}", address=address
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
        self._connection = connection
        self._closed = False
        self._mutex = threading.Lock()
        try:
            hello = self._read_hello(_deadline(timeout))
        except BaseException:
            self.close()
            raise
        self.abi = hello.abi
        self.reply_port = hello.reply_port
        self.ports = hello.ports

    def call(self, request: Message, timeout: float | None = None) -> Message:
        """See Transport."""
        deadline = _deadline(timeout)
        chunks = message_chunks(self.abi, request, self.address)
        with self._exclusive(deadline):
            self._write(chunks, deadline)
            return read_message(self.abi, lambda size: self._read(size, deadline), self.address)

    def send(self, request: Message) -> None:
        """See Transport."""
        chunks = message_chunks(self.abi, request, self.address)
        with self._exclusive(None):
            self._write(chunks, None)

    def close(self) -> None:
        """See Transport."""
        self._closed = True
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits for a reply
        self._connection.close()

    @contextmanager
    def _exclusive(self, deadline: float | None) -> Iterator[None]:
        """Hold the stream against other threads; close it when it breaks."""
        left = -1 if deadline is None else max(0.0, deadline - time.monotonic())
        if not self._mutex.acquire(timeout=left):
            raise CallTimeout("another thread is using the connection", address=self.address)
        try:
            yield
        except TransportError:
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
            line += self._read(1, deadline)
        return Hello.from_line(bytes(line), self.address)

    def _write(self, chunks: list[bytes], deadline: float | None) -> None:
        for chunk in chunks:
            self._attempt(partial(self._connection.sendall, chunk), deadline)

    def _read(self, size: int, deadline: float | None) -> bytes:
        data = bytearray()
        while len(data) < size:
            piece = self._attempt(
                partial(self._connection.recv, min(size - len(data), _PIECE)), deadline
            )
            if not piece:
                raise PeerDied("the other end closed the connection", address=self.address)
            data += piece
        return bytes(data)

    def _attempt(self, operation: Callable[[], T], deadline: float | None) -> T:
        """Use the socket until the deadline, in the errors of this room."""
        if self._closed:
            raise PeerDied("this connection was closed", address=self.address)
        left = None if deadline is None else deadline - time.monotonic()
        try:
            if left is not None and left <= 0:
                raise TimeoutError
            self._connection.settimeout(left)
            return operation()
        except TimeoutError:
            raise CallTimeout("no reply in time", address=self.address) from None
        except OSError as error:
            raise PeerDied(f"the connection broke: {error}", address=self.address) from error


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


def _deadline(timeout: float | None) -> float | None:
    return None if timeout is None else time.monotonic() + timeout
