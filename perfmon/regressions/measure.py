# SPDX-License-Identifier: GPL-2.0-or-later
"""Measuring runs of a host: by differences of its figures, so that nothing of its state is lost.

A run with a workload is bracketed by enable and disable, and its figures are read outside.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final

from perfmon.errors import PerfmonError, TransportError
from perfmon.events import Event, events_in
from perfmon.host import Host
from perfmon.info import Configuration, Interface
from perfmon.interface import BUFFER_MAX, RATE_EVERY_EVENT, Flag, Mode
from perfmon.reader import SampleReader, Start
from perfmon.regressions.environment import environment_of
from perfmon.regressions.measurement import Cost, EventRun, Measurement, Run
from perfmon.samples import Sample, Samples
from perfmon.statistics import Bucket, EventStatistics, Histogram
from perfmon.workloads import Work, workload_text

Progress = Callable[[int, int], None]
"""Told the runs done and the runs wanted."""

DEFAULT_WORKLOAD: Final = "messages:100,requests:100,memory:100:4,tasks:1,threads:3"
DEFAULT_RUNS: Final = 20
DEFAULT_PASSES: Final = 16
"""Passes over the workload in a run."""

SUMMED: Final = ("count", "errors", "waits", "timed", "total_ns")
"""Fields of EventRun that add up."""

_NOT_WORK: Final = int(Flag.WAITED | Flag.INSTANT)  # of each sample: no enum
_NOT_PLAIN: Final = Flag.ERROR | Flag.WAITED | Flag.SATURATED | Flag.MIGRATED | Flag.INSTANT


@dataclass(frozen=True, slots=True)
class Subject:
    """A host under measurement.

    Attributes:
        label: what to call it.
        host: on its privileged port, where it is to run a workload.
        prepare: done before each of its passes, outside of what is measured.
    """

    label: str
    host: Host
    prepare: Callable[[Host], None] | None = None


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over a workload: a part of a run.

    Attributes:
        elapsed_ns: by the host's clock.
        events: by event id.
        work_ns: how many calls took how long, by event, of those of which there is a sample.
        durations: of single calls in ticks, by event and detail, where they are exact.
    """

    elapsed_ns: int
    events: dict[int, EventRun]
    work_ns: dict[int, Counter[int]]
    durations: dict[tuple[int, str], Counter[int]]


@dataclass(frozen=True, slots=True)
class _Reading:
    ticks: int
    stats: dict[int, EventStatistics]
    histograms: dict[int, Histogram]


def measure_workload(
    subject: Subject,
    work: tuple[Work, ...],
    runs: int = DEFAULT_RUNS,
    passes: int = DEFAULT_PASSES,
    progress: Progress | None = None,
) -> Measurement:
    """Run a workload some times on one host.

    Raises:
        MachError: the host refused, or cannot be reached.
        WorkloadError: the host did less than it was asked for.
    """
    (measurement,) = measure_interleaved([subject], work, runs, passes, progress)
    return measurement


def measure_interleaved(
    subjects: Sequence[Subject],
    work: tuple[Work, ...],
    runs: int = DEFAULT_RUNS,
    passes: int = DEFAULT_PASSES,
    progress: Progress | None = None,
    random: Random | None = None,
) -> list[Measurement]:
    """Run a workload `runs` times on each host, interleaved.

    A run is so many passes over the workload.  The n-th run of all hosts is one block, in which
    they take turns in random order: what disturbs the machine disturbs all alike, and the test
    of `compare` rests on nothing but that order.  So it is drawn anew each time: a fixed one
    would meet what recurs at the same pass always on the same side.

    Args:
        subjects: one or more; the same host may stand for several.
        work: what a pass does.
        runs: of each subject.
        passes: of each run.
        progress: told after each block.
        random: source of the order; a new one if none is given.

    Raises:
        MachError, WorkloadError: as `measure_workload`.
    """
    random = random or Random()
    found: list[list[Run]] = [[] for _ in subjects]
    with _prepared(subjects):
        # A host that stands for several is read by one meter, which knows of all its passes.
        meters = {subject.host.address: Meter(subject.host) for subject in subjects}
        for meter in meters.values():  # what happens once and for all
            meter.measure(work)
        for done in range(runs):
            block: list[list[Pass]] = [[] for _ in subjects]
            for at in _turns(len(subjects), passes, random):
                subject = subjects[at]
                block[at].append(meters[subject.host.address].measure(work, subject.prepare))
            for at, made in enumerate(block):
                found[at].append(run_of(made))
            if progress:
                progress(done + 1, runs)
        return [
            _measurement(subject, workload_text(work), made)
            for subject, made in zip(subjects, found, strict=True)
        ]


def _turns(subjects: int, passes: int, random: Random) -> Iterator[int]:
    """Whose pass is next: every second order is the one before in reverse.

    So a machine that becomes steadily slower or faster favours nobody, and neither does who is
    first.  Each order is as likely as the one that has any two subjects exchanged.
    """
    order: list[int] = []
    for done in range(passes):
        order = order[::-1] if done % 2 else random.sample(range(subjects), subjects)
        yield from order


def passes_of(subjects: Sequence[Subject]) -> int:
    """Passes that a run takes: where instructions are counted, nothing disturbs the first."""
    exact = all(environment_of(subject.host).counts_instructions for subject in subjects)
    return 1 if exact else DEFAULT_PASSES


def measure_windows(
    subject: Subject, seconds: float, runs: int, progress: Progress | None = None
) -> Measurement:
    """Read a monitoring host's figures after each of `runs` windows of time.

    Raises:
        MachError: the host refused, or cannot be reached.
        PerfmonError: it is not monitoring.
    """
    host = subject.host
    if not host.interface().enabled:
        raise PerfmonError(f"{host.address}: monitoring is off; `perfmon enable` turns it on")
    clock = host.clock()
    found = []
    earlier = _read(host)
    for done in range(runs):
        time.sleep(seconds)
        now = _read(host)
        found.append(Run(clock.ns(now.ticks - earlier.ticks), _difference(earlier, now)))
        earlier = now
        if progress:
            progress(done + 1, runs)
    return _measurement(subject, "", found)


def measure_since_reset(subject: Subject) -> Measurement:
    """Take the host's figures since its last reset as one run, whatever was done meanwhile."""
    events = _difference(_Reading(0, {}, {}), _read(subject.host))
    monitored = subject.host.system_stats().time_monitored_ns
    return _measurement(subject, "", [Run(monitored, events)])


def _measurement(subject: Subject, workload: str, runs: Iterable[Run]) -> Measurement:
    return Measurement(
        subject.label,
        datetime.now(UTC).isoformat(timespec="seconds"),
        workload,
        environment_of(subject.host),
        tuple(runs),
        dict(subject.host.event_names()),
    )


@contextmanager
def _prepared(subjects: Sequence[Subject]) -> Iterator[None]:
    """Monitoring off between passes, and every event sampled."""
    hosts = {subject.host.address: subject.host for subject in subjects}.values()
    with ExitStack() as stack:
        for host in hosts:
            stack.callback(_restore, host, host.interface(), host.configuration())
            host.disable()
            host.set_mode(Mode.OVERWRITE)
            host.configure(sample_rate=RATE_EVERY_EVENT, buffer_size=BUFFER_MAX)
        yield


def _restore(host: Host, interface: Interface, configuration: Configuration) -> None:
    with suppress(TransportError):  # of a host that is gone, the first call says so
        host.disable()
        host.set_mode(configuration.mode)
        host.configure(sample_rate=configuration.sample_rate, buffer_size=configuration.buffer_size)
        if interface.enabled:
            host.enable()


class Meter:
    """Measures passes of one host, whose monitoring is off in between.

    What was read after a pass is what there was before the next.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._clock = host.clock()
        self._exact = environment_of(host).counts_instructions
        self._reader = SampleReader(host, Start.NOW)
        self._before = _read(host)

    def measure(
        self, work: tuple[Work, ...], prepare: Callable[[Host], None] | None = None
    ) -> Pass:
        """Do the work once.

        Raises:
            MachError: the host refused, or cannot be reached.
            PerfmonError: samples of single calls were lost where they are exact.
            WorkloadError: the host did less.
        """
        host, server = self._host, self._host.workload
        if prepare:
            prepare(host)
        host.enable()
        try:
            begin = host.clock().ticks_now
            for one in work:
                one.run(server)
            end = host.clock().ticks_now
        finally:
            with suppress(TransportError):  # of a host that is gone, the first call says so
                host.disable()
        now = _read(host)
        events = _difference(self._before, now)
        self._before = now
        batches = list(self._reader.read())
        durations = _durations(self._all(batches)) if self._exact else {}
        return Pass(self._clock.ns(end - begin), events, self._work_times(batches), durations)

    def _work_times(self, batches: Iterable[Samples]) -> dict[int, Counter[int]]:
        """Of the calls whose time statistics take for work."""
        ticks: Counter[tuple[int, int]] = Counter()
        for batch in batches:
            columns = (batch.column(name) for name in ("event", "flags", "duration"))
            ticks.update(
                (event, duration)
                for event, flags, duration in zip(*columns, strict=True)
                if not flags & _NOT_WORK
            )
        found: dict[int, Counter[int]] = {}
        for (event, duration), calls in ticks.items():
            found.setdefault(event, Counter())[self._clock.ns(duration)] += calls
        return found

    def _all(self, batches: Iterable[Samples]) -> Iterator[Sample]:
        for batch in batches:
            yield from batch
        if lost := sum(self._reader.lost.values()):
            raise PerfmonError(
                f"{lost} samples were overwritten within a pass: a smaller workload leaves them "
                f"readable (at most {BUFFER_MAX} samples per CPU)"
            )


def run_of(passes: Sequence[Pass]) -> Run:
    """The passes of a run, added up."""
    events = {event for one in passes for event in one.events}
    costs: dict[tuple[int, str], Counter[int]] = {}
    for one in passes:
        for kind, counts in one.durations.items():
            costs.setdefault(kind, Counter()).update(counts)
    return Run(
        sum(one.elapsed_ns for one in passes),
        {
            event: _add(
                [one.events[event] for one in passes if event in one.events],
                [one.work_ns[event] for one in passes if event in one.work_ns],
            )
            for event in sorted(events)
        },
        _costs(costs),
    )


def _add(parts: Sequence[EventRun], work_ns: Iterable[Counter[int]]) -> EventRun:
    buckets: Counter[tuple[int, int | None]] = Counter()
    for part in parts:
        for bucket in part.buckets:
            buckets[bucket.lower_ns, bucket.upper_ns] += bucket.count
    count, errors, waits, timed, total_ns = (
        sum(getattr(part, name) for part in parts) for name in SUMMED
    )
    return EventRun(
        *(count, errors, waits, timed, total_ns),
        _typical(work_ns) or (total_ns / timed if timed else 0.0),
        tuple(
            Bucket(*bounds, buckets[bounds])
            for bounds in sorted(buckets, key=lambda bounds: bounds[0])
        ),
    )


def _typical(work_ns: Iterable[Counter[int]]) -> float:
    """Mean of the quicker three quarters of the calls; 0 of none."""
    calls: Counter[int] = Counter()
    for one in work_ns:
        calls.update(one)
    quicker = left = -(-3 * calls.total() // 4)
    total = 0
    for ns, count in sorted(calls.items()):
        total += ns * min(count, left)
        left -= min(count, left)
    return total / quicker if quicker else 0.0


def _durations(samples: Iterable[Sample]) -> dict[tuple[int, str], Counter[int]]:
    """How often calls of each kind took how many ticks, of those that simply ran."""
    found: dict[tuple[int, str], Counter[int]] = {}
    for sample in samples:
        if not sample.flags & _NOT_PLAIN and sample.event != Event.CONTEXT_SWITCH:
            found.setdefault((sample.event, _detail(sample)), Counter())[sample.duration] += 1
    return found


def _costs(durations: dict[tuple[int, str], Counter[int]]) -> tuple[Cost, ...]:
    found = []
    for kind, counts in sorted(durations.items()):
        most = max(counts.values())
        typical = min(ticks for ticks, times in counts.items() if times == most)
        found.append(Cost(*kind, sum(counts.values()), min(counts), typical))
    return tuple(found)


def _detail(sample: Sample) -> str:
    match sample.event:
        case Event.IPC_SEND | Event.IPC_RECEIVE:
            return f"message {sample.data1}, {sample.data2} bytes"
        case Event.VM_ALLOC | Event.VM_FREE:
            return f"{sample.data2} bytes"
        case Event.INTERRUPT:
            return f"irq {sample.data1}"
        case Event.SYSCALL:
            return f"trap {sample.data1}"
        case Event.PAGE_FAULT:
            return f"protection {sample.data2}"
    return ""


def _read(host: Host) -> _Reading:
    interface = host.interface()
    stats = {event: host.stats(event) for event in events_in(interface.events & interface.hooked)}
    histograms = {event: host.histogram(event) for event, found in stats.items() if found.timed}
    return _Reading(host.clock().ticks_now, stats, histograms)


def _difference(before: _Reading, after: _Reading) -> dict[int, EventRun]:
    events = {}
    for event, now in after.stats.items():
        earlier = before.stats.get(event)
        change = now.since(earlier) if earlier else now
        if change.count:
            nothing = Histogram(event, now.name, ())
            total = after.histograms.get(event, nothing)
            events[event] = EventRun(
                *(change.count, change.errors, change.waits, change.timed, change.total_ns),
                change.total_ns / change.timed if change.timed else 0.0,
                total.since(before.histograms.get(event, nothing)).buckets,
            )
    return events
