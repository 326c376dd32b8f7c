# SPDX-License-Identifier: GPL-2.0-or-later
"""Writing a CTF 1.8 trace: a directory with a metadata file and one stream file per CPU.

A sample in a ring is a CTF event already, so a packet is a header and the ring's bytes.  What to
record, and what was lost, is the recorder's business.
"""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path
from typing import Final, Self

from perfmon.errors import PerfmonError
from perfmon.samples import Samples
from perfmon.whole_file import whole_file

MAGIC: Final = 0xC1FC1FC1
_STREAM_ID: Final = 0
# magic, stream_id; timestamp_begin, timestamp_end, content_size, packet_size (in bits),
# packet_seq_num, events_discarded, cpu_id: as the metadata declares them.
PACKET: Final = struct.Struct("<IIQQQQQQI")


class RecordingError(PerfmonError):
    """A recording cannot be written."""


class TraceWriter:
    """Writes a trace, packet by packet; a context manager that closes its files.

    Each packet goes out in one system call, so a trace that is cut off ends behind a whole packet.
    """

    def __init__(self, directory: Path, metadata: str) -> None:
        """Create the directory, which must not exist or be empty, and its metadata.

        Raises:
            RecordingError: the directory holds something else.
            OSError: it cannot be written.
        """
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise RecordingError(f"{directory}: expected a new or an empty directory")
        self._directory = directory
        self._streams: dict[int, _Stream] = {}
        self.rewrite_metadata(metadata)

    def rewrite_metadata(self, metadata: str) -> None:
        """Put other metadata in the place of the first; there is one of them at every moment."""
        # What is not whole is hidden: readers take every other file for a stream.
        with whole_file(self._directory / "metadata") as file:
            file.write_text(metadata, encoding="ascii", errors="replace")

    def write(self, samples: Samples, discarded: int) -> None:
        """Append a packet.

        Time does not go back in a trace: where a host's clock was set back, samples have the time
        of the newest before them, until the clock has come there again.

        Args:
            samples: at least one.
            discarded: events of this CPU that are missing since the trace began, in all.
        """
        stream = self._stream(samples.cpu)
        if samples[0].timestamp < stream.newest or not samples.in_order:
            samples = samples.raised(stream.newest)
        stream.write(samples[0].timestamp, samples[-1].timestamp, discarded, samples.buffer)

    def write_loss(self, cpu: int, timestamp: int, discarded: int) -> None:
        """Append a packet without events, to say how many are missing up to a moment."""
        stream = self._stream(cpu)
        timestamp = max(timestamp, stream.newest)
        stream.write(timestamp, timestamp, discarded, memoryview(b""))

    def close(self) -> None:
        """Close all files."""
        for stream in self._streams.values():
            stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _stream(self, cpu: int) -> _Stream:
        if cpu not in self._streams:
            self._streams[cpu] = _Stream(self._directory / f"cpu{cpu}", cpu)
        return self._streams[cpu]


class _Stream:
    """One CPU's file."""

    def __init__(self, path: Path, cpu: int) -> None:
        self._path = path
        self._file = path.open("xb", buffering=0)
        self._cpu = cpu
        self._packets = 0
        self.newest = 0
        self._length = 0

    def write(self, begin: int, end: int, discarded: int, payload: memoryview) -> None:
        # Readers take a packet's count relative to that of the packet before it.
        if discarded and not self._packets:
            self._append(begin, begin, 0, memoryview(b""))
        self._append(begin, end, discarded, payload)
        self.newest = end

    def _append(self, begin: int, end: int, discarded: int, payload: memoryview) -> None:
        size = PACKET.size + payload.nbytes
        header = PACKET.pack(
            MAGIC, _STREAM_ID, begin, end, size * 8, size * 8, self._packets, discarded, self._cpu
        )
        try:
            written = os.writev(self._file.fileno(), (header, payload))
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from error
        if written != size:
            self._file.truncate(self._length)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
        self._packets += 1
        self._length += size

    def close(self) -> None:
        self._file.close()
