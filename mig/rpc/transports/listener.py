# SPDX-License-Identifier: GPL-2.0-or-later
"""A server behind a Unix or TCP socket, for the clients of mig.rpc.transports.stream.

Clients may be anybody: what they send is bounded in size and time, and one that breaks the
protocol is hung up on.  A thread reads each client; methods run one at a time.
"""

import errno
import json
import logging
import selectors
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from mig.rpc.abi import Abi
from mig.rpc.delivery import deliver
from mig.rpc.errors import ConnectError, MachSendInvalidDest, TransportError
from mig.rpc.message import Message, unpack_header
from mig.rpc.server import Channel, Demultiplexer, error_reply, serve
from mig.rpc.transports.connection import Connection, deadline_after
from mig.rpc.transports.loopback import REPLY_PORT
from mig.rpc.transports.stream import Hello, message_chunks, read_message

logger = logging.getLogger(__name__)

_SHORT_OF = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""What the system may be short of for a while, with a client waiting all the time."""
_PAUSE = 0.1


@dataclass(frozen=True, slots=True)
class Limits:
    """What a listener bears of its clients.

    Attributes:
        clients: how many at a time.
        message: bytes of a request at most, without what is out of line.
        regions: bytes out of line of a request at most.
        patience: seconds for a client to finish a message that it began, or to take a reply.
        idle: seconds between two messages; None waits as long as the client lives.
    """

    clients: int = 16
    message: int = 1 << 16
    regions: int = 1 << 26
    patience: float = 10.0
    idle: float | None = None


class StreamChannel(Channel):
    """The server's end of one client's connection."""

    def __init__(
        self, connection: Connection, abi: Abi, ports: Mapping[str, int], limits: Limits
    ) -> None:
        """Greet a client.

        Raises:
            TransportError: the client is gone already.
        """
        self.abi = abi
        self._connection = connection
        self._names = frozenset(ports.values())
        self._limits = limits
        self._write([Hello(abi, REPLY_PORT, ports).to_line()])

    def receive(self) -> Message | None:
        """See Channel; what is sent to no port on offer is answered here."""
        while (message := self._next()) is not None:
            delivered = deliver(self.abi, message, self._connection.address)
            header = unpack_header(self.abi, delivered.data)
            if header.local in self._names:
                return delivered
            if header.remote:
                self.send(error_reply(self.abi, header, MachSendInvalidDest.code))
        return None

    def send(self, reply: Message) -> None:
        """See Channel; a port that is not the client's reply port is reached by nobody."""
        delivered = deliver(self.abi, reply)
        if unpack_header(self.abi, delivered.data).local == REPLY_PORT:
            self._write(message_chunks(self.abi, delivered))

    def _next(self) -> Message | None:
        limits, connection = self._limits, self._connection
        first = connection.read_some(1, deadline_after(limits.idle))
        if not first:
            return None
        deadline = deadline_after(limits.patience)

        def read(size: int) -> bytes:
            nonlocal first
            begun, first = first, b""
            return begun + connection.read(size - len(begun), deadline)

        return read_message(
            self.abi,
            read,
            connection.address,
            message_max=limits.message,
            regions_max=limits.regions,
        )

    def _write(self, chunks: list[bytes]) -> None:
        self._connection.write(chunks, deadline_after(self._limits.patience))


class Listener:
    """A listening socket with servers behind it.

    Attributes:
        address: what a client connects to, as ``unix:PATH`` or ``tcp:HOST:PORT``.
    """

    def __init__(
        self,
        listening: socket.socket,
        address: str,
        demultiplexer: Demultiplexer,
        ports: Mapping[str, int],
        limits: Limits,
    ) -> None:
        """Take over a listening socket; see listen_unix and listen_tcp."""
        self.address = address
        self._listening = listening
        self._demultiplexer = demultiplexer
        self._ports = dict(ports)
        self._limits = limits
        self._clients: set[Connection] = set()
        self._mutex = threading.Lock()  # over _clients and _closed
        self._closed = False
        self._serving = threading.RLock()  # over the sockets
        self._wake, self._woken = socket.socketpair()

    def serve(self) -> None:
        """Serve clients until another thread closes the listener."""
        with self._serving, selectors.DefaultSelector() as selector:
            if self._closed:
                return
            selector.register(self._listening, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            self._listening.setblocking(False)
            while not self._closed:
                selector.select()
                try:
                    self._accept(self._listening.accept()[0])
                except OSError as error:  # nobody, or gone again
                    if error.errno in _SHORT_OF:
                        logger.warning("%s: cannot accept: %s", self.address, error.strerror)
                        time.sleep(_PAUSE)

    def close(self) -> None:
        """Serve no more, and hang up on all clients; twice is harmless."""
        with self._mutex:
            if self._closed:
                return
            self._closed = True
            clients = list(self._clients)
        self._wake.send(b"x")
        with self._serving:
            for used in (self._listening, self._wake, self._woken):
                used.close()
        if self.address.startswith("unix:"):
            Path(self.address.removeprefix("unix:")).unlink(missing_ok=True)
        for client in clients:
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self, accepted: socket.socket) -> None:
        with suppress(OSError):
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(accepted, f"client of {self.address}", "not in time")
        with self._mutex:
            refused = self._closed or len(self._clients) >= self._limits.clients
            if not refused:
                self._clients.add(connection)
        if refused:
            self._refuse(connection, "too many clients")
            return
        try:
            threading.Thread(target=self._serve_client, args=(connection,), daemon=True).start()
        except RuntimeError:  # the system has no thread left
            with self._mutex:
                self._clients.discard(connection)
            self._refuse(connection, "too many threads")

    def _refuse(self, connection: Connection, reason: str) -> None:
        logger.warning("%s: %s", self.address, reason)
        with suppress(TransportError):
            connection.write([json.dumps({"error": reason}).encode() + b"\n"], deadline_after(1.0))
        connection.close()

    def _serve_client(self, connection: Connection) -> None:
        try:
            channel = StreamChannel(connection, self._demultiplexer.abi, self._ports, self._limits)
            serve(self._demultiplexer, channel)
        except TransportError as error:
            if not connection.closed:
                logger.warning("hung up: %s", error)
        finally:
            connection.close()
            with self._mutex:
                self._clients.discard(connection)


def listen_unix(
    path: Path,
    demultiplexer: Demultiplexer,
    ports: Mapping[str, int],
    *,
    limits: Limits | None = None,
) -> Listener:
    """Listen on a Unix socket that only this user may connect to.

    Args:
        path: of the socket; one that nobody listens on any more is replaced.
        demultiplexer: answers what is sent to the ports.
        ports: names on offer, by label.
        limits: what to bear of clients.

    Raises:
        ConnectError: it cannot be had.
    """
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    address = f"unix:{path}"
    try:
        if path.is_socket():
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                if probe.connect_ex(str(path)) == errno.ECONNREFUSED:
                    path.unlink()
        listening.bind(str(path))
        path.chmod(0o600)
        listening.listen()
    except OSError as error:
        listening.close()
        raise ConnectError(f"cannot listen: {error}", address=address) from error
    return Listener(listening, address, demultiplexer, ports, limits or Limits())


def listen_tcp(
    host: str,
    port: int,
    demultiplexer: Demultiplexer,
    ports: Mapping[str, int],
    *,
    limits: Limits | None = None,
) -> Listener:
    """Listen on a TCP port; nothing is encrypted, so off the loopback that is logged as a warning.

    Args:
        host: address of an interface, "127.0.0.1" for instance.
        port: its number; 0 takes a free one, which the listener's address names.
        demultiplexer: answers what is sent to the ports.
        ports: names on offer, by label.
        limits: what to bear of clients.

    Raises:
        ConnectError: it cannot be had.
    """
    address = f"tcp:{host}:{port}"
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen()
        bound = listening.getsockname()
    except OSError as error:
        listening.close()
        raise ConnectError(f"cannot listen: {error}", address=address) from error
    if not ip_address(bound[0]).is_loopback:
        logger.warning("%s: without encryption, open to the network", address)
    address = f"tcp:{host}:{bound[1]}"
    return Listener(listening, address, demultiplexer, ports, limits or Limits())
