# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads a host again and again and turns what changed into figures.  Pure Python, no screen."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Mapping
from typing import Final, Protocol

from perfmon.alerts import Alerts
from perfmon.analysis.anomalies import AnomalyDetector, Quantity
from perfmon.errors import ConnectError, KernNotSupported, KernReturnError, MigBadId
from perfmon.events import event_name
from perfmon.host import Host
from perfmon.interface import NameKind
from perfmon.live.figures import AlertLine, CpuFigures, EventFigures, HostFigures, TaskFigures
from perfmon.reader import SampleReader, Start
from perfmon.statistics import CpuStatistics, EventStatistics, Histogram, Snapshot

HISTORY: Final = 240
"""Rates that are kept of an event."""
ALERTS: Final = 100
"""Alerts that are kept of a host."""
_PATIENCE: Final = 0.001
"""Seconds that a reading waits for alerts: they lie there, or come by the next reading."""


class Source(Protocol):
    """Where a view's figures come from."""

    @property
    def address(self) -> str:
        """The host's."""

    def read(self) -> HostFigures:
        """What changed since the last call; MachError or OSError when the host is gone."""

    def close(self) -> None:
        """Let go of the host."""


class HostSource:
    """The figures of a connected host."""

    def __init__(self, host: Host) -> None:
        """Take over a host, which is closed with this, or when this fails.

        Raises:
            MachError: the host refused, or cannot be reached.
        """
        self._host = host
        self._before: Snapshot | None = None
        self._histograms: dict[int, Histogram] = {}
        self._histories: dict[int, deque[float]] = {}
        self._names: Mapping[int, str] = {}
        try:
            self._samples = SampleReader(host, Start.NOW) if host.privileged else None
            self._alerts = _ask_for_alerts(host)
        except BaseException:
            host.close()
            raise
        self._heard: deque[AlertLine] = deque(maxlen=ALERTS)
        self._detector = AnomalyDetector()
        self._unusual: set[tuple[int, Quantity]] = set()

    @property
    def address(self) -> str:
        """See Source."""
        return self._host.address

    def close(self) -> None:
        """See Source."""
        try:
            if self._alerts:
                self._alerts.close()
        finally:
            self._host.close()

    def read(self) -> HostFigures:
        """See Source."""
        interface, configuration = self._host.interface(), self._host.configuration()
        now = self._host.snapshot()
        before = self._before or now
        seconds = (now.taken_ns - before.taken_ns) / 1e9
        events = tuple(
            self._event(stats, before.events.get(event, stats), seconds)
            for event, stats in now.events.items()
            if interface.hooked >> event & 1
        )
        tasks, samples, lost = self._tasks(seconds)
        self._notice(now, before)
        self._before = now
        return HostFigures(
            address=self.address,
            taken_ns=now.taken_ns,
            seconds=seconds,
            interface=interface,
            configuration=configuration,
            system=now.system,
            events=events,
            cpus=_cpus(now.cpus, before.cpus, seconds),
            tasks=tasks,
            samples=samples,
            lost=lost,
            alerts=self._listen(),
            note="" if self._samples else "samples take the privileged host port",
        )

    def _event(
        self, stats: EventStatistics, before: EventStatistics, seconds: float
    ) -> EventFigures:
        change = stats.since(before)
        nothing = Histogram(stats.event, stats.name, ())
        total = earlier = self._histograms.get(stats.event, nothing)
        if change.timed or stats.timed != earlier.count:
            total = self._host.histogram(stats.event) if stats.timed else nothing
        self._histograms[stats.event] = total
        recent = total.since(earlier) if seconds else nothing
        history = self._histories.setdefault(stats.event, deque(maxlen=HISTORY))
        if seconds:
            history.append(change.count / seconds)
        return EventFigures(
            event=stats.event,
            name=stats.name,
            rate=_per_second(change.count, seconds),
            errors=_per_second(change.errors, seconds),
            waits=_per_second(change.waits, seconds),
            mean_ns=change.mean_ns if change.timed and recent.buckets else None,
            p50_ns=_at_most(recent.p50, stats),
            p90_ns=_at_most(recent.p90, stats),
            p99_ns=_at_most(recent.p99, stats),
            max_ns=_at_most(recent.percentile(100), stats),
            count=stats.count,
            history=tuple(history),
            recent=recent,
            total=total,
        )

    def _tasks(self, seconds: float) -> tuple[tuple[TaskFigures, ...], int, int]:
        """Figures of tasks, and how many samples they come from, and how many are missing."""
        if self._samples is None:
            return (), 0, 0
        found: Counter[tuple[int, int]] = Counter()
        lost = 0
        for batch in self._samples.read():
            found.update(zip(batch.column("task"), batch.column("event"), strict=True))
            lost += batch.lost
        per_task: Counter[int] = Counter()
        for (task, _), count in found.items():
            per_task[task] += count
        if per_task.keys() - self._names.keys() - {0}:
            self._names = {0: "(no task)", **self._ask_names()}
        total = sum(per_task.values()) if seconds else 0
        if not total:
            return (), 0, lost
        mostly = {task: event for (task, event), _ in reversed(found.most_common())}
        events = self._host.event_names()
        tasks = tuple(
            TaskFigures(
                task,
                self._names.get(task, ""),
                _per_second(count, seconds),
                100 * count / total,
                event_name(mostly[task], events),
            )
            for task, count in per_task.most_common()
        )
        return tasks, total, lost

    def _listen(self) -> tuple[AlertLine, ...]:
        try:
            for alert in self._alerts or ():
                self._tell(f"{alert.name} {alert.describe()}")
        except KernReturnError:  # others have our place: there are as many as can be
            alerts, self._alerts = self._alerts, None
            if alerts:
                alerts.close()
        return tuple(self._heard)

    def _notice(self, now: Snapshot, before: Snapshot) -> None:
        """Tell what leaves its recent behaviour, when it does and not as long as it stays away."""
        anomalies = self._detector.observe(now, before, self._histograms)
        for anomaly in anomalies:
            if (anomaly.event, anomaly.quantity) not in self._unusual:
                self._tell(anomaly.describe())
        self._unusual = {(anomaly.event, anomaly.quantity) for anomaly in anomalies}

    def _tell(self, text: str) -> None:
        self._heard.appendleft(AlertLine(time.strftime("%H:%M:%S"), text))

    def _ask_names(self) -> dict[int, str]:
        try:
            return {name.id: name.name for name in self._host.names(NameKind.TASKS)}
        except KernNotSupported:
            return {}


def _ask_for_alerts(host: Host) -> Alerts | None:
    """The host's alerts; None where it has none to give, to this port or by this way."""
    try:
        return host.alerts(timeout=_PATIENCE)
    except (KernReturnError, MigBadId, ConnectError):
        return None


def _cpus(
    now: tuple[CpuStatistics, ...], before: tuple[CpuStatistics, ...], seconds: float
) -> tuple[CpuFigures, ...]:
    def per_second(later: int, sooner: int) -> float:
        # A reset in between begins a new account.
        return _per_second(max(0, later - sooner), seconds)

    return tuple(
        CpuFigures(
            cpu=cpu.cpu,
            events=per_second(cpu.events, earlier.events),
            written=per_second(cpu.written, earlier.written),
            overwritten=per_second(cpu.overwritten, earlier.overwritten),
            rate_limited=per_second(cpu.rate_limited, earlier.rate_limited),
            refused=per_second(cpu.refused, earlier.refused),
            total=cpu,
        )
        for cpu, earlier in zip(now, before, strict=True)
    )


def _per_second(count: int, seconds: float) -> float:
    return count / seconds if seconds else 0.0


def _at_most(ns: int | None, stats: EventStatistics) -> int | None:
    """Interpolation may leave what was ever measured."""
    return None if ns is None else min(ns, stats.max_ns)
