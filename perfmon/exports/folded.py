# SPDX-License-Identifier: GPL-2.0-or-later
"""Folded stacks of PROFILE samples, one line a stack with its count, as flame graphs take them.

A sample has one program counter, so a stack is its task, its thread and that address.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from perfmon.errors import PerfmonError
from perfmon.events import Event
from perfmon.recording.trace import Trace


class NoProfileError(PerfmonError):
    """A recording without PROFILE samples has no stacks."""


def folded_lines(trace: Trace) -> Iterator[str]:
    """The stacks, in order of their text.

    Raises:
        NoProfileError: there are no PROFILE samples.
    """
    stacks = Counter(
        (sample.task, sample.thread, sample.data1, sample.data2)
        for sample in trace.samples()
        if sample.event == Event.PROFILE
    )
    if not stacks:
        raise NoProfileError(f"{trace.directory}: expected PROFILE samples, found none")
    for (task, thread, pc, user), count in sorted(stacks.items()):
        yield f"task {task};thread {thread};{'user' if user else 'kernel'};{pc:#x} {count}"
