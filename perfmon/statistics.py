# SPDX-License-Identifier: GPL-2.0-or-later
"""Typed figures of a host: statistics, histograms, totals, regressions and the account of loss.

Every time is in nanoseconds and named `_ns`.  Values only; nothing here talks to a host or formats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perfmon.interface import BUCKET_OPEN


@dataclass(frozen=True, slots=True)
class EventStatistics:
    """Statistics of one event over all CPUs since the last reset.

    Attributes:
        event: the event's id.
        name: its name.
        count: how often it happened.
        errors: of these, how many failed.
        waits: of these, how many blocked in between; they count in `wait_total_ns`.
        timed: events whose duration is in `total_ns`: measured, and never blocked.
        total_ns, min_ns, max_ns, mean_ns: of the timed events; 0 while there is none.
        wait_total_ns: duration of those that waited.
        last_ns: end of the newest, since boot.
    """

    event: int
    name: str
    count: int
    errors: int
    waits: int
    timed: int
    total_ns: int
    wait_total_ns: int
    min_ns: int
    max_ns: int
    mean_ns: int
    last_ns: int

    @property
    def wait_mean_ns(self) -> int:
        """Mean duration of the events that waited; 0 when none did."""
        return self.wait_total_ns // self.waits if self.waits else 0

    def since(self, earlier: EventStatistics) -> EventChange:
        """What was added after `earlier`, a reading of the same event.

        A reset in between makes the later reading the whole change.
        """
        now, before = self._sums, earlier._sums
        added = [later - sooner for later, sooner in zip(now, before, strict=True)]
        return EventChange(*(now if min(added) < 0 else added))

    @property
    def _sums(self) -> tuple[int, ...]:
        """What only grows until a reset, as the fields of EventChange."""
        return (
            *(self.count, self.errors, self.waits, self.timed),
            *(self.total_ns, self.wait_total_ns),
        )


@dataclass(frozen=True, slots=True)
class EventChange:
    """What happened to one event between two readings of its statistics."""

    count: int
    errors: int
    waits: int
    timed: int
    total_ns: int
    wait_total_ns: int

    @property
    def mean_ns(self) -> int:
        """Mean work time of the events in between; 0 when none was timed."""
        return self.total_ns // self.timed if self.timed else 0


@dataclass(frozen=True, slots=True)
class Bucket:
    """`count` durations of at least `lower_ns` and below `upper_ns` (None: no upper bound)."""

    lower_ns: int
    upper_ns: int | None
    count: int

    @classmethod
    def from_wire(cls, lower: int, upper: int, count: int) -> Bucket:
        """A bucket from the three words of a perf_bucket_t."""
        return cls(lower, None if upper == BUCKET_OPEN else upper, count)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Durations of one event, in ascending buckets that are not empty."""

    event: int
    name: str
    buckets: tuple[Bucket, ...]

    @property
    def count(self) -> int:
        """Durations in all buckets."""
        return sum(bucket.count for bucket in self.buckets)

    def since(self, earlier: Histogram) -> Histogram:
        """The durations that came after `earlier`, a reading of the same event.

        A reset in between makes the later reading the whole change.
        """
        before = {bucket.lower_ns: bucket.count for bucket in earlier.buckets}
        now = {bucket.lower_ns: bucket.count for bucket in self.buckets}
        if any(now.get(lower, 0) < count for lower, count in before.items()):
            return self
        added = (
            Bucket(bucket.lower_ns, bucket.upper_ns, bucket.count - before.get(bucket.lower_ns, 0))
            for bucket in self.buckets
        )
        return Histogram(self.event, self.name, tuple(bucket for bucket in added if bucket.count))

    def percentile(self, percent: float) -> int | None:
        """The duration in nanoseconds that `percent` of all durations do not exceed.

        Interpolated within a bucket, so it is off by less than the bucket's width; the lower bound
        of an open bucket.  None when the histogram is empty.

        Raises:
            ValueError: when `percent` is outside 0-100.
        """
        if not 0 <= percent <= 100:
            raise ValueError(f"percent is {percent}, expected 0-100")
        occupied = [bucket for bucket in self.buckets if bucket.count]
        if not occupied:
            return None
        rank = self.count * percent / 100
        below = 0
        for bucket in occupied:
            if below + bucket.count >= rank:
                if bucket.upper_ns is None:
                    return bucket.lower_ns
                part = max(rank - below, 0) / bucket.count
                return bucket.lower_ns + int((bucket.upper_ns - bucket.lower_ns) * part)
            below += bucket.count
        return occupied[-1].upper_ns or occupied[-1].lower_ns

    @property
    def p50(self) -> int | None:
        """The median, in nanoseconds."""
        return self.percentile(50)

    @property
    def p90(self) -> int | None:
        """The 90th percentile, in nanoseconds."""
        return self.percentile(90)

    @property
    def p99(self) -> int | None:
        """The 99th percentile, in nanoseconds."""
        return self.percentile(99)

    @property
    def p99_9(self) -> int | None:
        """The 99.9th percentile, in nanoseconds."""
        return self.percentile(99.9)


@dataclass(frozen=True, slots=True)
class SystemStatistics:
    """Totals over all events and CPUs.

    Attributes:
        events: events of the mask; `written + rate_limited + refused` is the same number.
        errors: of these, how many failed.
        written: samples that reached a ring.
        overwritten: of these, how many newer ones have replaced.
        rate_limited: events that left no sample because of the configured rate.
        refused: events that left no sample because the ring was full (mode stop).
        table_overflows: tasks and threads that found no small id.
        time_monitored_ns: how long monitoring has been enabled.
        requests: performance RPCs that the host has served.
        alerts: alerts sent.
        regression: whether the regression flag is up.
    """

    events: int
    errors: int
    written: int
    overwritten: int
    rate_limited: int
    refused: int
    table_overflows: int
    time_monitored_ns: int
    requests: int
    alerts: int
    regression: bool


@dataclass(frozen=True, slots=True)
class CpuStatistics:
    """The exact account of one CPU's ring since its generation began.

    `events = written + rate_limited + refused` and `written = readable + overwritten`.

    Attributes:
        oldest: cursor of the oldest readable sample.
        newest: cursor behind the newest one.
    """

    cpu: int
    events: int
    written: int
    overwritten: int
    rate_limited: int
    refused: int
    readable: int
    oldest: int
    newest: int


@dataclass(frozen=True, slots=True)
class Regression:
    """The mean work time of one event against its baseline.

    Attributes:
        change_percent: change of the mean; positive is slower.
    """

    event: int
    name: str
    change_percent: float
    baseline_count: int
    baseline_mean_ns: int
    current_count: int
    current_mean_ns: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All figures of a host, read one after the other.

    Attributes:
        taken_ns: when, on this process's monotonic clock.
        events: statistics by event id, for every event that has a name.
        system: totals.
        cpus: the account of each CPU.
    """

    taken_ns: int
    events: Mapping[int, EventStatistics]
    system: SystemStatistics
    cpus: tuple[CpuStatistics, ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """What happened on a host between two snapshots.

    Attributes:
        earlier, now: the snapshots.
    """

    earlier: Snapshot
    now: Snapshot

    @property
    def seconds(self) -> float:
        """From the earlier snapshot to the later one."""
        return (self.now.taken_ns - self.earlier.taken_ns) / 1e9

    def change(self, event: int) -> EventChange:
        """What happened to one event, by its id; all of it where it is new."""
        now = self.now.events[event]
        earlier = self.earlier.events.get(event)
        return now.since(earlier or EventStatistics(event, now.name, *(0,) * 10))

    def rate(self, event: int) -> float:
        """How often one event happened, per second."""
        return self.change(event).count / self.seconds if self.seconds > 0 else 0.0
