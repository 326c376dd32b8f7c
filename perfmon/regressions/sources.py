# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user names: a kept baseline, a file, a trace."""

from __future__ import annotations

from pathlib import Path

from perfmon.recording.trace import Trace, open_trace
from perfmon.regressions import files
from perfmon.regressions.files import BaselineError
from perfmon.regressions.measurement import Measurement
from perfmon.regressions.traces import measurement_of


def measurement_named(text: str) -> Measurement:
    """The measurement behind a name, a path of a baseline file or a path of a trace.

    A name is looked up first; what has a slash in it is a path.

    Raises:
        BaselineError: there is none; says what was looked for, and which names there are.
        TraceError: a directory is no trace.
    """
    path = Path(text)
    known = files.names()
    if text in known:
        return files.load(files.path_of(text))
    if trace := trace_named(text):
        return measurement_of(trace, text)
    if path.is_file():
        return files.load(path)
    kept = f"kept: {', '.join(known)}" if known else "none are kept yet"
    raise BaselineError(f"{text}: no baseline has this name, and no file or trace ({kept})")


def trace_named(text: str) -> Trace | None:
    """The trace of that path, unless a kept baseline has the name.

    Raises:
        TraceError: a directory is no trace.
    """
    path = Path(text)
    return open_trace(path) if path.is_dir() and text not in files.names() else None
