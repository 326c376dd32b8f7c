# SPDX-License-Identifier: GPL-2.0-or-later
"""A recording of a real kernel, read by babeltrace2 and by perfmon: every field of every record.

`make recording` does a million events and more; here are fewer, unless EVENTS says so.
"""

import csv
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as proto
from pyarrow import parquet

import perfmon
from perfmon import Host, Sample
from perfmon.cli import main
from perfmon.interface import BUFFER_MAX, BUFFER_MIN, Mode
from perfmon.recording.recorder import Recording, record
from perfmon.recording.trace import open_trace

pytestmark = pytest.mark.kernel

EVENTS = int(os.environ.get("EVENTS", "60000"))
CHUNK = 1000

_LINE = re.compile(r"\[(\d+)\] (?:\S+ )?(\w+): \{ cpu_id = (\d+) \}, \{ (.*) \}\n")
_FIELDS = ("cpu", "flags", "duration", "task", "thread", "data1", "data2")


@pytest.fixture
def host(guest_address: str) -> Iterator[Host]:
    with perfmon.connect(guest_address, timeout=60) as host:
        host.disable()
        host.configure(sample_rate=0, buffer_size=BUFFER_MAX)
        host.set_mode(Mode.OVERWRITE)
        host.set_events(range(12))
        host.reset()
        host.enable()
        yield host
        host.disable()


def record_events(host: Host, directory: Path, events: int) -> Recording:
    """Let the guest work, little by little, until so many events are recorded."""

    def until() -> bool:
        host.workload.workload_messages(CHUNK)
        host.workload.workload_memory(CHUNK // 10, 2)
        return host.system_stats().written >= events

    return record(host, directory, until=until)


def babeltrace(trace: Path, messages: Path) -> Iterator[tuple[str, Sample]]:
    """Name and every field of each record, as babeltrace2 prints them."""
    command = ["babeltrace2", "--clock-cycles", "--no-delta", trace]
    with (
        messages.open("w") as stderr,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True) as process,
    ):
        for line in process.stdout:
            matched = _LINE.fullmatch(line)
            assert matched, line
            ticks, name, cpu_id, text = matched.groups()
            found = dict(field.split(" = ") for field in text.split(", "))
            assert tuple(found) == _FIELDS
            assert found["cpu"] == cpu_id
            event = perfmon.Event[name]
            yield name, Sample(int(ticks), event, *map(int, found.values()))
    assert process.returncode == 0, messages.read_text()


def lost(messages: Path) -> int:
    return sum(map(int, re.findall(r"discarded (\d+) events?", messages.read_text())))


Brief = tuple[str, int, int]
"""Name of the event and its two words."""


def read_perfetto(path: Path) -> Iterator[Brief]:
    names = {}
    with path.open("rb") as file:
        while file.read(1):  # the tag of a packet; its length follows
            length = shift = 0
            while True:
                (byte,) = file.read(1)
                length |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    break
            packet = proto.TracePacket.FromString(file.read(length))
            names |= {name.iid: name.name for name in packet.interned_data.event_names}
            if words := [a.uint_value for a in packet.track_event.debug_annotations]:
                yield names[packet.track_event.name_iid], words[2], words[3]


def read_parquet(path: Path) -> Iterator[Brief]:
    for batch in parquet.ParquetFile(path).iter_batches(columns=["name", "data1", "data2"]):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def read_chrome(path: Path) -> Iterator[Brief]:
    for event in json.loads(path.read_text())["traceEvents"]:
        if event["ph"] != "M":  # the name of a task
            _, _, data1, data2 = event["args"].values()
            yield event["name"], data1, data2


def read_csv(path: Path) -> Iterator[Brief]:
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            yield row["name"], int(row["data1"]), int(row["data2"])


EXPORTS = {
    "perfetto": read_perfetto,
    "parquet": read_parquet,
    "chrome": read_chrome,
    "csv": read_csv,
}


def test_babeltrace_and_perfmon_read_the_same_from_a_recorded_kernel(
    host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = record_events(host, tmp_path / "trace", EVENTS)
    host.disable()
    recorded = sum(cpu.recorded for cpu in recording.cpus)
    missing = sum(cpu.lost + cpu.unsampled for cpu in recording.cpus)
    trace = open_trace(tmp_path / "trace")
    count, names = 0, set()
    begin = time.monotonic()
    theirs = babeltrace(trace.directory, tmp_path / "messages")
    for (name, found), sample in zip(theirs, trace.samples(), strict=True):
        assert found == sample
        assert name == trace.names[sample.event]
        names.add(name)
        count += 1
    seconds = time.monotonic() - begin
    assert count == recorded >= EVENTS - missing
    assert lost(tmp_path / "messages") == missing
    assert names >= {"IPC_SEND", "IPC_RECEIVE", "VM_ALLOC", "VM_FREE", "SYSCALL", "PAGE_FAULT"}
    with capsys.disabled():
        print(f"\n{count:,} records equal in every field, {missing:,} missing, {seconds:.0f} s")
    for kind, read in EXPORTS.items():
        output = tmp_path / kind
        begin = time.monotonic()
        assert main(["export", str(trace.directory), "-f", kind, "-o", str(output)]) == 0
        seconds = time.monotonic() - begin
        order = ((trace.names[s.event], s.data1, s.data2) for s in trace.samples())
        assert all(a == b for a, b in zip(read(output), order, strict=True)), kind
        with capsys.disabled():
            print(f"{kind}: {count / seconds:,.0f} events/s, equal in count and order")


def test_what_a_small_buffer_loses_is_the_same_for_babeltrace(host: Host, tmp_path: Path) -> None:
    host.disable()
    host.configure(buffer_size=BUFFER_MIN)
    host.enable()
    before = {cpu.cpu: cpu.newest for cpu in host.cpus()}
    recording = record_events(host, tmp_path / "trace", 20_000)
    (cpu,) = (cpu for cpu in recording.cpus if cpu.recorded)
    found = sum(1 for _ in babeltrace(tmp_path / "trace", tmp_path / "messages"))
    assert found == cpu.recorded
    assert lost(tmp_path / "messages") == cpu.lost > 0
    assert cpu.unsampled == 0
    assert before.keys() == {cpu.cpu for cpu in recording.cpus}
