# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of a recording against those of a slow and simple count."""

import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from perfmon import Flag, Sample
from perfmon.analysis.report import _BINS, _lower, analyse
from perfmon.errors import MissingExtraError
from perfmon.recording.ctf import TraceWriter
from perfmon.recording.metadata import metadata_text
from perfmon.recording.trace import open_trace
from tests.perfmon.recording.test_babeltrace import CLOCK, NAMES, batch

ENVIRONMENT = {"tracer_name": "perfmon", "hostname": "box:"}


def write(directory: Path, *batches: list[Sample]) -> Path:
    with TraceWriter(directory, metadata_text(CLOCK, NAMES, ENVIRONMENT)) as writer:
        for samples in batches:
            writer.write(batch(samples, samples[0].cpu), 5 * (samples[0].cpu + 1))
    return directory


def some(random: Random, cpu: int, count: int) -> list[Sample]:
    return [
        Sample(
            timestamp=1000 + 7 * at,
            event=random.choice((2, 3, 17)),
            cpu=cpu,
            flags=random.choice((0, 0, 0, Flag.ERROR, Flag.WAITED, Flag.INSTANT)),
            duration=int(random.lognormvariate(9, 2)) % 2**32,
            task=random.choice((0, 1, 5)),
            thread=random.randrange(40),
            data1=0,
            data2=0,
        )
        for at in range(count)
    ]


def test_figures_are_those_of_a_simple_count(tmp_path: Path) -> None:
    random = Random(5)
    samples = [some(random, cpu, 3000) for cpu in (0, 1)]
    report = analyse(open_trace(write(tmp_path / "trace", *samples)))
    every = [*samples[0], *samples[1]]
    assert (report.count, report.host) == (6000, "box:")
    assert report.span_ns == CLOCK.ns(2999 * 7)
    assert [cpu.discarded for cpu in report.cpus] == [5, 10]
    assert [event.name for event in report.events] == ["VM_ALLOC", "VM_FREE", "DISK_READ"]
    for event in report.events:
        of_it = [sample for sample in every if sample.event == event.event]
        timed = sorted(s.duration for s in of_it if not s.flags & (Flag.WAITED | Flag.INSTANT))
        assert event.count == len(of_it)
        assert event.errors == sum(bool(sample.flags & Flag.ERROR) for sample in of_it)
        assert event.waits == sum(bool(sample.flags & Flag.WAITED) for sample in of_it)
        assert event.timed == len(timed) == report.histograms[event.event].count
        assert event.total_ns == CLOCK.ns(sum(timed))
        assert (event.min_ns, event.max_ns) == (CLOCK.ns(timed[0]), CLOCK.ns(timed[-1]))
        assert event.mean_ns == event.total_ns // len(timed)
        for percent, found in ((50, event.p50_ns), (90, event.p90_ns), (99, event.p99_ns)):
            exact = CLOCK.ns(timed[len(timed) * percent // 100])
            assert found == pytest.approx(exact, rel=0.07)


def test_time_and_counts_go_to_tasks_and_threads(tmp_path: Path) -> None:
    samples = some(Random(6), 0, 2000)
    report = analyse(open_trace(write(tmp_path / "trace", samples)))
    for owners, field in ((report.tasks, "task"), (report.threads, "thread")):
        counts, ticks = defaultdict(int), defaultdict(int)
        for sample in samples:
            counts[getattr(sample, field)] += 1
            if not sample.flags & (Flag.WAITED | Flag.INSTANT):
                ticks[getattr(sample, field)] += sample.duration
        assert {owner.id: owner.count for owner in owners} == counts
        assert {owner.id: owner.total_ns for owner in owners} == {
            owner: CLOCK.ns(total) for owner, total in ticks.items()
        }
        assert [o.total_ns for o in owners] == sorted((o.total_ns for o in owners), reverse=True)


@pytest.mark.parametrize("duration", [0, 1, 2, 15, 16, 17, 1000, 2**31, 2**32 - 1])
def test_every_duration_falls_between_the_bounds_of_its_bucket(
    tmp_path: Path, duration: int
) -> None:
    sample = Sample(10**12, 2, 0, 0, duration, 1, 1, 0, 0)
    report = analyse(open_trace(write(tmp_path / "trace", [sample])))
    (bucket,) = report.histograms[2].buckets
    assert bucket.lower_ns <= CLOCK.ns(duration) <= bucket.upper_ns
    assert bucket.upper_ns - bucket.lower_ns <= CLOCK.ns(duration) / 16 + 1


def test_bounds_of_buckets_never_go_back() -> None:
    assert all(low <= high for low, high in pairwise(map(_lower, range(_BINS + 1))))


def test_an_empty_trace_has_no_figures(tmp_path: Path) -> None:
    TraceWriter(tmp_path / "trace", metadata_text(CLOCK, NAMES, ENVIRONMENT)).close()
    report = analyse(open_trace(tmp_path / "trace"))
    assert (report.count, report.span_ns, report.events, report.cpus) == (0, 0, (), ())


def test_without_numpy_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = open_trace(write(tmp_path / "trace", some(Random(1), 0, 1)))
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(MissingExtraError, match=r"perfmon\[arrays\]"):
        analyse(trace)
