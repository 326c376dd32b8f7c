# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest that works and is recorded for long: nothing is lost uncounted, and no memory grows.

    python -m tests.kernel.soak --minutes 60

The time is the guest's.  QEMU counts instructions and gives each 2^SHIFT ns, so that an idle hour
is over at once and a busy one soon.  What is looked at: the account of every CPU, the recording
against it, the kernel's own memory (its slab caches, through a client that mig makes of Mach's
mach_debug.defs), and the memory of QEMU and of the recorder.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import perfmon
from mig.compile import write_python
from mig.rpc.port import Port
from perfmon.host import Host
from perfmon.kernel import packages
from perfmon.kernel.boot import boot, stop
from perfmon.recording.trace import open_trace

NAME = "soak"
SHIFT = 10
OPTIONS = ("-icount", f"shift={SHIFT},sleep=off", "-rtc", "base=2026-01-01,clock=vm")
PERFMON = (sys.executable, "-m", "perfmon")
_RECORDER_STARTS = 30.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Kilobytes at one moment: of the kernel's slab caches, of QEMU, of the recorder."""

    kernel: int
    qemu: int
    recorder: int


@dataclass(frozen=True, slots=True)
class Soak:
    """What came of it.

    Attributes:
        guest_seconds: that passed in the guest.
        seconds: that passed here.
        rounds: of the workload.
        events: that the host counted.
        recorded, discarded: samples in the trace, and events that it says are missing.
        unbalanced: looks at which an account did not add up.
        warm, end: memory after the first tenth of the time, and at the end.
    """

    guest_seconds: float
    seconds: float
    rounds: int
    events: int
    recorded: int
    discarded: int
    unbalanced: int
    warm: Memory
    end: Memory


def soak(kernel: Path, guest_seconds: float) -> Soak:
    """Boot the kernel, keep it busy and recorded for so long, and stop it."""
    guest = boot(kernel, NAME, options=OPTIONS)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="perfmon-soak-") as name,
            perfmon.connect(guest.address, timeout=60) as host,
        ):
            return _soak(host, _qemu_of(guest.name), Path(name), guest_seconds)
    finally:
        stop(guest.name)


def _soak(host: Host, qemu: int, directory: Path, guest_seconds: float) -> Soak:
    host.configure(sample_rate=5000, buffer_size=8192)
    host.enable()
    slabs = _slab_reader(host, directory)
    trace = directory / "trace"
    recorder = subprocess.Popen(
        [*PERFMON, "-H", host.address, "--timeout", "60", "record", "-o", str(trace)],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + _RECORDER_STARTS
        while not list(trace.glob("cpu*")):
            if recorder.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the recorder did not start: {recorder.communicate()[1]}")
            host.workload.workload_memory(10, 2)
        start, began = _guest_time(host), time.monotonic()
        warm: Memory | None = None
        rounds = unbalanced = 0
        while (passed := _guest_time(host) - start) < guest_seconds:
            _work(host)
            rounds += 1
            unbalanced += _unbalanced(host)
            if warm is None and passed > guest_seconds / 10:
                warm = Memory(slabs(), _resident_kb(qemu), _resident_kb(recorder.pid))
        end = Memory(slabs(), _resident_kb(qemu), _resident_kb(recorder.pid))
    finally:
        recorder.send_signal(signal.SIGINT)
        _, said = recorder.communicate(timeout=120)
    if recorder.returncode:
        raise RuntimeError(f"the recorder ended with {recorder.returncode}: {said}")
    host.disable()
    recorded = discarded = 0
    opened = open_trace(trace)
    for stream in opened.streams:
        last = 0
        for packet in opened.packets(stream):
            recorded += len(packet.samples)
            last = packet.discarded
        discarded += last
    return Soak(
        passed, time.monotonic() - began, rounds, host.system_stats().events, recorded, discarded,
        unbalanced, warm or end, end,
    )  # fmt: skip


def _work(host: Host) -> None:
    workload = host.workload
    workload.workload_memory(200, 4)
    workload.workload_messages(200)
    workload.workload_tasks(4)
    workload.workload_threads(8)


def _guest_time(host: Host) -> float:
    clock = host.clock()
    return clock.ns(clock.ticks_now) / 1e9


def _unbalanced(host: Host) -> int:
    wrong = 0
    for cpu in host.cpus():
        wrong += cpu.events != cpu.written + cpu.rate_limited + cpu.refused
        wrong += cpu.written != cpu.readable + cpu.overwritten
    return wrong


def _slab_reader(host: Host, directory: Path) -> Callable[[], int]:
    """A function that asks the kernel for the kilobytes in its slab caches."""
    include = packages.fetch(packages.GNUMACH_DEV_I386) / "usr" / "include" / "i386-linux-gnu"
    write_python(include / "mach_debug" / "mach_debug.defs", directory, include=[include])
    sys.path.insert(0, str(directory))
    try:
        client = importlib.import_module("mach_debug").MachDebug
    finally:
        sys.path.remove(str(directory))
    kernel = client(Port.offered(host.transport, "host"), timeout=60)

    def read() -> int:
        caches = kernel.host_slab_info()
        return sum(int(cache.slab_size) * int(cache.nr_slabs) for cache in caches) // 1024

    return read


def _qemu_of(name: str) -> int:
    for status in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = status.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"-name" in words and words[words.index(b"-name") + 1] == name.encode():
            return int(status.parent.name)
    raise RuntimeError(f"no QEMU named {name}")


def _resident_kb(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) if found else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    from perfmon.kernel.images import kernel_image
    from perfmon.kernel.instrument import instrument
    from perfmon.kernel.kinds import DEFAULT

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="of the guest (default: 60)")
    parser.add_argument("--kind", default=DEFAULT, help=f"of kernel (default: {DEFAULT})")
    arguments = parser.parse_args(argv)
    # A shell starts what is in its background with SIGINT ignored, and the recorder would be, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="perfmon-soak-") as name:
        image = Path(name) / "gnumach-perf"
        instrument(kernel_image(arguments.kind), image)
        found = soak(image, arguments.minutes * 60)
    print(json.dumps(asdict(found), indent=1))
    return 1 if found.unbalanced else 0


if __name__ == "__main__":
    sys.exit(main())
