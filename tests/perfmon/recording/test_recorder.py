# SPDX-License-Identifier: GPL-2.0-or-later
"""Recording the embedded host: everything is on disk or accounted for."""

import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import perfmon
from perfmon import Host, Start
from perfmon.interface import BUFFER_MIN, RATE_EVERY_EVENT
from perfmon.recording.recorder import Recording, record


@pytest.fixture
def host() -> Iterator[Host]:
    with perfmon.connect("embedded:") as host:
        host.disable()
        host.configure(sample_rate=RATE_EVERY_EVENT, buffer_size=8192)
        host.set_events(range(12))
        host.reset()
        yield host
        host.disable()


def babeltrace(trace: Path) -> tuple[list[str], str]:
    done = subprocess.run(
        ["babeltrace2", "--clock-cycles", "--no-delta", trace],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr


def missing(messages: str) -> int:
    return sum(int(count) for count in re.findall(r"Tracer discarded (\d+) events?", messages))


def recorded(recording: Recording) -> int:
    return sum(cpu.recorded for cpu in recording.cpus)


def test_every_field_of_the_rings_is_read_by_babeltrace(host: Host, tmp_path: Path) -> None:
    host.enable()
    host.workload.workload_memory(200, 2)
    host.disable()
    recording = record(host, tmp_path / "trace", 0.0, start=Start.OLDEST)
    lines, messages = babeltrace(tmp_path / "trace")
    found = {}
    for line in lines:
        ticks, name = re.search(r"\[(\d+)\] embedded: (\w+): ", line).groups()
        fields = {key: int(value) for key, value in re.findall(r"(\w+) = (\d+)", line)}
        assert fields.pop("cpu_id") == fields["cpu"]
        found.setdefault(fields["cpu"], []).append((int(ticks), name, fields))
    expected = {}
    for batch in host.samples():
        for sample in batch:
            fields = sample._asdict()
            row = (fields.pop("timestamp"), perfmon.Event(fields.pop("event")).name, fields)
            expected.setdefault(batch.cpu, []).append(row)
    assert found == expected
    assert recorded(recording) == len(lines) >= 400
    assert missing(messages) == 0


def test_recorded_and_missing_events_are_all_the_events_there_were(
    host: Host, tmp_path: Path
) -> None:
    host.configure(sample_rate=100, buffer_size=BUFFER_MIN)
    host.enable()
    worker = threading.Timer(0.1, host.workload.workload_memory, (3000, 1))
    worker.start()
    recording = record(host, tmp_path / "trace", 0.5)
    worker.join()
    host.disable()
    final = record(host, tmp_path / "rest", 0.0)
    events = sum(cpu.events for cpu in host.cpus())
    lines, messages = babeltrace(tmp_path / "trace")
    assert len(lines) == recorded(recording)
    assert missing(messages) == sum(cpu.lost + cpu.unsampled for cpu in recording.cpus) > 0
    assert recorded(final) == 0
    assert events - 200 < len(lines) + missing(messages) <= events


def test_samples_overwritten_before_they_were_read_are_reported(host: Host, tmp_path: Path) -> None:
    host.configure(buffer_size=BUFFER_MIN)
    host.enable()
    worker = threading.Timer(0.05, host.workload.workload_memory, (20_000, 1))
    worker.start()
    recording = record(host, tmp_path / "trace", 0.3)
    worker.join()
    lost = sum(cpu.lost for cpu in recording.cpus)
    assert lost > 0
    assert missing(babeltrace(tmp_path / "trace")[1]) == lost
