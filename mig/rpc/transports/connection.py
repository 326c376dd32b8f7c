# SPDX-License-Identifier: GPL-2.0-or-later
"""A connected socket, read and written to the byte, within a time, in the errors of mig.rpc.

Knows nothing of messages: both ends of a stream stand on it.
"""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from mig.rpc.errors import CallTimeout, PeerDied

_PIECE = 1 << 18

T = TypeVar("T")


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
                raise PeerDied("the other end closed the connection", address=self.address)
            data += piece
        return bytes(data)

    def read_some(self, most: int, deadline: float | None) -> bytes:
        """Return the next bytes, as soon as there are any; none at the end of the stream.

        Raises:
            As ``read``.
        """
        return self._attempt(partial(self._socket.recv, most), deadline)

    def write(self, chunks: list[bytes], deadline: float | None) -> None:
        """Write all of them.

        Raises:
            As ``read``.
        """
        for chunk in chunks:
            self._attempt(partial(self._socket.sendall, chunk), deadline)

    def close(self) -> None:
        """Close it, and wake the threads that wait for it; twice is harmless."""
        self.closed = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _attempt(self, operation: Callable[[], T], deadline: float | None) -> T:
        if self.closed:
            raise PeerDied("this connection was closed", address=self.address)
        left = None if deadline is None else deadline - time.monotonic()
        try:
            if left is not None and left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            return operation()
        except TimeoutError:
            raise CallTimeout(self._late, address=self.address) from None
        except OSError as error:
            raise PeerDied(f"the connection broke: {error}", address=self.address) from error


def deadline_after(timeout: float | None) -> float | None:
    """Return when so many seconds will be over, in the time of time.monotonic()."""
    return None if timeout is None else time.monotonic() + timeout
