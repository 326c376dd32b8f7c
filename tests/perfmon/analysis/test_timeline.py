# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings in buckets of time: nothing is lost in them, and they do not grow."""

from pathlib import Path

import numpy
import pytest

from perfmon.analysis.timeline import (
    BUCKETS,
    HEAT_COLUMNS,
    HEAT_STEPS,
    SLOWEST,
    Loss,
    heat_row_ticks,
    timeline,
)
from perfmon.clock import Clock
from perfmon.events import BUILTIN_NAMES
from perfmon.interface import Flag
from perfmon.recording.ctf import TraceWriter
from perfmon.recording.metadata import metadata_text
from perfmon.recording.trace import Trace, open_trace
from perfmon.samples import LAYOUT, Samples

FREQUENCY = 1_000_000_000
RECORD = [(name, f"<u{width}") for name, width in LAYOUT]


def packet(cpu: int, **fields) -> Samples:
    array = numpy.zeros(len(fields["timestamp"]), RECORD)
    for name, values in fields.items():
        array[name] = values
    array["cpu"] = cpu
    return Samples(cpu, 0, 0, 0, array.tobytes())


def written(directory: Path, *packets: tuple[Samples, int]) -> Trace:
    text = metadata_text(Clock(FREQUENCY, 0, 0, 0), BUILTIN_NAMES, {"tracer_name": "perfmon"})
    with TraceWriter(directory, text) as writer:
        for samples, discarded in packets:
            writer.write(samples, discarded)
    return open_trace(directory)


@pytest.fixture
def busy(tmp_path: Path) -> Trace:
    generator = numpy.random.default_rng(7)
    packets = []
    for cpu in (0, 1):
        for part in range(4):
            times = 10**9 + part * 10**8 + numpy.sort(generator.integers(0, 10**8, 500))
            packets.append(
                (
                    packet(
                        cpu,
                        timestamp=times,
                        event=generator.integers(0, 12, 500),
                        duration=generator.integers(0, 1 << 20, 500),
                        task=generator.integers(1, 9, 500),
                        flags=generator.choice([0, Flag.WAITED, Flag.INSTANT], 500),
                    ),
                    0,
                )
            )
    return written(tmp_path / "busy", *packets)


def test_every_sample_is_in_one_bucket_by_cpu_and_one_by_task(busy):
    found = timeline(busy, tasks=[1, 3])
    samples = list(busy.samples())
    assert found.buckets <= BUCKETS
    for by in (found.by_cpu, found.by_task):
        assert sum(map(sum, by.values())) == len(samples) == 4000
        assert {len(counts) for counts in by.values()} == {found.buckets}
    assert {task for task, _ in found.by_task} == {1, 3, None}
    of_three = sum(sum(counts) for (task, _), counts in found.by_task.items() if task == 3)
    assert of_three == sum(sample.task == 3 for sample in samples)


def test_a_sample_is_in_the_bucket_of_its_time(tmp_path):
    trace = written(
        tmp_path / "t", (packet(2, timestamp=[1000, 1000 + 10 * BUCKETS - 1], event=[3, 5]), 0)
    )
    found = timeline(trace)
    assert (found.first, found.width, found.buckets) == (1000, 10, BUCKETS)
    assert found.by_cpu[2, 3][0] == 1
    assert found.by_cpu[2, 5][-1] == 1


def test_the_heat_map_holds_every_duration_in_a_row_that_fits(busy):
    found = timeline(busy)
    timed = [s for s in busy.samples() if not s.flags & (Flag.WAITED | Flag.INSTANT)]
    assert sum(sum(heat.cells.values()) for heat in found.heat) == len(timed)
    rows = {row for heat in found.heat for _, row in heat.cells}
    assert found.heat_columns <= HEAT_COLUMNS
    assert max(column for heat in found.heat for column, _ in heat.cells) < found.heat_columns
    longest = max(sample.duration for sample in timed)
    assert heat_row_ticks(max(rows)) <= longest < heat_row_ticks(max(rows) + 1)


@pytest.mark.parametrize("ticks", [0, 1, 2, 3, 5, 8, 1000, 2**31, 2**32 - 1])
def test_a_duration_is_in_the_row_whose_bounds_hold_it(tmp_path, ticks):
    trace = written(tmp_path / "t", (packet(0, timestamp=[5], duration=[ticks], event=[2]), 0))
    ((_, row),) = timeline(trace).heat[0].cells
    assert heat_row_ticks(row) <= ticks < heat_row_ticks(row + 1)
    assert row < 33 * HEAT_STEPS


def test_the_slowest_of_each_event_are_kept_longest_first(busy):
    found = timeline(busy).slowest
    for event, kept in found.items():
        durations = sorted(
            (
                s.duration
                for s in busy.samples()
                if s.event == event and not s.flags & (Flag.WAITED | Flag.INSTANT)
            ),
            reverse=True,
        )
        assert [sample.duration for sample in kept] == durations[:SLOWEST]


def test_a_loss_lies_between_the_packets_that_it_is_missing_from(tmp_path):
    trace = written(
        tmp_path / "t",
        (packet(1, timestamp=[0, 10]), 0),
        (packet(1, timestamp=[500, 510]), 30),
        (packet(1, timestamp=[1499]), 30),
    )
    assert timeline(trace).losses == (Loss(1, 10, 510, 30),)


def test_a_trace_without_samples_has_an_empty_timeline(tmp_path):
    found = timeline(written(tmp_path / "empty"))
    assert (dict(found.by_cpu), found.heat, found.losses) == ({}, (), ())
