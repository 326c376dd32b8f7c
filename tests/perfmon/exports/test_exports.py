# SPDX-License-Identifier: GPL-2.0-or-later
"""Exports read again: as many records as the trace has, in its order, with its fields."""

import csv
import json
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from perfmon import Event, Flag, Sample
from perfmon.cli import main
from perfmon.recording.ctf import TraceWriter
from perfmon.recording.metadata import metadata_text
from perfmon.recording.trace import Trace, open_trace
from tests.perfmon.recording.test_babeltrace import CLOCK, batch, random_samples

NAMES = {event.value: event.name for event in Event} | {17: 'DISK "A", READ'}


def write(directory: Path, *streams: list[Sample]) -> Trace:
    environment = {"tracer_name": "perfmon", "hostname": "box:"}
    with TraceWriter(directory, metadata_text(CLOCK, NAMES, environment)) as writer:
        for samples in streams:
            writer.write(batch(samples, samples[0].cpu), 0)
    return open_trace(directory)


@pytest.fixture
def trace(tmp_path: Path) -> Trace:
    return write(
        tmp_path / "trace", *(random_samples(Random(cpu), cpu, 500, 10**9) for cpu in (0, 1, 2))
    )


def export(trace: Trace, kind: str, tmp_path: Path) -> Path:
    path = tmp_path / f"export.{kind}"
    assert main(["export", str(trace.directory), "-f", kind, "-o", str(path)]) == 0
    assert [entry.name for entry in tmp_path.glob("*.partial")] == []
    return path


def test_chrome_json_holds_every_sample_in_order(trace: Trace, tmp_path: Path) -> None:
    document = json.loads(export(trace, "chrome", tmp_path).read_text())
    samples = list(trace.samples())
    assert len(document["traceEvents"]) == len(samples) == 1500
    assert document["otherData"]["hostname"] == "box:"
    for event, sample in zip(document["traceEvents"], samples, strict=True):
        instant = bool(sample.flags & Flag.INSTANT)
        assert event["name"] == trace.names[sample.event]
        assert event["ph"] == ("i" if instant else "X")
        end = event["ts"] if instant else event["ts"] + event["dur"]
        assert end * 1000 == pytest.approx(CLOCK.ns(sample.timestamp), abs=3)
        if not instant:
            assert event["dur"] * 1000 == pytest.approx(CLOCK.ns(sample.duration), abs=2)
        assert (event["pid"], event["tid"]) == (sample.task, sample.thread)
        cpu, flags, data1, data2 = event["args"].values()
        assert (cpu, flags) == (sample.cpu, sample.flags)
        assert (data1, data2) == (sample.data1, sample.data2)


def test_csv_holds_every_field_of_every_sample_in_order(trace: Trace, tmp_path: Path) -> None:
    with export(trace, "csv", tmp_path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    samples = list(trace.samples())
    found = [Sample(*(int(row[field]) for field in Sample._fields)) for row in rows]
    assert found == samples
    assert [row["name"] for row in rows] == [trace.names[sample.event] for sample in samples]
    assert [int(row["time_ns"]) for row in rows] == [
        trace.clock.wall_ns_at(sample.timestamp) for sample in samples
    ]


def test_folded_stacks_hold_every_profile_sample(tmp_path: Path) -> None:
    random = Random(7)
    samples = [
        Sample(at, random.choice((2, 12)), 0, 0, 0, 1, random.randrange(3), 0xC0100000, at % 2)
        for at in range(400)
    ]
    trace = write(tmp_path / "trace", samples)
    lines = export(trace, "folded", tmp_path).read_text().splitlines()
    stacks = {stack: int(count) for stack, _, count in (line.rpartition(" ") for line in lines)}
    assert stacks == Counter(
        f"task 1;thread {sample.thread};{'user' if sample.data2 else 'kernel'};0xc0100000"
        for sample in samples
        if sample.event == Event.PROFILE
    )


def test_without_profile_samples_there_are_no_stacks_and_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = write(tmp_path / "trace", [Sample(1, 2, 0, 0, 0, 0, 0, 0, 0)])
    path = tmp_path / "stacks"
    assert main(["export", str(trace.directory), "-f", "folded", "-o", str(path)]) == 2
    assert "expected PROFILE samples, found none" in capsys.readouterr().err
    assert [entry.name for entry in tmp_path.iterdir()] == ["trace"]


def test_without_a_file_it_goes_to_standard_output(
    trace: Trace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(trace.directory), "-f", "csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1501
