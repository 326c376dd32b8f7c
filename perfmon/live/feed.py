# SPDX-License-Identifier: GPL-2.0-or-later
"""Threads that read hosts at an interval and post what they find; they show nothing.

A feed outlives its host: when the host goes away, it posts the reason with the last figures, and
waits until it is told to connect again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from perfmon.errors import MachError, PerfmonError
from perfmon.live.figures import HostState
from perfmon.live.source import Source

Connect = Callable[[], Source]
Post = Callable[[HostState], None]

_GONE = (MachError, PerfmonError, OSError)


@dataclass(frozen=True, slots=True)
class Watched:
    """A host to watch: its address, and how to open it."""

    address: str
    connect: Connect


class Feed:
    """Reads one host until it is stopped.

    Args:
        address: shown while the host has not been reached.
        connect: opens the host; called in the feed's thread, again for each reconnect.
        post: takes each new state; called in the feed's thread.
        interval: seconds from one reading to the next.
    """

    def __init__(self, address: str, connect: Connect, post: Post, interval: float) -> None:
        self.interval = interval
        self._connect = connect
        self._post = post
        self._state = HostState(address)
        self._wake = threading.Event()
        self._stopped = False
        # A call to a host that hangs must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name=f"feed {address}", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def reconnect(self) -> None:
        """Connect again, if the host is gone; otherwise read it at once."""
        self._wake.set()

    def stop(self) -> None:
        """End, at the latest when the call under way returns."""
        self._stopped = True
        self._wake.set()

    def join(self, timeout: float) -> None:
        """Wait for the end of the thread, for some seconds."""
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopped:
            try:
                source = self._connect()
                try:
                    self._follow(source)
                finally:
                    source.close()
            except _GONE as error:
                self._say(replace(self._state, error=str(error)))
                self._rest(None)

    def _follow(self, source: Source) -> None:
        while not self._stopped:
            begin = time.monotonic()
            self._say(HostState(source.address, source.read()))
            self._rest(max(0.0, begin + self.interval - time.monotonic()))

    def _say(self, state: HostState) -> None:
        self._state = state
        if not self._stopped:
            self._post(state)

    def _rest(self, seconds: float | None) -> None:
        if not self._stopped:
            self._wake.wait(seconds)
        self._wake.clear()
