# SPDX-License-Identifier: GPL-2.0-or-later
"""A connected socket, read and written to the byte, within a time, in the errors of mig.rpc.

One thread may read while another writes.

Knows nothing of messages: both ends of a stream stand on it.
"""

import select
import socket
import time
from contextlib import suppress

from mig.rpc.errors import CallTimeout, PeerDied

_PIECE = 1 << 18
_GONE = "the other end closed the connection"

POLL_MAX = (1 << 31) - 1
"""Milliseconds of the longest wait that poll() takes: 24 days, after which a time is over."""


class Connection:
    """A connected socket.

    Attributes:
        address: what errors call the other end.
        closed: it was closed on this side.
    """

    def __init__(self, connection: socket.socket, address: str, late: str) -> None:
        """Take over a socket.

        Args:
            connection: a connected socket.
            address: what errors call the other end.
            late: what to say when a deadline passes.
        """
        self.address = address
        self.closed = False
        self._socket = connection
        self._late = late
        connection.setblocking(False)

    def read(self, size: int, deadline: float | None) -> bytes:
        """Return exactly so many bytes.

        Raises:
            CallTimeout: they did not come before the deadline, a value of time.monotonic().
            PeerDied: the connection ended or broke.
        """
        data = bytearray()
        while len(data) < size:
            piece = self.read_some(min(size - len(data), _PIECE), deadline)
            if not piece:
                raise PeerDied(_GONE, address=self.address)
            data += piece
        return bytes(data)

    def read_some(self, most: int, deadline: float | None) -> bytes:
        """Return the next bytes, as soon as there are any; none at the end of the stream.

        Raises:
            As ``read``.
        """
        while True:
            try:
                return self._socket.recv(most)
            except BlockingIOError:
                self._wait(select.POLLIN, deadline)
            except OSError as error:
                raise self._broken(error) from error

    def write(self, chunks: list[bytes], deadline: float | None) -> None:
        """Write all of them.

        Raises:
            As ``read``.
        """
        for chunk in chunks:
            rest = memoryview(chunk)
            while rest:
                try:
                    rest = rest[self._socket.send(rest) :]
                except BlockingIOError:
                    self._wait(select.POLLOUT, deadline)
                except OSError as error:
                    raise self._broken(error) from error

    def wait(self, deadline: float | None) -> None:
        """Wait until there is something to read, or the end of the stream.

        Raises:
            As ``read``.
        """
        self._wait(select.POLLIN, deadline)

    def close(self) -> None:
        """Close it, and wake the threads that wait for it; twice is harmless."""
        self.closed = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _wait(self, event: int, deadline: float | None) -> None:
        if self.closed:
            raise PeerDied("this connection was closed", address=self.address)
        left = None if deadline is None else 1000 * (deadline - time.monotonic())
        poll = select.poll()
        try:
            poll.register(self._socket, event)
        except (OSError, ValueError) as error:  # closed meanwhile
            raise self._broken(error) from error
        if (left is not None and left <= 0) or not poll.poll(left and min(left, POLL_MAX)):
            raise CallTimeout(self._late, address=self.address)

    def _broken(self, error: Exception) -> PeerDied:
        if self.closed:
            return PeerDied("this connection was closed", address=self.address)
        if isinstance(error, BrokenPipeError | ConnectionResetError):
            return PeerDied(_GONE, address=self.address)
        return PeerDied(f"the connection broke: {error}", address=self.address)


def deadline_after(timeout: float | None) -> float | None:
    """Return when so many seconds will be over, in the time of time.monotonic()."""
    return None if timeout is None else time.monotonic() + timeout
