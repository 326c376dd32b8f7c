# SPDX-License-Identifier: GPL-2.0-or-later
"""Comma-separated values: a line for each sample, with every field as it was recorded.

`name` is added behind the event's number, and `time_ns`, nanoseconds since 1970, in front.
"""

from __future__ import annotations

from collections.abc import Iterator

from perfmon.events import event_name
from perfmon.recording.trace import Trace
from perfmon.samples import Sample


def csv_lines(trace: Trace) -> Iterator[str]:
    """A line of titles, then the samples."""
    timestamp, event, *rest = Sample._fields
    yield ",".join(("time_ns", timestamp, event, "name", *rest))
    names = {event: _quoted(event_name(event, trace.names)) for event in range(256)}
    wall_ns = trace.clock.wall_ns_at
    for timestamp_, event_, *values in trace.samples():
        fields = ",".join(map(str, values))
        yield f"{wall_ns(timestamp_)},{timestamp_},{event_},{names[event_]},{fields}"


def _quoted(text: str) -> str:
    if any(character in text for character in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
