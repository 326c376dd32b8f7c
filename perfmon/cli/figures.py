# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables of event statistics that several commands print.  Text from values; no host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from perfmon.cli.output import NOTHING, counted, duration, number, rate, table
from perfmon.info import Configuration, Interface
from perfmon.statistics import EventStatistics, Histogram, Snapshot, SystemStatistics
from perfmon.text import PLAIN, Medium, bar


def statistics_table(
    interface: Interface,
    snapshot: Snapshot,
    histograms: Mapping[int, Histogram],
    earlier: Snapshot | None = None,
    medium: Medium = PLAIN,
) -> str:
    """One line per event since the last reset; with `earlier`, also what was added since."""
    titles = ["ID", "<EVENT", "COUNT", "ERRORS", "WAITED", "MEAN", "P99", "MAX", "TOTAL"]
    if earlier:
        titles.insert(3, "ADDED")
    rows = []
    for event, stats in _recorded(interface, snapshot).items():
        row = [str(event), stats.name, *map(number, (stats.count, stats.errors, stats.waits))]
        if earlier:
            added = stats.since(earlier.events[event]).count if event in earlier.events else 0
            row.insert(3, f"+{number(added)}")
        row += _durations(stats, histograms.get(event))
        rows.append(row)
    expendable = ("TOTAL", "WAITED", "ID", "ERRORS", "MAX")
    text = table(titles, rows, medium, expendable=expendable, alarming=("ERRORS",))
    return "\n".join((text, *footnote(interface, snapshot)))


def rate_table(
    interface: Interface, snapshot: Snapshot, earlier: Snapshot, medium: Medium = PLAIN
) -> str:
    """One line per event: what happened between two snapshots, per second."""
    seconds = (snapshot.taken_ns - earlier.taken_ns) / 1e9
    titles = ["ID", "<EVENT", "PER SECOND", "ERRORS/s", "MEAN", "MAX SO FAR", "COUNT"]
    rows = []
    for event, stats in _recorded(interface, snapshot).items():
        change = stats.since(earlier.events.get(event, stats))
        rows.append(
            [
                str(event),
                stats.name,
                rate(change.count, seconds),
                rate(change.errors, seconds),
                duration(change.mean_ns if change.timed else None),
                duration(stats.max_ns if stats.timed else None),
                number(stats.count),
            ]
        )
    expendable = ("COUNT", "ID", "ERRORS/s")
    return table(titles, rows, medium, expendable=expendable, alarming=("ERRORS/s",))


def state_line(address: str, interface: Interface, configuration: Configuration) -> str:
    """One line on a host: address, whether it monitors, CPUs, rate."""
    state = "monitoring" if interface.enabled else "monitoring is off"
    cpus = counted(interface.cpus, "CPU")
    return f"{address}  {state}, {cpus}, {rate_text(configuration)}"


def rate_text(configuration: Configuration) -> str:
    """The sampling rate in force."""
    if not configuration.sample_rate:
        return "every event sampled"
    return f"{number(configuration.sample_rate)} samples/s per CPU"


def loss_line(system: SystemStatistics) -> str:
    """The account of samples since the last reset, one line."""
    return (
        f"samples: {number(system.written)} of {number(system.events)} events; "
        f"rate-limited {number(system.rate_limited)}, refused {number(system.refused)}, "
        f"overwritten {number(system.overwritten)}"
    )


def loss_rate_line(now: SystemStatistics, earlier: SystemStatistics, seconds: float) -> str:
    """The account of samples between two readings, per second."""
    parts = (
        f"{title} {rate(max(0, after - before), seconds)}/s"
        for title, after, before in (
            ("written", now.written, earlier.written),
            ("rate-limited", now.rate_limited, earlier.rate_limited),
            ("refused", now.refused, earlier.refused),
            ("overwritten", now.overwritten, earlier.overwritten),
        )
    )
    return "samples: " + ", ".join(parts)


def histogram_chart(histogram: Histogram, medium: Medium = PLAIN, width: int = 40) -> str:
    """A bar per bucket, at most `width` characters long."""
    most = max(bucket.count for bucket in histogram.buckets)
    total = histogram.count
    rows = []
    below = 0
    for bucket in histogram.buckets:
        below += bucket.count
        rows.append(
            [
                duration(bucket.lower_ns),
                duration(bucket.upper_ns) if bucket.upper_ns is not None else "more",
                number(bucket.count),
                f"{100 * below / total:.1f} %",
            ]
        )
    text = table(["FROM", "BELOW", "COUNT", "SO FAR"], rows, medium)
    if medium.width is not None:
        width = max(8, medium.width - len(text.splitlines()[-1]) - 3)
    bars = ("", *(bar(bucket.count, most, width, medium) for bucket in histogram.buckets))
    lines = zip(text.splitlines(), bars, strict=True)
    return "\n".join(f"{line}  {drawn}".rstrip() for line, drawn in lines)


def footnote(interface: Interface, snapshot: Snapshot) -> Sequence[str]:
    """What belongs under a table of statistics: loss, and events that this host cannot record."""
    system = snapshot.system
    lines = ["", loss_line(system)]
    if system.table_overflows:
        lines.append(f"id table overflows: {number(system.table_overflows)}")
    recorded = _recorded(interface, snapshot)
    missing = [stats.name for event, stats in snapshot.events.items() if event not in recorded]
    if missing:
        lines.append(f"not recorded by this host: {', '.join(missing)}")
    return lines


def _recorded(interface: Interface, snapshot: Snapshot) -> dict[int, EventStatistics]:
    """The statistics of those events that the host can record."""
    return {
        event: stats for event, stats in snapshot.events.items() if interface.hooked >> event & 1
    }


def _durations(stats: EventStatistics, histogram: Histogram | None) -> list[str]:
    if not stats.timed:
        return [NOTHING] * 4
    p99 = histogram.p99 if histogram else None
    # Interpolation may exceed what was ever measured.
    return [
        duration(stats.mean_ns),
        duration(p99 if p99 is None else min(p99, stats.max_ns)),
        duration(stats.max_ns),
        duration(stats.total_ns),
    ]
