# SPDX-License-Identifier: GPL-2.0-or-later
"""A relay: accepts clients and serves each in a thread, with a connection to the host of its own.

So a client that is slow, silent or hostile takes one place among the clients and nothing else.
"""

from __future__ import annotations

import errno
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from mig.rpc.errors import MachError, ProtocolError
from mig.rpc.transport import Transport
from perfmon.errors import PerfmonError
from perfmon.relay.limits import Limits
from perfmon.relay.session import Peer, Session, SocketPeer, turn_away

Log = Callable[[str], None]
OpenHost = Callable[[], Transport]

_OUT_OF_DESCRIPTORS: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_FAREWELL: Final = 2.0


class Relay:
    """Serves clients, until it is closed.

    A context manager: leaving it hangs up on every client.
    """

    def __init__(self, open_host: OpenHost, limits: Limits, log: Log) -> None:
        """Make a relay to a host.

        Args:
            open_host: opens a way to it, once for each client.
            limits: what clients are granted.
            log: takes a line on each client that comes, goes or misbehaves.
        """
        self._open_host = open_host
        self._limits = limits
        self._log = log
        self._mutex = threading.Lock()
        self._clients: dict[threading.Thread, socket.socket] = {}
        self._number = 0

    def serve(self, listener: socket.socket, stopped: socket.socket) -> None:
        """Accept clients until something can be read from `stopped`.

        Raises:
            OSError: the listener broke.
        """
        listener.setblocking(False)
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        poll.register(stopped, select.POLLIN)
        while stopped.fileno() not in dict(poll.poll()):
            try:
                connection, _ = listener.accept()
            except BlockingIOError:  # the client thought better of it
                continue
            except OSError as error:
                if error.errno not in (*_OUT_OF_DESCRIPTORS, errno.ECONNABORTED):
                    raise
                self._log(f"cannot accept a client: {error.strerror}")
                time.sleep(0.1)
                continue
            self._welcome(connection)

    @contextmanager
    def serving(self, listener: socket.socket) -> Iterator[None]:
        """Accept clients in a thread, for as long as the block takes."""
        stop, stopped = socket.socketpair()
        with stop, stopped:
            thread = threading.Thread(target=self.serve, args=(listener, stopped), daemon=True)
            thread.start()
            try:
                yield
            finally:
                stop.send(b"\0")
                thread.join()

    def close(self) -> None:
        """Hang up on every client and wait a moment for the calls that are on their way."""
        with self._mutex:
            clients = dict(self._clients)
        for connection in clients.values():
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        deadline = time.monotonic() + _FAREWELL
        for thread in clients:
            thread.join(max(0.0, deadline - time.monotonic()))

    def __enter__(self) -> Relay:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _welcome(self, connection: socket.socket) -> None:
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._mutex:
            full = len(self._clients) >= self._limits.clients
        if full:
            self._refuse(connection, f"the relay serves {self._limits.clients} clients already")
            return
        self._number += 1
        thread = threading.Thread(
            target=self._serve_client, args=(connection, f"client {self._number}"), daemon=True
        )
        with self._mutex:
            self._clients[thread] = connection
        try:
            thread.start()
        except RuntimeError as error:  # the system has no thread left
            with self._mutex:
                del self._clients[thread]
            self._refuse(connection, str(error))

    def _refuse(self, connection: socket.socket, reason: str) -> None:
        self._log(f"turned a client away: {reason}")
        with connection, suppress(OSError):
            turn_away(SocketPeer(connection), reason)

    def _serve_client(self, connection: socket.socket, name: str) -> None:
        try:
            with connection:
                serve_peer(
                    SocketPeer(connection),
                    self._open_host,
                    self._limits,
                    lambda text: self._log(f"{name} {text}"),
                )
        finally:
            with self._mutex:
                del self._clients[threading.current_thread()]


def serve_peer(peer: Peer, open_host: OpenHost, limits: Limits, log: Log) -> None:
    """Serve one client to its end, whatever that is, and log it."""
    try:
        host = open_host()
    except (MachError, PerfmonError, OSError) as error:
        log(f"turned away: {error}")
        with suppress(OSError):
            turn_away(peer, str(error))
        return
    log("connected")
    with host:
        session = Session(peer, host, limits)
        try:
            session.serve()
        except EOFError:
            log(f"left after {session.requests} requests")
        except TimeoutError as error:
            log(f"hung up on: {error or 'silent or slow for too long'}")
        except ProtocolError as error:
            log(f"hung up on: {error}")
        except (MachError, OSError) as error:
            log(f"lost: {error}")
        except Exception as error:  # a mistake of ours, and no other client's business
            log(f"failed: {error!r}")
