# SPDX-License-Identifier: GPL-2.0-or-later
"""Recording a host: read its rings in time, write them down, account for everything missing."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from perfmon.clock import Clock
from perfmon.errors import KernNotSupported
from perfmon.host import Host, Name
from perfmon.interface import NameKind
from perfmon.reader import SampleReader, Start
from perfmon.recording.ctf import TraceWriter
from perfmon.recording.metadata import metadata_text
from perfmon.samples import Samples

# A ring of the smallest size holds this much of the highest limited rate, twice over.
_INTERVAL: Final = 0.1


@dataclass(frozen=True, slots=True)
class CpuRecording:
    """What a recording holds of one CPU, and what it does not.

    Attributes:
        recorded: samples written to disk.
        lost: samples that were overwritten before they were read.
        unsampled: events that left no sample, by the rate limit or because a ring was full.
    """

    cpu: int
    recorded: int
    lost: int
    unsampled: int


@dataclass(frozen=True, slots=True)
class Recording:
    """A finished recording.

    Attributes:
        directory: a CTF 1.8 trace; its events_discarded counts `lost` and `unsampled`.
        cpus: the account of each CPU.
    """

    directory: Path
    cpus: tuple[CpuRecording, ...]


def record(
    host: Host,
    directory: Path,
    duration: float | None = None,
    *,
    start: Start = Start.NOW,
    until: Callable[[], bool] = lambda: False,
) -> Recording:
    """Record all samples of a host.

    Args:
        host: on its privileged port; monitoring is neither enabled nor disabled.
        directory: where the trace goes; new or empty.
        duration: seconds; None: until Ctrl-C, which ends the recording in good order.
        start: with what is in the rings already, or with what comes.
        until: asked several times a second; True ends the recording.

    Raises:
        RecordingError: the directory is not empty.
        MachError: the host refused or went away; what was written until then is readable.
    """
    # What looks at the order of time takes long to load: not while a ring fills up.
    _ = Samples(0, 0, 0, 0, b"").in_order
    reader = SampleReader(host, start)
    ends = None if duration is None else time.monotonic() + duration
    clock = host.clock()
    with TraceWriter(directory, _metadata(host, clock)) as trace, _ctrl_c() as interrupted:
        written = dict.fromkeys(reader.cursors, 0)
        while not (until() or interrupted()) and (ends is None or time.monotonic() < ends):
            _write_new(reader, trace, written)
            rest = _INTERVAL if ends is None else ends - time.monotonic()
            time.sleep(max(0.0, min(_INTERVAL, rest)))
        _write_new(reader, trace, written)
        now = host.clock().ticks_now
        for cpu, said in written.items():
            if (discarded := reader.missing(cpu)) != said:
                trace.write_loss(cpu, now, discarded)
        # Tasks and events that came in the meantime have names now.
        trace.rewrite_metadata(_metadata(host, clock))
    return Recording(
        directory,
        tuple(
            CpuRecording(cpu, reader.received[cpu], reader.lost[cpu], reader.unsampled[cpu])
            for cpu in reader.cursors
        ),
    )


@contextmanager
def _ctrl_c() -> Iterator[Callable[[], bool]]:
    """Whether it came, in place of KeyboardInterrupt, which could hit in the middle of a call.

    A program that handles SIGINT in its own way keeps doing so.
    """
    # No threading.Event: a handler that sets one waits for ever if it comes as the wait begins.
    came: list[int] = []
    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if ours:
        signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield lambda: bool(came)
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _write_new(reader: SampleReader, trace: TraceWriter, written: dict[int, int]) -> None:
    for batch in reader.read():
        if batch:
            written[batch.cpu] = reader.missing(batch.cpu)
            trace.write(batch, written[batch.cpu])


def _metadata(host: Host, clock: Clock) -> str:
    configuration = host.configuration()
    environment: dict[str, str | int] = {
        "tracer_name": "perfmon",
        "domain": "kernel",
        "hostname": host.address,
        "interface_version": host.interface().version,
        "sample_rate": configuration.sample_rate,
        "buffer_size": configuration.buffer_size,
        "event_mask": f"{configuration.event_mask:#x}",
        "mode": configuration.mode.name.lower(),
    }
    for task in _task_names(host):
        environment[f"task_{task.id}"] = task.name
    return metadata_text(clock, host.event_names(), environment)


def _task_names(host: Host) -> list[Name]:
    try:
        return [task for task in host.names(NameKind.TASKS) if task.name]
    except KernNotSupported:
        return []
