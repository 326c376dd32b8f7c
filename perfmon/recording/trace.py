# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading the traces that perfmon.recording writes, packet by packet and in bounded memory.

A trace may have been cut off in the middle of a packet; what comes before is read, and what is
left over is counted.  Traces of other programs are not read here.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, NamedTuple

from perfmon.clock import Clock
from perfmon.errors import PerfmonError
from perfmon.interface import SAMPLE_SIZE
from perfmon.recording.ctf import MAGIC, PACKET
from perfmon.samples import Sample, Samples

_PAYLOAD_MAX: Final = 1 << 26
_SECOND: Final = 1_000_000_000


class TraceError(PerfmonError):
    """A directory holds no trace that this version can read."""


class Packet(NamedTuple):
    """A packet of one CPU's stream.

    Attributes:
        discarded: events of this CPU that are missing since the trace began, in all.
        samples: in order of time; none where a packet only tells a loss.
    """

    cpu: int
    begin: int
    end: int
    discarded: int
    samples: Samples


class Span(NamedTuple):
    """A packet without its samples; fields as those of `Packet`."""

    cpu: int
    begin: int
    end: int
    discarded: int


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace on disk; only its metadata is in memory.

    Attributes:
        directory: where it is.
        clock: converts timestamps and durations; read when the recording began.
        names: names of events by id.
        environment: what else the recorder wrote down, `hostname` and the like.
        streams: a file for each CPU.
        watch: told the size of each packet that is read.
    """

    directory: Path
    clock: Clock
    names: dict[int, str]
    environment: dict[str, str]
    streams: tuple[Path, ...]
    watch: Callable[[int], object] = field(default=lambda _: None, compare=False, repr=False)

    def packets(self, stream: Path) -> Iterator[Packet]:
        """The whole packets of one stream, in order.

        Raises:
            TraceError: the stream holds something else.
        """
        with stream.open("rb") as file:
            while packet := _read_packet(file, stream):
                self.watch(PACKET.size + packet.samples.buffer.nbytes)
                yield packet

    def cut_off(self, stream: Path) -> int:
        """Bytes behind the last whole packet of a stream, which nothing can be read from."""
        with stream.open("rb") as file:
            end = 0
            while size := _skip_packet(file, stream):
                end += size
        return stream.stat().st_size - end

    def spans(self, stream: Path) -> Iterator[Span]:
        """The whole packets of one stream, in order, without what is in them.

        Raises:
            TraceError: the stream holds something else.
        """
        with stream.open("rb") as file:
            while (header := _read_header(file, stream)) and _skip_payload(file, header[2]):
                begin, end, _, discarded, cpu = header
                yield Span(cpu, begin, end, discarded)

    def discarded(self, stream: Path) -> int:
        """Events of one stream's CPU that are missing, by the recorder's account."""
        return max((span.discarded for span in self.spans(stream)), default=0)

    @property
    def task_names(self) -> dict[int, str]:
        """Names of tasks by their small ids, as they were when the recording ended."""
        found = (re.fullmatch(r"task_(\d+)", key) for key in self.environment)
        return {int(match[1]): self.environment[match[0]] for match in found if match}

    def samples(self) -> Iterator[Sample]:
        """The samples of all CPUs, in order of time; those of one moment in order of CPUs."""
        return heapq.merge(
            *(self._stream_samples(stream) for stream in self.streams),
            key=lambda sample: sample.timestamp,
        )

    def _stream_samples(self, stream: Path) -> Iterator[Sample]:
        for packet in self.packets(stream):
            yield from packet.samples


def open_trace(directory: Path) -> Trace:
    """Read the metadata of a trace.

    Raises:
        TraceError: there is none, or another program's.
        OSError: it cannot be read.
    """
    path = directory / "metadata"
    if not path.is_file():
        raise TraceError(f"{directory}: expected a trace, found no file named metadata")
    text = path.read_text(encoding="ascii", errors="replace")
    clock = re.search(
        r"clock \{\s*name = host;\s*freq = (\d+);\s*offset_s = (\d+);\s*offset = (\d+);", text
    )
    if clock is None or not int(clock[1]) or 'tracer_name = "perfmon"' not in text:
        raise TraceError(f"{directory}: expected a trace that perfmon recorded")
    frequency, seconds, ticks = map(int, clock.groups())
    wall_ns = seconds * _SECOND + ticks * _SECOND // frequency
    names = re.findall(r'event \{ name = ("(?:[^"\\]|\\.)*"); id = (\d+);', text)
    environment = re.search(r"env \{\n(.*?)\n?\};", text, re.S)
    pairs = re.findall(r"\t(\w+) = (.*);", environment[1]) if environment else []
    return Trace(
        directory,
        Clock(frequency, 0, 0, wall_ns),
        {int(number): _unquote(name) for name, number in names},
        {key: _unquote(value) for key, value in pairs},
        tuple(sorted(directory.glob("cpu*"), key=lambda stream: (len(stream.name), stream.name))),
    )


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def _read_header(file: IO[bytes], stream: Path) -> tuple[int, ...] | None:
    """A packet's begin, end, payload size in bytes, loss and CPU; None at the end of the file."""
    header = file.read(PACKET.size)
    if len(header) < PACKET.size:
        return None
    magic, _, begin, end, content, size, _, discarded, cpu = PACKET.unpack(header)
    payload = size // 8 - PACKET.size
    if (
        magic != MAGIC
        or content != size
        or payload % SAMPLE_SIZE
        or not 0 <= payload <= _PAYLOAD_MAX
    ):
        raise TraceError(f"{stream}: expected a packet, found something else at {file.tell()}")
    return begin, end, payload, discarded, cpu


def _read_packet(file: IO[bytes], stream: Path) -> Packet | None:
    header = _read_header(file, stream)
    if header is None:
        return None
    begin, end, size, discarded, cpu = header
    payload = file.read(size)
    if len(payload) < size:
        return None
    return Packet(cpu, begin, end, discarded, Samples(cpu, 0, 0, 0, payload))


def _skip_packet(file: IO[bytes], stream: Path) -> int:
    """The size of the next packet; 0 where there is no whole one."""
    header = _read_header(file, stream)
    if header is None or not _skip_payload(file, header[2]):
        return 0
    return PACKET.size + header[2]


def _skip_payload(file: IO[bytes], size: int) -> bool:
    """Go on behind a payload; False when the file ends before."""
    at = file.tell()
    if file.seek(0, 2) < at + size:
        return False
    file.seek(at + size)
    return True
