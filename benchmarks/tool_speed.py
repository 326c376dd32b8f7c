# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tool itself costs: its start, its calls, samples, recordings, reports and exports.

    python -m benchmarks.tool_speed [--samples 10000000] [--json] [PART...]

Each figure stands beside its target and is a median, in processor time where other programs would
disturb it.  Beside them, the time of a loop that is always the same (`machine`): figures of two
runs compare when it does.  Run it on an idle machine from the project's directory.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import perfmon
from benchmarks.echo import Echo
from mig.rpc.abi import X86_64
from mig.rpc.delivery import deliver
from mig.rpc.port import Port
from perfmon import Samples
from perfmon._generated.perf_monitor import PerfMonitor, x86_64
from perfmon.clock import Clock
from perfmon.events import BUILTIN_NAMES
from perfmon.recording.ctf import TraceWriter
from perfmon.recording.metadata import metadata_text
from perfmon.samples import LAYOUT

ROUNDS = 9
PACKET = 4096
CLOCK = Clock(2_900_000_000, 0, 0, 1_700_000_000_000_000_000)
PERFMON = (sys.executable, "-m", "perfmon")
# As for most users, modules are compiled once.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True)
class Figure:
    """One line of the result; `at_most` says on which side of the target it should be."""

    name: str
    value: float
    unit: str
    target: float | None = None
    at_most: bool = True

    @property
    def good(self) -> bool:
        """Whether the target is met; a figure without one is always good."""
        if self.target is None:
            return True
        return self.value <= self.target if self.at_most else self.value >= self.target


def median(function: Callable[[], object], calls: int) -> float:
    """Seconds of processor time that a call takes."""
    rounds = timeit.repeat(function, timer=time.process_time, number=calls, repeat=ROUNDS)
    return statistics.median(rounds) / calls


def child_seconds(*command: str) -> tuple[float, int]:
    """Processor time and memory (KB, the most of all children so far) of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, env=ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, after.ru_maxrss


def machine() -> Iterator[Figure]:
    """A loop that is the same everywhere."""
    yield Figure("machine: sum(range(1000))", median(lambda: sum(range(1000)), 1000) * 1e6, "us")


def start() -> Iterator[Figure]:
    """Connect, one RPC and exit, beyond the start of Python."""
    host = ("-H", "embedded:")

    def seconds(*command: str) -> float:
        return statistics.median(child_seconds(*command)[0] for _ in range(ROUNDS))

    python = seconds(sys.executable, "-c", "pass")
    yield Figure("start of Python", python * 1e3, "ms")
    for name in ("stats 2", "info", "enable"):
        extra = seconds(*PERFMON, *host, *name.split()) - python
        yield Figure(f"perfmon {name}, beyond it", extra * 1e3, "ms", 150)


def calls() -> Iterator[Figure]:
    """Marshalling alone, and whole calls of the embedded host."""
    encode = x86_64.encode_perf_check_regression_request
    decode = x86_64.decode_perf_check_regression_reply
    answer = deliver(X86_64, x86_64.encode_perf_check_regression_reply(1, True))

    def marshal() -> None:
        encode(1, 2, 3, 4)
        decode(answer)

    yield Figure("marshalling of a call", median(marshal, 20_000) * 1e6, "us", 1)
    proxy = PerfMonitor(Port.offered(Echo(X86_64, answer), "host"))
    whole = median(lambda: proxy.perf_check_regression(3, 4), 20_000)
    yield Figure("proxy without a transport", whole * 1e6, "us")
    with perfmon.connect("embedded:") as host:
        call = median(host.rpc.perf_get_system_stats, 5000)
        yield Figure("embedded call, perf_get_system_stats", call * 1e6, "us", 5)
        call = median(lambda: host.rpc.perf_get_event_stats(2), 5000)
        yield Figure("embedded call, perf_get_event_stats", call * 1e6, "us", 5)


def full_host() -> perfmon.Host:
    """The embedded host with a full ring on at least one CPU, and monitoring off."""
    host = perfmon.connect("embedded:")
    host.disable()
    host.configure(sample_rate=0, buffer_size=32768)
    host.enable()
    host.workload.workload_memory(40_000, 1)
    host.disable()
    return host


def samples() -> Iterator[Figure]:
    """From the ring to an array, and from the ring to the disk."""
    with full_host() as host, tempfile.TemporaryDirectory() as directory:
        cpu = max(host.cpus(), key=lambda cpu: cpu.readable)

        def read() -> Iterator[Samples]:
            cursor = cpu.oldest
            while batch := host.read_samples(cpu.cpu, cursor, PACKET):
                yield batch
                cursor = batch.next

        def decode() -> int:
            return sum(int(batch.array["duration"].sum()) for batch in read())

        batches = list(read())
        count = sum(map(len, batches))
        arrays = median(lambda: [batch.array["duration"].sum() for batch in batches], 20) / count
        yield Figure("decoding of samples in bulk", arrays * 1e9, "ns", 5)
        yield Figure(
            "the same with the calls that read them", median(decode, 5) / count * 1e9, "ns"
        )
        each = median(lambda: [sum(1 for _ in batch) for batch in batches], 1) / count
        yield Figure("samples one by one, as tuples", each * 1e9, "ns")
        metadata = metadata_text(CLOCK, BUILTIN_NAMES, {"tracer_name": "perfmon"})
        with ExitStack() as open_traces:
            traces = [
                open_traces.enter_context(TraceWriter(Path(directory) / str(number), metadata))
                for number in range(5 * ROUNDS)
            ]

            def record() -> None:
                # Each time one of its own, in which time goes on.
                writer = traces.pop()
                for batch in read():
                    writer.write(batch, 0)

            rate = count / median(record, 5)
            yield Figure("recording", rate / 1e6, "million events/s", 5, at_most=False)


def write_trace(directory: Path, count: int) -> None:
    """A trace of two CPUs with many tasks and threads."""
    import numpy as np

    random = np.random.default_rng(1)
    layout = np.dtype([(name, f"<u{width}") for name, width in LAYOUT])
    environment = {"tracer_name": "perfmon", "hostname": "benchmark:"}
    with TraceWriter(directory, metadata_text(CLOCK, BUILTIN_NAMES, environment)) as writer:
        for cpu in range(2):
            now = 10**9
            for _ in range(count // 2 // PACKET):
                rows = np.zeros(PACKET, layout)
                rows["timestamp"] = now + np.cumsum(random.integers(100, 3000, PACKET))
                now = int(rows["timestamp"][-1])
                rows["event"] = random.integers(0, 12, PACKET)
                rows["cpu"] = cpu
                rows["duration"] = random.lognormal(8, 2, PACKET).clip(0, 2**32 - 1)
                rows["task"] = random.integers(1, 50, PACKET)
                rows["thread"] = rows["task"] * 8 + random.integers(0, 4, PACKET)
                rows["flags"] = random.choice([0, 0, 0, 0, 1, 2, 16], PACKET)
                rows["data1"] = random.integers(0, 1 << 32, PACKET)
                writer.write(Samples(cpu, 0, 0, 0, rows.tobytes()), 0)


def reports(count: int) -> Iterator[Figure]:
    """`perfmon report` and `perfmon export` of a large recording."""
    with tempfile.TemporaryDirectory() as directory:
        large, small = Path(directory, "large"), Path(directory, "small")
        write_trace(large, count)
        begin = time.perf_counter()
        used, memory = child_seconds(*PERFMON, "report", str(large))
        elapsed = time.perf_counter() - begin
        millions = f"{count / 1e6:g} million samples"
        yield Figure(f"report of {millions}", used, "s", 10)
        yield Figure(f"report of {millions}, by the clock", elapsed, "s")
        yield Figure(f"report of {millions}, memory", memory / 1e3, "MB", 500)
        events = 1 << 20
        write_trace(small, events)
        for kind in ("perfetto", "parquet", "chrome", "csv"):
            output = str(Path(directory, kind))
            used, _ = child_seconds(*PERFMON, "export", str(small), "-f", kind, "-o", output)
            yield Figure(f"export -f {kind}", events / used / 1e6, "million events/s")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--samples", type=int, default=10_000_000, help="of the recording reported")
    parser.add_argument("--json", action="store_true")
    parts: dict[str, Callable[[], Iterator[Figure]]] = {
        "start": start,
        "calls": calls,
        "samples": samples,
        "reports": lambda: reports(args.samples),
    }
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(parts))
    args = parser.parse_args()
    chosen = args.parts or list(parts)
    figures: list[Any] = []
    for part in (machine, *(parts[name] for name in chosen)):
        for figure in part():
            figures.append(asdict(figure))
            if not args.json:
                bound = "at most" if figure.at_most else "at least"
                target = f"  target: {bound} {figure.target:g}" if figure.target else ""
                missed = "" if figure.good else "  MISSED"
                print(f"{figure.name:42} {figure.value:9.4g} {figure.unit}{target}{missed}")
    if args.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
