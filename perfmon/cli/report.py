# SPDX-License-Identifier: GPL-2.0-or-later
"""The command report: figures of a recording, without its host."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from perfmon.cli.command import Command, CommandError, Status, add_json_argument, count, say
from perfmon.cli.figures import histogram_chart
from perfmon.cli.output import (
    NOTHING,
    counted,
    duration,
    number,
    print_json,
    standard_output,
    table,
)
from perfmon.cli.progress import reading
from perfmon.events import event_id, event_name
from perfmon.statistics import Bucket, Histogram
from perfmon.text import Medium, bar
from perfmon.whole_file import whole_file

if TYPE_CHECKING:
    from perfmon.analysis.report import OwnerReport
    from perfmon.analysis.report import Report as Figures
    from perfmon.recording.trace import Trace


class Report(Command):
    """Show the figures of a recording: events, tasks, threads, loss."""

    name: ClassVar[str] = "report"
    example: ClassVar[str] = "report trace -e VM_ALLOC"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add TRACE, -e, --top, --html and --json."""
        parser.add_argument("trace", type=Path, metavar="TRACE", help="a directory of `record`")
        parser.add_argument(
            "-e", "--event", metavar="EVENT", help="also a histogram of this one's durations"
        )
        parser.add_argument(
            "--top",
            type=count,
            default=10,
            metavar="COUNT",
            help="tasks and threads to show (default: 10)",
        )
        parser.add_argument(
            "--html",
            type=Path,
            metavar="FILE",
            help="write a page with timeline, heat map and tables that opens offline",
        )
        add_json_argument(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Read it through and print its figures."""
        from perfmon.analysis.report import analyse
        from perfmon.recording.trace import open_trace

        trace = open_trace(args.trace)
        event = None if args.event is None else event_id(args.event, trace.names)
        if args.html is not None:
            _write_page(trace, args.html)
            return Status.GOOD
        watched, progress = reading(trace)
        with progress:
            report = analyse(watched)
        cut_off = sum(cpu.cut_off for cpu in report.cpus)
        if cut_off:
            say(
                f"{args.trace}: the trace was cut off: {counted(cut_off, 'byte')} at its end "
                "hold no whole packet"
            )
        if args.json:
            print_json(report)
            return Status.GOOD
        _print_report(report, args.top, trace.task_names)
        if event is not None:
            if event not in report.histograms:
                raise CommandError(
                    f"{event_name(event, trace.names)}: no durations in {args.trace}"
                )
            print(f"\n{event_name(event, trace.names)}")
            print(histogram_chart(_by_doubling(report.histograms[event]), standard_output()))
        return Status.GOOD


def _write_page(trace: Trace, output: Path) -> None:
    """Write the page; the file appears only when it is whole."""
    from perfmon.exports.page import html_page

    watched, progress = reading(trace, passes=2)
    with progress:
        page = html_page(watched)
    with whole_file(output) as file:
        file.write_text(page, encoding="utf-8")
    say(f"{output}: {counted(len(page.encode()), 'byte')}; open it in any browser")


def _print_report(report: Figures, top: int, names: Mapping[int, str]) -> None:
    medium = standard_output()
    cpus = counted(len(report.cpus), "CPU")
    print(f"{report.directory}: {counted(report.count, 'sample')} of {cpus}", end="")
    print(f" of {report.host}, {duration(report.span_ns)}\n")
    rows = [
        [
            str(event.event),
            event.name,
            *map(number, (event.count, event.errors, event.waits)),
            *map(duration, (event.mean_ns if event.timed else None, event.p50_ns, event.p90_ns)),
            *map(duration, (event.p99_ns, event.p99_9_ns)),
            *map(duration, (event.max_ns, event.total_ns) if event.timed else (None, None)),
        ]
        for event in report.events
    ]
    titles = ["ID", "<EVENT", "COUNT", "ERRORS", "WAITED", "MEAN", "P50", "P90", "P99", "P99.9"]
    print(
        table(
            [*titles, "MAX", "TOTAL"],
            rows,
            medium,
            expendable=("P99.9", "ID", "P90", "WAITED", "TOTAL", "ERRORS"),
            alarming=("ERRORS",),
        )
    )
    print(f"\n{_owner_table('TASK', report.tasks, top, medium, names)}")
    print(f"\n{_owner_table('THREAD', report.threads, top, medium)}")
    discarded = sum(cpu.discarded for cpu in report.cpus)
    print(f"\nmissing: {counted(discarded, 'event')} (overwritten unread, rate-limited or refused)")


def _owner_table(
    what: str,
    owners: tuple[OwnerReport, ...],
    top: int,
    medium: Medium,
    names: Mapping[int, str] | None = None,
) -> str:
    """The busiest owners with bars of the time that they took; names only where there are any."""
    whole = sum(owner.total_ns for owner in owners)
    most = max((owner.total_ns for owner in owners), default=0)
    rows = []
    for owner in owners[:top]:
        share = f"{100 * owner.total_ns / whole:.1f} %" if whole else NOTHING
        drawn = bar(owner.total_ns, most, 24, medium)
        name = (names or {}).get(owner.id, "")
        rows.append([str(owner.id), name, number(owner.count), duration(owner.total_ns), share])
        rows[-1].append(drawn)
    if rest := owners[top:]:
        total = sum(owner.total_ns for owner in rest)
        share = f"{100 * total / whole:.1f} %" if whole else NOTHING
        count_ = number(sum(owner.count for owner in rest))
        rows.append(["others", f"{number(len(rest))} of them", count_, duration(total), share, ""])
    titles = [what, "<NAME", "COUNT", "TOTAL", "SHARE", "<"]
    if not names:
        rows = [[row[0], *row[2:]] for row in rows]
        titles.pop(1)
    return table(titles, rows, medium)


def _by_doubling(histogram: Histogram) -> Histogram:
    """The same durations in fewer buckets, for a terminal."""
    merged: list[Bucket] = []
    for bucket in histogram.buckets:
        if merged and bucket.lower_ns < 2 * max(merged[-1].lower_ns, 1):
            last = merged.pop()
            merged.append(Bucket(last.lower_ns, bucket.upper_ns, last.count + bucket.count))
        else:
            merged.append(bucket)
    return Histogram(histogram.event, histogram.name, tuple(merged))
