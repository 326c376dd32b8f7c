# SPDX-License-Identifier: GPL-2.0-or-later
"""A log whose length no client decides.

Who connects in a loop makes a line each time; what is written goes to a terminal, a journal or a
pipe that somebody may be slow to read.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

Write = Callable[[str], None]


class BoundedLog:
    """Passes lines on, so many in a burst and so many a second; the others it counts.

    The count goes before the next line that is passed on, and at the end.  Threads may share one.
    A context manager: leaving it writes what count is left.
    """

    def __init__(
        self,
        write: Write,
        *,
        burst: int = 100,
        per_second: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._mutex = threading.Lock()
        self._left = float(burst)
        self._at = clock()
        self._omitted = 0

    def __call__(self, line: str) -> None:
        """Write a line, or count it."""
        with self._mutex:
            now = self._clock()
            self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
            self._at = now
            if self._left < 1:
                self._omitted += 1
                return
            self._left -= 1
            omitted, self._omitted = self._omitted, 0
        self._write_omitted(omitted)
        self._write(line)

    def __enter__(self) -> BoundedLog:
        return self

    def __exit__(self, *_: object) -> None:
        with self._mutex:
            omitted, self._omitted = self._omitted, 0
        self._write_omitted(omitted)

    def _write_omitted(self, count: int) -> None:
        if count:
            self._write(f"{count} lines were left out")
