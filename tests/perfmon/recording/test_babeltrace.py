# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings as babeltrace2 reads them: every field of every record, order, names and loss."""

import os
import re
import struct
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

import perfmon.samples as samples_module
from perfmon.clock import Clock
from perfmon.events import BUILTIN_NAMES, event_name
from perfmon.recording.ctf import RecordingError, TraceWriter
from perfmon.recording.metadata import metadata_text
from perfmon.samples import Sample, Samples

CLOCK = Clock(
    ticks_per_second=3_000_000_000,
    ticks_now=9_000_000_000,
    boot_ticks=0,
    wall_ns=1_700_000_000_250_000_000,
)
NAMES = {**BUILTIN_NAMES, 17: "DISK_READ"}


def babeltrace(*arguments: str | Path) -> tuple[str, str]:
    done = subprocess.run(
        ["babeltrace2", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def read_back(trace: Path) -> list[tuple[str, Sample]]:
    """Name and every field of each record, in babeltrace2's order; nothing of ours parses it."""
    lines, _ = babeltrace("--clock-cycles", "--no-delta", trace)
    pattern = re.compile(r"\[(\d+)\] (?:.+ )?(\w+): \{ cpu_id = (\d+) \}, \{ (.*) \}")
    records = []
    for line in lines.splitlines():
        matched = pattern.fullmatch(line)
        assert matched, line
        ticks, name, cpu_id, rest = matched.groups()
        fields = {key: int(value, 0) for key, value in re.findall(r"(\w+) = (\w+)", rest)}
        assert fields["cpu"] == int(cpu_id)
        ids = {event_name(event, NAMES): event for event in range(64)}
        records.append((name, Sample(timestamp=int(ticks), event=ids[name], **fields)))
    return records


def random_samples(random: Random, cpu: int, count: int, after: int) -> list[Sample]:
    samples = []
    for _ in range(count):
        after += random.choice((0, 1, 1000, 10**6))
        words = [random.choice((0, 1, 2**32 - 1, random.getrandbits(32))) for _ in range(5)]
        samples.append(Sample(after, random.randrange(64), cpu, random.getrandbits(16), *words))
    return samples


def batch(samples: list[Sample], cpu: int, lost: int = 0) -> Samples:
    data = b"".join(struct.pack("<QBBHIIIII", *sample) for sample in samples)
    return Samples(cpu, 0, len(samples) + lost, lost, data)


def write(trace: Path, batches: list[tuple[list[Sample], int, int]]) -> None:
    with TraceWriter(trace, metadata_text(CLOCK, NAMES, {"hostname": 'a "host"\\'})) as writer:
        for samples, cpu, discarded in batches:
            writer.write(batch(samples, cpu), discarded)


def test_every_field_of_every_record_is_read_as_it_was_recorded(tmp_path: Path) -> None:
    random = Random(2072)
    expected: list[Sample] = []
    batches = []
    for cpu in (0, 1, 7):
        after = 5_000_000_000
        for count in (1, 500, 64):
            samples = random_samples(random, cpu, count, after)
            after = samples[-1].timestamp
            expected += samples
            batches.append((samples, cpu, 0))
    write(tmp_path / "trace", batches)
    found = read_back(tmp_path / "trace")
    assert len(found) == len(expected)
    assert all(name == event_name(sample.event, NAMES) for name, sample in found)
    for cpu in (0, 1, 7):
        assert [s for _, s in found if s.cpu == cpu] == [s for s in expected if s.cpu == cpu]


def test_wall_clock_time_is_that_of_the_hosts_clock(tmp_path: Path) -> None:
    at = CLOCK.ticks_now + CLOCK.ticks_per_second // 2
    write(tmp_path / "trace", [([Sample(at, 2, 0, 0, 0, 0, 0, 0, 0)], 0, 0)])
    line, _ = babeltrace("--clock-seconds", "--no-delta", tmp_path / "trace")
    assert line.startswith("[1700000000.750000000] ")


def test_loss_is_reported_with_its_count(tmp_path: Path) -> None:
    early, late = random_samples(Random(1), 3, 4, 0), random_samples(Random(2), 3, 4, 10**9)
    write(tmp_path / "trace", [(early, 3, 0), (late, 3, 41)])
    _, messages = babeltrace(tmp_path / "trace")
    assert "Tracer discarded 41 events" in messages


def test_loss_before_the_first_sample_is_reported_too(tmp_path: Path) -> None:
    write(tmp_path / "trace", [(random_samples(Random(1), 3, 4, 0), 3, 17)])
    lines, messages = babeltrace(tmp_path / "trace")
    assert len(lines.splitlines()) == 4
    assert "Tracer discarded 17 events" in messages


def test_loss_behind_the_last_sample_is_reported_too(tmp_path: Path) -> None:
    samples = random_samples(Random(3), 0, 4, 0)
    with TraceWriter(tmp_path / "trace", metadata_text(CLOCK, NAMES, {})) as writer:
        writer.write(batch(samples, 0), 0)
        writer.write_loss(0, samples[-1].timestamp + 5, 9)
    lines, messages = babeltrace(tmp_path / "trace")
    assert len(lines.splitlines()) == 4
    assert "Tracer discarded 9 events" in messages


@pytest.mark.parametrize("arrays", [True, False], ids=["numpy", "no numpy"])
def test_time_stands_still_in_a_trace_until_a_clock_that_was_set_back_has_come_there_again(
    arrays: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not arrays:
        monkeypatch.setitem(sys.modules, "numpy", None)
        samples_module._numpy.cache_clear()
    times = ([100, 200, 150, 210], [180, 190], [205, 300], [301, 302])
    batches = [[Sample(time, 2, 0, 0, 0, 0, 0, time, 0) for time in each] for each in times]
    with TraceWriter(tmp_path / "trace", metadata_text(CLOCK, NAMES, {})) as writer:
        for each in batches[:2]:
            writer.write(batch(each, 0), 0)
        writer.write_loss(0, 195, 3)
        for each in batches[2:]:
            writer.write(batch(each, 0), 3)
    found = [sample for _, sample in read_back(tmp_path / "trace")]
    assert [s.timestamp for s in found] == [100, 200, 200, 210, 210, 210, 210, 300, 301, 302]
    assert [s.data1 for s in found] == [time for each in times for time in each]
    samples_module._numpy.cache_clear()


def test_a_directory_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    with pytest.raises(RecordingError, match="expected a new or an empty directory"):
        TraceWriter(tmp_path, "")
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_a_full_disk_ends_the_trace_behind_a_whole_packet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = random_samples(Random(4), 0, 8, 0)
    trace = tmp_path / "trace"
    with TraceWriter(trace, metadata_text(CLOCK, NAMES, {})) as writer:
        writer.write(batch(samples[:4], 0), 0)
        monkeypatch.setattr(
            "perfmon.recording.ctf.os.writev", lambda file, parts: os.write(file, parts[0])
        )
        with pytest.raises(OSError, match="No space left"):
            writer.write(batch(samples[4:], 0), 0)
    assert [sample for _, sample in read_back(trace)] == samples[:4]
