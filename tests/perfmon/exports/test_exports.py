# SPDX-License-Identifier: GPL-2.0-or-later
"""Exports read again: as many records as the trace has, in its order, with its fields."""

import csv
import json
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as proto
from pyarrow import parquet

from perfmon import Event, Flag, Sample
from perfmon.cli import main
from perfmon.recording.ctf import TraceWriter
from perfmon.recording.metadata import metadata_text
from perfmon.recording.trace import Trace, open_trace
from tests.perfmon.recording.test_babeltrace import CLOCK, batch, random_samples

NAMES = {event.value: event.name for event in Event} | {17: 'DISK "A", READ'}


def write(directory: Path, *streams: list[Sample], **environment: str) -> Trace:
    environment |= {"tracer_name": "perfmon", "hostname": "box:"}
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


def test_tasks_have_their_names_in_chrome_and_perfetto(tmp_path: Path) -> None:
    samples = random_samples(Random(1), 0, 100, 10**9)
    samples = [sample._replace(task=1 + at % 2) for at, sample in enumerate(samples)]
    trace = write(tmp_path / "trace", samples, task_1='the "kernel"')
    events = json.loads(export(trace, "chrome", tmp_path).read_text())["traceEvents"]
    assert [event for event in events if event["ph"] == "M"] == [
        {"name": "process_name", "ph": "M", "pid": 1, "args": {"name": 'the "kernel"'}}
    ]
    document = proto.Trace.FromString(export(trace, "perfetto", tmp_path).read_bytes())
    processes = (packet.track_descriptor.process for packet in document.packet)
    assert {process.pid: process.process_name for process in processes if process.pid} == {
        1: 'the "kernel"',
        2: "task 2",
    }


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


def test_parquet_holds_every_field_of_every_sample_in_order(trace: Trace, tmp_path: Path) -> None:
    table = parquet.read_table(export(trace, "parquet", tmp_path))
    samples = list(trace.samples())
    columns = [table[field].to_pylist() for field in Sample._fields]
    assert [Sample(*row) for row in zip(*columns, strict=True)] == samples
    assert table["name"].to_pylist() == [trace.names[sample.event] for sample in samples]
    assert table["time"].cast("int64").to_pylist() == [
        trace.clock.wall_ns_at(sample.timestamp) for sample in samples
    ]
    assert table.schema.metadata[b"hostname"] == b"box:"
    assert int(table.schema.metadata[b"ticks_per_second"]) == CLOCK.ticks_per_second


def test_perfetto_packets_hold_every_sample_in_order(tmp_path: Path) -> None:
    streams = [
        [s._replace(task=s.thread // 3) for s in random_samples(Random(cpu), cpu, 500, 10**9)]
        for cpu in (0, 1, 2)
    ]
    trace = write(tmp_path / "trace", *streams)
    document = proto.Trace.FromString(export(trace, "perfetto", tmp_path).read_bytes())
    names, keys, tracks = {}, {}, {}
    found, open_slices, ends = [], {}, 0
    for packet in document.packet:
        names |= {name.iid: name.name for name in packet.interned_data.event_names}
        keys |= {name.iid: name.name for name in packet.interned_data.debug_annotation_names}
        if packet.HasField("track_descriptor"):
            tracks[packet.track_descriptor.uuid] = packet.track_descriptor
        if not packet.HasField("track_event"):
            continue
        event = packet.track_event
        track = tracks[event.track_uuid]  # which must have been declared by now
        if event.type == proto.TrackEvent.TYPE_SLICE_END:
            open_slices.pop(event.track_uuid)["end"] = packet.timestamp
            ends += 1
            continue
        values = [(keys[a.name_iid], a.uint_value) for a in event.debug_annotations]
        record = {
            "name": names[event.name_iid],
            "begin": packet.timestamp,
            "end": packet.timestamp,
            "values": values,
            "track": track.name,
            "owner": tracks[track.parent_uuid],
        }
        found.append(record)
        if event.type == proto.TrackEvent.TYPE_SLICE_BEGIN:
            open_slices[event.track_uuid] = record
    samples = list(trace.samples())
    assert len(found) == len(samples) == 1500
    assert not open_slices
    assert ends == sum(not sample.flags & Flag.INSTANT for sample in samples)
    for record, sample in zip(found, samples, strict=True):
        assert record["name"] == record["track"] == trace.names[sample.event]
        assert record["end"] == CLOCK.ns(sample.timestamp)
        length = 0 if sample.flags & Flag.INSTANT else CLOCK.ns(sample.duration)
        assert record["begin"] == record["end"] - min(length, record["end"])
        (_, cpu), (_, flags), (_, data1), (_, data2) = record["values"]
        assert (cpu, flags) == (sample.cpu, sample.flags)
        assert (data1, data2) == (sample.data1, sample.data2)
        if sample.event in (Event.CONTEXT_SWITCH, Event.INTERRUPT):
            assert record["owner"].name == f"CPU {sample.cpu}"
        elif not sample.thread:
            assert record["owner"].process.pid == sample.task
        else:
            thread = record["owner"].thread
            assert (thread.pid % 2**32, thread.tid % 2**32) == (sample.task, sample.thread)


def test_perfetto_knows_the_meaning_of_data_and_the_time_of_day(tmp_path: Path) -> None:
    trace = write(tmp_path / "trace", [Sample(3_000, Event.VM_ALLOC, 0, 0, 300, 5, 6, 0x1000, 42)])
    document = proto.Trace.FromString(export(trace, "perfetto", tmp_path).read_bytes())
    keys = {n.iid: n.name for p in document.packet for n in p.interned_data.debug_annotation_names}
    (begin,) = (p for p in document.packet if p.track_event.debug_annotations)
    values = {keys[a.name_iid]: a.uint_value for a in begin.track_event.debug_annotations}
    assert values == {"cpu": 0, "flags": 0, "address": 0x1000, "size": 42}
    clocks = next(p.clock_snapshot.clocks for p in document.packet if p.clock_snapshot.clocks)
    assert {c.clock_id: c.timestamp for c in clocks} == {6: 0, 1: trace.clock.wall_ns_at(0)}
    names = [p.track_descriptor.process.process_name for p in document.packet]
    assert "task 5" in names


def test_speedscope_holds_every_profile_sample_in_order(tmp_path: Path) -> None:
    samples = [
        Sample(at, at % 3 and 12, 0, 0, 0, 1, at % 2, 0xC0100000 + at % 5, at % 7 == 0)
        for at in range(300)
    ]
    trace = write(tmp_path / "trace", samples)
    document = json.loads(export(trace, "speedscope", tmp_path).read_text())
    frames = [frame["name"] for frame in document["shared"]["frames"]]
    for profile in document["profiles"]:
        thread = int(profile["name"].rpartition(" ")[2])
        expected = [
            ["user" if sample.data2 else "kernel", f"{sample.data1:#x}"]
            for sample in samples
            if sample.event == Event.PROFILE and sample.thread == thread
        ]
        assert [[frames[frame] for frame in stack] for stack in profile["samples"]] == expected
        assert sum(profile["weights"]) == profile["endValue"] == len(expected)
    assert len(document["profiles"]) == 2


@pytest.mark.parametrize(
    ("kind", "module"),
    [("parquet", "pyarrow"), ("perfetto", "perfetto.protos.perfetto.trace"), ("perfetto", "numpy")],
)
def test_a_format_whose_package_is_missing_asks_for_it_by_name(
    trace: Trace,
    tmp_path: Path,
    kind: str,
    module: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert main(["export", str(trace.directory), "-f", kind, "-o", str(tmp_path / "x")]) == 2
    assert f"pip install 'perfmon[{kind}]'" in capsys.readouterr().err
    assert [entry.name for entry in tmp_path.iterdir()] == ["trace"]


def test_what_a_recording_lacks_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {"tracer_name": "perfmon"}
    with TraceWriter(tmp_path / "t", metadata_text(CLOCK, NAMES, environment)) as writer:
        for cpu, discarded in ((0, 7), (1, 0), (2, 5)):
            writer.write(batch(random_samples(Random(cpu), cpu, 10, 10**9), cpu), discarded)
    with (tmp_path / "t" / "cpu1").open("ab") as file:
        file.write(b"half a packet")
    assert main(["export", str(tmp_path / "t"), "-f", "csv"]) == 0
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 31
    assert "12 events missing" in captured.err
    assert "13 bytes hold no whole packet" in captured.err


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
