# SPDX-License-Identifier: GPL-2.0-or-later
"""The command report: figures of a recording, without its host."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from perfmon.cli.command import Command, CommandError, Status, add_json_argument, count, say
from perfmon.cli.figures import histogram_chart
from perfmon.cli.output import counted, duration, number, print_json, table
from perfmon.events import event_id, event_name
from perfmon.statistics import Bucket, Histogram

if TYPE_CHECKING:
    from perfmon.analysis.report import OwnerReport
    from perfmon.analysis.report import Report as Figures


class Report(Command):
    """Show the figures of a recording: events, tasks, threads, loss."""

    name: ClassVar[str] = "report"
    example: ClassVar[str] = "report trace -e VM_ALLOC"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add TRACE, -e, --top and --json."""
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
        add_json_argument(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Read it through and print its figures."""
        from perfmon.analysis.report import analyse
        from perfmon.recording.trace import open_trace

        trace = open_trace(args.trace)
        event = None if args.event is None else event_id(args.event, trace.names)
        report = analyse(trace)
        cut_off = sum(cpu.cut_off for cpu in report.cpus)
        if cut_off:
            say(
                f"{args.trace}: the trace was cut off: {counted(cut_off, 'byte')} at its end "
                "hold no whole packet"
            )
        if args.json:
            print_json(report)
            return Status.GOOD
        _print_report(report, args.top)
        if event is not None:
            if event not in report.histograms:
                raise CommandError(
                    f"{event_name(event, trace.names)}: no durations in {args.trace}"
                )
            print(f"\n{event_name(event, trace.names)}")
            print(histogram_chart(_by_doubling(report.histograms[event])))
        return Status.GOOD


def _print_report(report: Figures, top: int) -> None:
    cpus = counted(len(report.cpus), "CPU")
    print(f"{report.directory}: {counted(report.count, 'sample')} of {cpus}", end="")
    print(f" of {report.host}, {duration(report.span_ns)}")
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
    print(table([*titles, "MAX", "TOTAL"], rows))
    for what, owners in (("TASK", report.tasks), ("THREAD", report.threads)):
        print(f"\n{_owner_table(what, owners, top)}")
    discarded = sum(cpu.discarded for cpu in report.cpus)
    print(
        f"\nmissing: {counted(discarded, 'event')}, overwritten before they were read, "
        "rate-limited or refused"
    )


def _owner_table(what: str, owners: tuple[OwnerReport, ...], top: int) -> str:
    rows = [[str(o.id), number(o.count), duration(o.total_ns)] for o in owners[:top]]
    if len(owners) > top:
        rest = owners[top:]
        total = sum(owner.total_ns for owner in rest)
        rows.append(["others", number(sum(owner.count for owner in rest)), duration(total)])
    return table([what, "COUNT", "TOTAL"], rows)


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
