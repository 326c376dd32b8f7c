# SPDX-License-Identifier: GPL-2.0-or-later
"""A recording as one web page that opens anywhere, offline: no other file, no network.

The page's parts (markup, style, scripts) lie in `page_parts`; here they are put together with the
figures, which travel as one JSON object.  What comes from the recording reaches the page as data
alone, never as markup.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

from perfmon.analysis.report import EventReport, OwnerReport, Report, analyse
from perfmon.analysis.timeline import Timeline, heat_row_ticks, timeline
from perfmon.clock import Clock
from perfmon.events import BUILTIN_NAMES, Event
from perfmon.interface import Flag
from perfmon.recording.trace import Trace
from perfmon.samples import Sample
from perfmon.statistics import Bucket, Histogram

LANES: Final = 12
"""Tasks that the timeline shows one by one."""
OWNERS: Final = 100
"""Tasks and threads in the tables."""
_STEPS: Final = 4
"""Bars of a histogram to each doubling of the duration."""

_SCRIPTS: Final = ("page.js", "timeline.js", "durations.js", "tables.js")


def html_page(trace: Trace) -> str:
    """The whole page.

    Raises:
        MissingExtraError: numpy is not installed.
        TraceError: a stream of the trace holds something else.
        OSError: it cannot be read.
    """
    report = analyse(trace)
    tasks = [owner.id for owner in sorted(report.tasks, key=lambda o: -o.count)][:LANES]
    data = page_data(trace, report, timeline(trace, tasks), tasks)
    parts = files("perfmon.exports") / "page_parts"
    scripts = "\n".join((parts / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    page = (parts / "page.html").read_text(encoding="utf-8")
    for placeholder, text in (
        ("/*STYLE*/", (parts / "page.css").read_text(encoding="utf-8")),
        ("/*SCRIPTS*/", scripts),
        ("/*DATA*/", _script_json(data)),
    ):
        page = page.replace(placeholder, text, 1)
    return page


def page_data(
    trace: Trace, report: Report, times: Timeline, tasks: Sequence[int]
) -> dict[str, Any]:
    """What the page's scripts read: times in nanoseconds, those of the timeline from its start."""
    clock = trace.clock
    names = trace.task_names
    return {
        "host": report.host,
        "directory": trace.directory.name,
        "count": report.count,
        "span_ns": report.span_ns,
        "start_wall_ns": clock.wall_ns_at(times.first),
        "clock_hz": clock.ticks_per_second,
        "environment": {
            key: value
            for key, value in trace.environment.items()
            if not key.startswith("task_")
        },
        "events": [_event(event) for event in report.events],
        "cpus": [
            {
                "name": cpu.cpu,
                "count": cpu.count,
                "missing": cpu.discarded,
                "cut_off": cpu.cut_off,
            }
            for cpu in report.cpus
        ],
        "tasks": _owners(report.tasks, names),
        "threads": _owners(report.threads, {}),
        "more": {
            "tasks": max(0, len(report.tasks) - OWNERS),
            "threads": max(0, len(report.threads) - OWNERS),
        },
        "timeline": _timeline(times, tasks, names, clock),
        "heat": _heat(times, clock),
        "histograms": {
            event: [_bar(bucket) for bucket in _coarse(histogram)]
            for event, histogram in report.histograms.items()
        },
        "slowest": [
            _sample(sample, times, clock)
            for samples in times.slowest.values()
            for sample in samples
        ],
    }  # fmt: skip


def _event(event: EventReport) -> dict[str, Any]:
    return {
        "id": event.event,
        "name": event.name,
        "count": event.count,
        "errors": event.errors,
        "waits": event.waits,
        "timed": event.timed,
        "total": event.total_ns if event.timed else None,
        "mean": event.mean_ns if event.timed else None,
        "min": event.min_ns if event.timed else None,
        "p50": event.p50_ns,
        "p90": event.p90_ns,
        "p99": event.p99_ns,
        "p999": event.p99_9_ns,
        "max": event.max_ns if event.timed else None,
        "data": Event(event.event).data_meanings if event.event in BUILTIN_NAMES else None,
    }


def _owners(owners: Sequence[OwnerReport], names: Mapping[int, str]) -> list[dict[str, Any]]:
    return [
        {"id": owner.id, "name": names.get(owner.id, ""), "count": owner.count,
         "total": owner.total_ns}
        for owner in owners[:OWNERS]
    ]  # fmt: skip


def _timeline(
    times: Timeline, tasks: Sequence[int], names: Mapping[int, str], clock: Clock
) -> dict[str, Any]:
    cpus = sorted({cpu for cpu, _ in times.by_cpu})
    others = {task for task, _ in times.by_task} - set(tasks)
    return {
        "buckets": times.buckets,
        "width_ns": 1e9 * times.width / clock.ticks_per_second,
        "cpu": [
            {"name": f"CPU {cpu}", "series": _series(times.by_cpu, cpu),
             "losses": [[loss.first, loss.last, loss.count]
                        for loss in times.losses if loss.cpu == cpu]}
            for cpu in cpus
        ],
        "task": [
            {"name": _task_name(task, names), "series": _series(times.by_task, task), "losses": []}
            for task in (*tasks, *others)
        ],
    }  # fmt: skip


def _task_name(task: int | None, names: Mapping[int, str]) -> str:
    if task is None:
        return "other tasks"
    return "no task" if task == 0 else f"{task} {names.get(task, '')}".strip()


def _series(series: Mapping[tuple[Any, int], Sequence[int]], owner: object) -> dict[int, list[int]]:
    return {event: _packed(counts) for (of, event), counts in series.items() if of == owner}


def _packed(counts: Iterable[int]) -> list[int]:
    """Counts with each run of zeros as one negative number: its length."""
    packed: list[int] = []
    for count in counts:
        if count:
            packed.append(count)
        elif packed and packed[-1] < 0:
            packed[-1] -= 1
        else:
            packed.append(-1)
    return packed


def _heat(times: Timeline, clock: Clock) -> dict[str, Any]:
    rows = sorted({row for heat in times.heat for _, row in heat.cells})
    lowest, highest = (rows[0], rows[-1]) if rows else (0, -1)
    bounds = [1e9 * heat_row_ticks(row) / clock.ticks_per_second
              for row in range(lowest, highest + 2)]  # fmt: skip
    maps = {}
    for heat in times.heat:
        columns: dict[int, list[int]] = {}
        for (column, row), count in sorted(heat.cells.items()):
            columns.setdefault(column, []).extend((row - lowest, count))
        maps[heat.event] = [columns.get(column, []) for column in range(times.heat_columns)]
    return {
        "columns": times.heat_columns,
        "width_ns": 1e9 * times.heat_width / clock.ticks_per_second,
        "bounds": [round(bound, 1) for bound in bounds],
        "maps": maps,
    }


def _sample(sample: Sample, times: Timeline, clock: Clock) -> dict[str, Any]:
    return {
        "event": sample.event,
        "at": clock.ns(sample.timestamp - times.first),
        "ns": clock.ns(sample.duration),
        "cpu": sample.cpu,
        "task": sample.task,
        "thread": sample.thread,
        "data": [sample.data1, sample.data2],
        "error": bool(sample.flags & Flag.ERROR),
    }


def _bar(bucket: Bucket) -> list[int | None]:
    return [bucket.lower_ns, bucket.upper_ns, bucket.count]


def _coarse(histogram: Histogram) -> list[Bucket]:
    """The same durations in buckets of a quarter of a doubling."""
    merged: list[Bucket] = []
    for bucket in histogram.buckets:
        last = merged[-1] if merged else None
        if last and bucket.lower_ns < last.lower_ns * 2 ** (1 / _STEPS):
            merged[-1] = Bucket(last.lower_ns, bucket.upper_ns, last.count + bucket.count)
        else:
            merged.append(bucket)
    return merged


def _script_json(data: Mapping[str, Any]) -> str:
    """JSON that no name in it can end the script element of."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
