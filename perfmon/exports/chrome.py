# SPDX-License-Identifier: GPL-2.0-or-later
"""Chrome's trace event format (JSON), which Perfetto's viewer and chrome://tracing open.

Tasks are its processes, threads its threads, both by their small ids; times are microseconds since
the clock of the host began.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache

from perfmon.events import BUILTIN_NAMES, Event, event_name
from perfmon.interface import Flag
from perfmon.recording.trace import Trace


def chrome_lines(trace: Trace) -> Iterator[str]:
    """The whole JSON document: a first line, one for each task's name and each sample, a last."""
    environment = {**trace.environment, "ticks_per_second": trace.clock.ticks_per_second}
    yield f'{{"displayTimeUnit":"ns","otherData":{json.dumps(environment)},"traceEvents":['

    @cache
    def fixed(event: int) -> tuple[str, str, str]:
        data = Event(event).data_meanings if event in BUILTIN_NAMES else ("data1", "data2")
        name, *keys = map(json.dumps, (event_name(event, trace.names), *data))
        return name, keys[0], keys[1]

    tick_us = 1e6 / trace.clock.ticks_per_second
    before = ""
    for task, task_name in trace.task_names.items():
        yield (
            f'{before}{{"name":"process_name","ph":"M","pid":{task},'
            f'"args":{{"name":{json.dumps(task_name)}}}}}'
        )
        before = ","
    for sample in trace.samples():
        name, key1, key2 = fixed(sample.event)
        end = sample.timestamp * tick_us
        if sample.flags & Flag.INSTANT:
            when = f'"ph":"i","s":"t","ts":{end:.3f}'
        else:
            length = sample.duration * tick_us
            when = f'"ph":"X","ts":{end - length:.3f},"dur":{length:.3f}'
        yield (
            f'{before}{{"name":{name},{when},"pid":{sample.task},"tid":{sample.thread},'
            f'"args":{{"cpu":{sample.cpu},"flags":{sample.flags},'
            f"{key1}:{sample.data1},{key2}:{sample.data2}}}}}"
        )
        before = ","
    yield "]}"
