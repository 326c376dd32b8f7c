# SPDX-License-Identifier: GPL-2.0-or-later
"""What a recording of any host holds: everything is on disk or accounted for.

A test class derives from RecordingContract and gives the fixture `address`.
"""

import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import perfmon
from perfmon import Host, Mode, Start
from perfmon.interface import BUFFER_MIN, RATE_EVERY_EVENT
from perfmon.recording.recorder import Recording, record


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


class RecordingContract:
    @pytest.fixture
    def host(self, address: str) -> Iterator[Host]:
        with perfmon.connect(address) as host:
            host.disable()
            host.configure(sample_rate=RATE_EVERY_EVENT, buffer_size=8192)
            host.set_events(range(12))
            host.set_mode(Mode.OVERWRITE)
            host.reset()
            yield host
            host.disable()

    @pytest.fixture
    def work(self, address: str) -> Iterator[Callable[[int], Callable[[], bool]]]:
        """Lets the host allocate memory by a client of its own, from when it is first asked on
        whether that is done; the recording has begun then.
        """
        with perfmon.connect(address) as host:
            workers = []

            def start(times: int) -> Callable[[], bool]:
                worker = threading.Thread(target=host.workload.workload_memory, args=(times, 1))

                def done() -> bool:
                    if worker not in workers:
                        workers.append(worker)
                        worker.start()
                    return not worker.is_alive()

                return done

            yield start
            for worker in workers:
                worker.join()

    def test_every_field_of_the_rings_is_read_by_babeltrace(
        self, host: Host, tmp_path: Path
    ) -> None:
        host.enable()
        host.workload.workload_memory(200, 2)
        host.disable()
        recording = record(host, tmp_path / "trace", 0.0, start=Start.OLDEST)
        lines, messages = babeltrace(tmp_path / "trace")
        found = {}
        for line in lines:
            ticks, name = re.search(r"\[(\d+)\] \S+ (\w+): ", line).groups()
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
        self, host: Host, tmp_path: Path, work: Callable[[int], Callable[[], bool]]
    ) -> None:
        host.configure(sample_rate=100)
        host.set_events(["VM_ALLOC"])
        host.enable()
        recording = record(host, tmp_path / "trace", until=work(3000))
        host.disable()
        lines, messages = babeltrace(tmp_path / "trace")
        assert len(lines) == recorded(recording) > 0
        assert missing(messages) == sum(cpu.lost + cpu.unsampled for cpu in recording.cpus) > 0
        assert len(lines) + missing(messages) == sum(cpu.events for cpu in host.cpus()) >= 3000

    def test_samples_overwritten_before_they_were_read_are_reported(
        self, host: Host, tmp_path: Path, work: Callable[[int], Callable[[], bool]]
    ) -> None:
        host.configure(buffer_size=BUFFER_MIN)
        host.set_events(["VM_ALLOC"])
        host.enable()
        done = work(50_000)

        def late() -> bool:
            """So long that a slow host has filled its ring, too."""
            while not done():
                time.sleep(0.01)
            return True

        recording = record(host, tmp_path / "trace", until=late)
        lost = sum(cpu.lost for cpu in recording.cpus)
        assert missing(babeltrace(tmp_path / "trace")[1]) == lost > 0
        assert recorded(recording) + lost == sum(cpu.written for cpu in host.cpus()) >= 50_000

    def test_events_refused_after_the_last_sample_are_reported_too(
        self, host: Host, tmp_path: Path, work: Callable[[int], Callable[[], bool]]
    ) -> None:
        host.configure(buffer_size=BUFFER_MIN)
        host.set_mode(Mode.STOP)
        host.set_events(["VM_ALLOC"])
        host.enable()
        host.workload.workload_memory(BUFFER_MIN, 1)
        full = [cpu.cpu for cpu in host.cpus() if cpu.readable == BUFFER_MIN]
        recording = record(host, tmp_path / "trace", until=work(500))
        lines, messages = babeltrace(tmp_path / "trace")
        assert len(lines) == recorded(recording)
        assert missing(messages) == sum(cpu.refused for cpu in host.cpus()) > 0
        assert all(recording.cpus[cpu].recorded == 0 for cpu in full)
