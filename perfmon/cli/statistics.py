# SPDX-License-Identifier: GPL-2.0-or-later
"""The command stats: statistics of all events, or of one."""

from __future__ import annotations

import argparse
from typing import ClassVar

from perfmon.cli.command import HostCommand, Status, add_json_argument
from perfmon.cli.figures import histogram_chart, state_line, statistics_table
from perfmon.cli.output import duration, number, print_json, standard_output
from perfmon.host import Host
from perfmon.interface import HistogramKind
from perfmon.statistics import EventStatistics, Histogram, Snapshot


class Stats(HostCommand):
    """Show statistics of all events, or of one with its histogram."""

    name: ClassVar[str] = "stats"
    example: ClassVar[str] = "stats VM_ALLOC"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add EVENT and --json."""
        parser.add_argument("event", nargs="?", metavar="EVENT", help="by name or number")
        add_json_argument(parser)

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Print them."""
        if args.event is not None:
            _print_event(host, args.event, as_json=args.json)
            return Status.GOOD
        interface, snapshot = host.interface(), host.snapshot()
        if args.json:
            print_json(
                {
                    "host": host.address,
                    "system": snapshot.system,
                    "cpus": snapshot.cpus,
                    "events": list(snapshot.events.values()),
                }
            )
        else:
            print(state_line(host.address, interface, host.configuration()))
            histograms = timed_histograms(host, snapshot)
            medium = standard_output()
            print(statistics_table(interface, snapshot, histograms, medium=medium))
        return Status.GOOD


def timed_histograms(host: Host, snapshot: Snapshot) -> dict[int, Histogram]:
    """The histograms of those events that have durations."""
    return {event: host.histogram(event) for event, stats in snapshot.events.items() if stats.timed}


def _print_event(host: Host, event: str, *, as_json: bool) -> None:
    stats = host.stats(event)
    work = host.histogram(stats.event)
    wait = host.histogram(stats.event, HistogramKind.WAIT)
    if as_json:
        print_json(
            {
                "host": host.address,
                "event": stats,
                "work": _histogram_json(work),
                "wait": _histogram_json(wait),
            }
        )
        return
    print(f"{stats.event} {stats.name} on {host.address}")
    print(f"  count   {number(stats.count)}")
    print(f"  errors  {number(stats.errors)}")
    print(f"  waited  {number(stats.waits)}")
    print("  work    " + _work_line(stats, work))
    if stats.waits:
        print(
            f"  waits   {number(stats.waits)}: mean {duration(stats.wait_mean_ns)}, "
            + _percentiles(wait)
        )
    if work.buckets:
        print()
        print(histogram_chart(work, standard_output()))


def _work_line(stats: EventStatistics, work: Histogram) -> str:
    if not stats.timed:
        return "no duration measured"
    return (
        f"{number(stats.timed)} timed: total {duration(stats.total_ns)}, "
        f"mean {duration(stats.mean_ns)}, min {duration(stats.min_ns)}, "
        f"max {duration(stats.max_ns)}, {_percentiles(work)}"
    )


def _percentiles(histogram: Histogram) -> str:
    return ", ".join(
        f"{title} {duration(value)}"
        for title, value in (
            ("p50", histogram.p50),
            ("p90", histogram.p90),
            ("p99", histogram.p99),
            ("p99.9", histogram.p99_9),
        )
    )


def _histogram_json(histogram: Histogram) -> dict[str, object]:
    return {
        "p50_ns": histogram.p50,
        "p90_ns": histogram.p90,
        "p99_ns": histogram.p99,
        "p99_9_ns": histogram.p99_9,
        "buckets": histogram.buckets,
    }
