# SPDX-License-Identifier: GPL-2.0-or-later
"""From what was read of hosts to Prometheus' metrics.

Names and units are Prometheus' own conventions: seconds, `_total` for what only grows.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from perfmon.analysis.anomalies import Anomaly, AnomalyDetector
from perfmon.exporter.target import Reading, Scrape, Target, scrape_all
from perfmon.statistics import Histogram, Snapshot

BOUNDS_NS: Final = tuple(
    digit * 10**power
    for power in range(2, 11)
    for digit in (1, 2, 5)
    if digit * 10**power <= 10**10
)
"""Upper bounds of the exported buckets: 100 ns to 10 s, three to a decade."""

_NS: Final = 1e-9


class Collector:
    """Reads all hosts whenever Prometheus asks."""

    def __init__(self, targets: Sequence[Target], patience: float) -> None:
        """Make a collector.

        Args:
            targets: the hosts.
            patience: seconds after which a host that has not answered counts as gone.
        """
        self._targets = targets
        self._patience = patience
        self._watch = Watch()

    def collect(self) -> Iterable[Metric]:
        """The metrics of all hosts, read now."""
        scrapes = scrape_all(self._targets, self._patience)
        return [*metrics(scrapes), self._watch.metric(scrapes)]


class Watch:
    """Holds each scrape of a host against those before it (perfmon.analysis.anomalies)."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()  # scrapes of two servers may meet
        self._detectors: dict[str, AnomalyDetector] = {}
        self._before: dict[str, Snapshot] = {}

    def metric(self, scrapes: Sequence[Scrape]) -> Metric:
        """How far the events lie outside that have left their recent behaviour."""
        gauge = GaugeMetricFamily(
            "perfmon_event_anomaly",
            "Deviations by which the rate or the latency of an event lies outside its recent "
            "behaviour; absent while it does not.",
            labels=["host", "event", "quantity"],
        )
        with self._mutex:
            for scrape in scrapes:
                if scrape.reading:
                    for anomaly in self._observe(scrape.address, scrape.reading):
                        where = [scrape.address, anomaly.name, anomaly.quantity]
                        gauge.add_metric(where, anomaly.deviations)
        return gauge

    def _observe(self, address: str, reading: Reading) -> list[Anomaly]:
        now = reading.snapshot
        before, self._before[address] = self._before.get(address, now), now
        detector = self._detectors.setdefault(address, AnomalyDetector())
        return detector.observe(now, before, reading.work)


def metrics(scrapes: Sequence[Scrape]) -> Iterator[Metric]:
    """The metrics of these readings; of a host that is gone, only that it is."""
    up = GaugeMetricFamily("perfmon_up", "Whether the host could be read.", labels=["host"])
    took = GaugeMetricFamily(
        "perfmon_scrape_duration_seconds", "How long reading the host took.", labels=["host"]
    )
    for scrape in scrapes:
        up.add_metric([scrape.address], float(scrape.reading is not None))
        took.add_metric([scrape.address], scrape.seconds)
    yield from (up, took)
    readings = [(scrape.address, scrape.reading) for scrape in scrapes if scrape.reading]
    yield from _host_metrics(readings)
    yield from _cpu_metrics(readings)
    yield from _event_metrics(readings)


_Readings = Sequence[tuple[str, Reading]]
_Figures = Sequence[tuple[str, str, Callable[[Reading], float]]]


def _host_metrics(readings: _Readings) -> Iterator[Metric]:
    gauges: _Figures = (
        ("monitoring", "Whether monitoring is on.", lambda r: r.interface.enabled),
        ("sample_rate", "Samples per second and CPU; 0: every event.",
         lambda r: r.configuration.sample_rate),
        ("buffer_samples", "Samples that the buffer of a CPU holds.",
         lambda r: r.configuration.buffer_size),
        ("regression", "Whether the host's regression flag is up.",
         lambda r: r.snapshot.system.regression),
    )  # fmt: skip
    counters: _Figures = (
        ("monitored_seconds", "How long monitoring has been on.",
         lambda r: r.snapshot.system.time_monitored_ns * _NS),
        ("requests", "Performance RPCs that the host has served.",
         lambda r: r.snapshot.system.requests),
        ("alerts", "Alerts that the host has sent.", lambda r: r.snapshot.system.alerts),
        ("table_overflows", "Tasks and threads that found no small id.",
         lambda r: r.snapshot.system.table_overflows),
    )  # fmt: skip
    for name, text, value in gauges:
        gauge = GaugeMetricFamily(f"perfmon_{name}", text, labels=["host"])
        for address, reading in readings:
            gauge.add_metric([address], float(value(reading)))
        yield gauge
    for name, text, value in counters:
        counter = CounterMetricFamily(f"perfmon_{name}", text, labels=["host"])
        for address, reading in readings:
            counter.add_metric([address], float(value(reading)))
        yield counter


def _cpu_metrics(readings: _Readings) -> Iterator[Metric]:
    labels = ["host", "cpu"]
    events = CounterMetricFamily("perfmon_cpu_events", "Events of a CPU.", labels=labels)
    written = CounterMetricFamily(
        "perfmon_samples_written", "Samples that reached the buffer of a CPU.", labels=labels
    )
    lost = CounterMetricFamily(
        "perfmon_samples_lost",
        "Events of a CPU without a sample (rate_limited, refused), and samples that newer ones "
        "have replaced (overwritten).",
        labels=[*labels, "reason"],
    )
    for address, reading in readings:
        for cpu in reading.snapshot.cpus:
            where = [address, str(cpu.cpu)]
            events.add_metric(where, cpu.events)
            written.add_metric(where, cpu.written)
            for reason in ("overwritten", "rate_limited", "refused"):
                lost.add_metric([*where, reason], getattr(cpu, reason))
    yield from (events, written, lost)


def _event_metrics(readings: _Readings) -> Iterator[Metric]:
    labels = ["host", "event"]
    count = CounterMetricFamily("perfmon_events", "How often an event happened.", labels=labels)
    errors = CounterMetricFamily("perfmon_event_errors", "Events that failed.", labels=labels)
    work = HistogramMetricFamily(
        "perfmon_event_duration_seconds", "Work of events, without waiting.", labels=labels
    )
    waits = HistogramMetricFamily(
        "perfmon_event_wait_seconds", "Events that blocked, from begin to end.", labels=labels
    )
    for address, reading in readings:
        for stats in reading.snapshot.events.values():
            where = [address, stats.name]
            count.add_metric(where, stats.count)
            errors.add_metric(where, stats.errors)
            for family, histograms, total in (
                (work, reading.work, stats.total_ns),
                (waits, reading.waits, stats.wait_total_ns),
            ):
                if histogram := histograms.get(stats.event):
                    family.add_metric(where, cumulative(histogram), total * _NS)
    yield from (count, errors, work, waits)


def cumulative(histogram: Histogram) -> list[tuple[str, float]]:
    """Prometheus' buckets of a histogram: what is surely not above a bound counts below it."""
    counts = [0] * (len(BOUNDS_NS) + 1)
    for bucket in histogram.buckets:
        # The host's bound is the first duration that is not in its bucket.
        at = len(BOUNDS_NS) if bucket.upper_ns is None else bisect_left(BOUNDS_NS, bucket.upper_ns)
        counts[at] += bucket.count
    bounds = [*(f"{bound * _NS:.10g}" for bound in BOUNDS_NS), "+Inf"]
    return list(zip(bounds, map(float, accumulate(counts)), strict=True))
