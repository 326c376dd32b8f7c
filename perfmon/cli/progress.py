# SPDX-License-Identifier: GPL-2.0-or-later
"""A line on the terminal that says how far long work has come, and goes when it is done.

It is drawn on standard error, and only where that is a terminal.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

from perfmon.text import bar

if TYPE_CHECKING:
    from perfmon.recording.trace import Trace

_INTERVAL: Final = 0.2
_PATIENCE: Final = 0.5
"""Seconds before the first line: what is done by then needs none."""
_CLEAR: Final = "\r\x1b[K"


class Progress:
    """A context manager around long work.

    Args:
        what: is being done.
        total: of what `advance` counts, or seconds where nobody counts; None: nobody knows.
        timed: whether `total` is in seconds.
    """

    def __init__(self, what: str, total: float | None = None, *, timed: bool = False) -> None:
        self._what = what
        self._total = total
        self._timed = timed
        self._done = 0.0
        self._begin = time.monotonic()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def advance(self, amount: float) -> None:
        """Say that some more has been done; from any thread."""
        self._done += amount

    def reach(self, done: float, total: float) -> None:
        """Say how much of how much has been done; from any thread."""
        self._done, self._total = done, total

    def __enter__(self) -> Self:
        if sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
            self._thread = threading.Thread(target=self._draw, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread:
            self._thread.join()

    def line(self, width: int) -> str:
        """The line as it is now, shorter than `width`."""
        elapsed = time.monotonic() - self._begin
        text = f"{self._what}, {elapsed:.0f} s"
        if self._total:
            part = min(1.0, (elapsed if self._timed else self._done) / self._total)
            room = max(0, min(30, width - len(text) - 10))
            text = f"{text}  {100 * part:3.0f} %  {bar(part, 1, room).ljust(room, '░')}"
        return text[: width - 1]

    def _draw(self) -> None:
        if self._ended.wait(_PATIENCE):
            return
        while not self._ended.is_set():
            line = self.line(shutil.get_terminal_size().columns)
            encoded = line.encode(sys.stderr.encoding, "replace").decode(sys.stderr.encoding)
            sys.stderr.write(_CLEAR + encoded)
            sys.stderr.flush()
            self._ended.wait(_INTERVAL)
        sys.stderr.write(_CLEAR)
        sys.stderr.flush()


def reading(trace: Trace, passes: int = 1) -> tuple[Trace, Progress]:
    """A trace that says how far it has been read, and the progress that listens to it."""
    size = sum(stream.stat().st_size for stream in trace.streams)
    progress = Progress(f"reading {trace.directory}", passes * size)
    return replace(trace, watch=progress.advance), progress
