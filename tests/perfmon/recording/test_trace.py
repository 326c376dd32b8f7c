# SPDX-License-Identifier: GPL-2.0-or-later
"""Traces read back: all that was written, and what can be read of a trace that was cut off."""

from pathlib import Path
from random import Random

import pytest

from perfmon.recording.ctf import MAGIC, PACKET, TraceWriter
from perfmon.recording.metadata import metadata_text
from perfmon.recording.trace import TraceError, open_trace
from tests.perfmon.recording.test_babeltrace import (
    CLOCK,
    NAMES,
    batch,
    random_samples,
    read_back,
)

ENVIRONMENT = {"tracer_name": "perfmon", "hostname": 'a "host"\\', "sample_rate": 1000}


def write(directory: Path, *, packets: int = 3, count: int = 40) -> list:
    written = []
    with TraceWriter(directory, metadata_text(CLOCK, NAMES, ENVIRONMENT)) as writer:
        for cpu in (0, 1, 10):
            after = 10**9 * cpu
            for number in range(packets):
                samples = random_samples(Random(cpu * 100 + number), cpu, count, after)
                after = samples[-1].timestamp
                writer.write(batch(samples, cpu), number)
                written += samples
    return written


def test_everything_written_is_read_in_order_of_time(tmp_path: Path) -> None:
    written = write(tmp_path / "trace")
    found = list(open_trace(tmp_path / "trace").samples())
    assert found == sorted(written, key=lambda sample: sample.timestamp)
    assert found == [sample for _, sample in read_back(tmp_path / "trace")]


def test_names_environment_and_clock_are_read_back(tmp_path: Path) -> None:
    write(tmp_path / "trace")
    trace = open_trace(tmp_path / "trace")
    assert {**trace.names, **NAMES} == trace.names
    assert trace.environment == {key: str(value) for key, value in ENVIRONMENT.items()}
    assert trace.clock.ticks_per_second == CLOCK.ticks_per_second
    assert abs(trace.clock.wall_ns_at(12345) - CLOCK.wall_ns_at(12345)) <= 2
    assert [stream.name for stream in trace.streams] == ["cpu0", "cpu1", "cpu10"]


def test_the_loss_is_that_of_the_last_packet(tmp_path: Path) -> None:
    write(tmp_path / "trace", packets=4)
    trace = open_trace(tmp_path / "trace")
    assert [list(trace.packets(stream))[-1].discarded for stream in trace.streams] == [3, 3, 3]


@pytest.mark.parametrize("missing", [1, 31, 32, 40 * 32 - 1, 40 * 32, 40 * 32 + 59])
def test_a_trace_that_was_cut_off_is_read_to_its_last_whole_packet(
    tmp_path: Path, missing: int
) -> None:
    written = write(tmp_path / "trace")
    stream = tmp_path / "trace" / "cpu10"
    with stream.open("r+b") as file:
        file.truncate(stream.stat().st_size - missing)
    trace = open_trace(tmp_path / "trace")
    expected = [sample for sample in written if sample.cpu == 10][:80]
    assert [sample for sample in trace.samples() if sample.cpu == 10] == expected
    assert trace.cut_off(stream) == 40 * 32 + 60 - missing
    assert trace.cut_off(tmp_path / "trace" / "cpu0") == 0


def test_a_stream_that_holds_something_else_is_named(tmp_path: Path) -> None:
    write(tmp_path / "trace")
    (tmp_path / "trace" / "cpu1").write_bytes(bytes(1000))
    trace = open_trace(tmp_path / "trace")
    with pytest.raises(TraceError, match="cpu1: expected a packet, found something else"):
        list(trace.samples())


def test_a_packet_that_is_smaller_than_its_header_is_none(tmp_path: Path) -> None:
    write(tmp_path / "trace")
    bits = 8 * (PACKET.size - 32)
    header = PACKET.pack(MAGIC, 0, 0, 0, bits, bits, 0, 0, 1)
    (tmp_path / "trace" / "cpu1").write_bytes(header + bytes(1000))
    trace = open_trace(tmp_path / "trace")
    for read in (trace.samples, lambda: trace.spans(trace.streams[1])):
        with pytest.raises(TraceError, match="cpu1: expected a packet, found something else"):
            list(read())


def test_a_directory_without_a_trace_is_named(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="found no file named metadata"):
        open_trace(tmp_path)
    (tmp_path / "metadata").write_text("/* CTF 1.8 */ trace { major = 1; };")
    with pytest.raises(TraceError, match="expected a trace that perfmon recorded"):
        open_trace(tmp_path)
