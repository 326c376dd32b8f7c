# SPDX-License-Identifier: GPL-2.0-or-later
"""Samples of a trace as arrays, in order of time."""

import tempfile
from pathlib import Path

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfmon.clock import Clock
from perfmon.recording.ctf import TraceWriter
from perfmon.recording.merge import merged_arrays, nanoseconds
from perfmon.recording.metadata import metadata_text
from perfmon.recording.trace import open_trace
from perfmon.samples import Sample
from tests.perfmon.recording.test_babeltrace import CLOCK, NAMES, batch

# For each CPU, the sizes of its packets and the distances of its samples: many of one moment.
STREAMS = st.lists(
    st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), max_size=4), max_size=4
)


@settings(max_examples=60, deadline=None)
@given(STREAMS)
def test_arrays_hold_the_samples_in_the_order_of_samples(streams: list[list[list[int]]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name) / "trace"
        environment = {"tracer_name": "perfmon"}
        with TraceWriter(directory, metadata_text(CLOCK, NAMES, environment)) as writer:
            for cpu, packets in enumerate(streams):
                now = number = 0
                for steps in packets:
                    samples = []
                    for step in steps:
                        now, number = now + step, number + 1
                        samples.append(Sample(now, 2, cpu, 0, 1, 2, 3, number, 5))
                    writer.write(batch(samples, cpu), 0)
                if not packets:
                    writer.write_loss(cpu, 5, 3)
        trace = open_trace(directory)
        found = [Sample(*row) for array in merged_arrays(trace) for row in array.tolist()]
        assert found == list(trace.samples())


@pytest.mark.parametrize("frequency", [1, 1000, 999_983, 1_000_000_000, 2_900_000_000, 10**10])
def test_nanoseconds_are_the_clocks_whatever_its_frequency(frequency: int) -> None:
    clock = Clock(frequency, 0, 0, 0)
    ticks = [0, 1, frequency - 1, frequency, 2**32 - 1, frequency * 86400 * 100 + 7]
    found = nanoseconds(clock, numpy.array(ticks, "u8")).tolist()
    assert found == [clock.ns(value) for value in ticks]
