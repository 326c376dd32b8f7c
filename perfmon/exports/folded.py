# SPDX-License-Identifier: GPL-2.0-or-later
"""Folded stacks of PROFILE samples, one line a stack with its count, as flame graphs take them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from perfmon.exports.stacks import profile_stacks
from perfmon.recording.trace import Trace


def folded_lines(trace: Trace) -> Iterator[str]:
    """The stacks, in order of their text.

    Raises:
        NoProfileError: there are no PROFILE samples.
    """
    counts = Counter(";".join(stack) for stack in profile_stacks(trace))
    return (f"{stack} {count}" for stack, count in sorted(counts.items()))
