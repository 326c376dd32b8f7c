# SPDX-License-Identifier: GPL-2.0-or-later
"""speedscope's format: PROFILE samples in order of time, a profile for each thread."""

from __future__ import annotations

import json
from collections.abc import Iterator

from perfmon.exports.stacks import profile_stacks
from perfmon.recording.trace import Trace

SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def speedscope_lines(trace: Trace) -> Iterator[str]:
    """The JSON document, in one line.

    Raises:
        NoProfileError: there are no PROFILE samples.
    """
    frames: dict[str, int] = {}
    profiles: dict[tuple[str, ...], list[list[int]]] = {}
    for *owner, mode, place in profile_stacks(trace):
        stack = [frames.setdefault(frame, len(frames)) for frame in (mode, place)]
        profiles.setdefault(tuple(owner), []).append(stack)
    document = {
        "$schema": SCHEMA,
        "name": f"{trace.environment.get('hostname', '')} {trace.directory.name}".strip(),
        "exporter": "perfmon",
        "shared": {"frames": [{"name": name} for name in frames]},
        "profiles": [
            {
                "type": "sampled",
                "name": ", ".join(owner),
                "unit": "none",
                "startValue": 0,
                "endValue": len(stacks),
                "samples": stacks,
                "weights": [1] * len(stacks),
            }
            for owner, stacks in sorted(profiles.items(), key=lambda item: (-len(item[1]), item[0]))
        ],
    }
    yield json.dumps(document)
