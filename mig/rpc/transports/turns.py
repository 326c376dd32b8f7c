# SPDX-License-Identifier: GPL-2.0-or-later
"""Taking turns among processes that share a file, and waiting with patience.

What the turns are for is not known here.
"""

import fcntl
import struct
import time
from collections.abc import Callable

from mig.rpc.errors import CallTimeout

_LOCK = struct.Struct("@hhqqi4x")  # struct flock: type, whence, start, length, process

_PAUSE_MIN = 20e-6
_PAUSE_MAX = 1e-3
_ALIVE_INTERVAL = 0.05


class Waiting:
    """Waiting for something, ever more slowly, while a peer and the time last."""

    def __init__(
        self, deadline: float | None, what: str, address: str, check_alive: Callable[[], None]
    ) -> None:
        """Begin to wait.

        Args:
            deadline: a time of the monotonic clock.
            what: what is said when it has come.
            address: of whom, for errors.
            check_alive: raises an error if there is nothing to wait for any more.
        """
        self._deadline = deadline
        self._what = what
        self._address = address
        self._check_alive = check_alive
        self._start = self._check = time.monotonic()
        self._pause = _PAUSE_MIN

    def pause(self) -> None:
        """Sleep for a while.

        Raises:
            CallTimeout: the deadline has passed.
        """
        now = time.monotonic()
        if now >= self._check:
            self._check_alive()
            self._check = now + _ALIVE_INTERVAL
        if self._deadline is not None and now >= self._deadline:
            waited = in_seconds(now - self._start)
            raise CallTimeout(f"{self._what} within {waited}", address=self._address)
        time.sleep(self._pause)
        self._pause = min(2 * self._pause, _PAUSE_MAX)


def in_seconds(seconds: float) -> str:
    """A time as messages say it: 0.05 s, 1.2 s, 120 s."""
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"


class FileTurns:
    """Places in a file that one of its openers can have at a time, and one that is had in turn.

    A lock belongs to an open file, and goes with it: nobody waits for a process that has died.
    """

    def __init__(self, file: int, places: int) -> None:
        """See to the places of an open file, which others have opened for themselves."""
        self._file = file
        self._turn = places

    def take(self, place: int) -> bool:
        """Have a place for as long as the file is open; False: somebody else has it."""
        return self._lock(fcntl.F_WRLCK, place)

    def enter(self, waiting: Waiting) -> None:
        """Have place 0, in turn with all who want it.

        Whoever waits for it holds the turn meanwhile, so that one who has just left and comes
        again is behind.

        Raises:
            CallTimeout: as `waiting` does.
        """
        while not self._lock(fcntl.F_WRLCK, self._turn):
            waiting.pause()
        try:
            while not self._lock(fcntl.F_WRLCK, 0):
                waiting.pause()
        finally:
            self._lock(fcntl.F_UNLCK, self._turn)

    def leave(self) -> None:
        """Let the next one have place 0."""
        self._lock(fcntl.F_UNLCK, 0)

    def _lock(self, kind: int, place: int) -> bool:
        try:
            fcntl.fcntl(self._file, fcntl.F_OFD_SETLK, _LOCK.pack(kind, 0, place, 1, 0))
        except BlockingIOError:
            return False
        return True
