# SPDX-License-Identifier: GPL-2.0-or-later
"""The stacks of PROFILE samples.

A sample has one program counter, so a stack is its task, its thread, its mode and that address.
"""

from __future__ import annotations

from collections.abc import Iterator

from perfmon.analysis.profile import Hit
from perfmon.errors import PerfmonError
from perfmon.events import Event
from perfmon.recording.trace import Trace


class NoProfileError(PerfmonError):
    """A recording without PROFILE samples has no stacks."""


def profile_stacks(trace: Trace) -> Iterator[tuple[str, str, str, str]]:
    """Task, thread, mode and place of each PROFILE sample, in order of time.

    Raises:
        NoProfileError: there are none.
    """
    found = False
    for sample in trace.samples():
        if sample.event == Event.PROFILE:
            found = True
            hit = Hit.of(sample.data1, sample.data2)
            mode = "user" if hit.user else "kernel"
            yield f"task {sample.task}", f"thread {sample.thread}", mode, f"{hit.pc:#x}"
    if not found:
        raise NoProfileError(f"{trace.directory}: expected PROFILE samples, found none")
