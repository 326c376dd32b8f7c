# SPDX-License-Identifier: GPL-2.0-or-later
"""SIGINT and SIGTERM as something to wait for, in commands that serve until told to end."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stop_signals() -> Iterator[socket.socket]:
    """A socket that can be read from as soon as one of them has come.

    KeyboardInterrupt will not do for a server.  A signal that comes just before the main thread
    waits in the kernel, or that the kernel gives to another thread, ends no wait.
    A SIGINT that is ignored, as a shell has it for what runs in its background, stays ignored.
    """
    numbers = [
        number
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) != signal.SIG_IGN
    ]
    readable, writable = socket.socketpair()
    with readable, writable:
        writable.setblocking(False)
        earlier = {number: signal.signal(number, _noted_by_the_socket) for number in numbers}
        signal.set_wakeup_fd(writable.fileno(), warn_on_full_buffer=False)
        try:
            yield readable
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in earlier.items():
                signal.signal(number, handler)


def _noted_by_the_socket(number: int, frame: FrameType | None) -> None:
    """Handle a signal by doing nothing: Python has written its number into the socket."""
