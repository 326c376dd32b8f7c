# SPDX-License-Identifier: GPL-2.0-or-later
"""Samples: the 32-byte record and the batches in which a host hands them over.

The record's layout stands here once; the numpy view and the CTF metadata are made from it.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, overload

from mig.rpc.message import Region
from perfmon.errors import MissingExtraError
from perfmon.interface import SAMPLE_SIZE, Flag

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

# Name and width in bytes, in order and without holes; all unsigned, little-endian.
LAYOUT: Final = (
    ("timestamp", 8),
    ("event", 1),
    ("cpu", 1),
    ("flags", 2),
    ("duration", 4),
    ("task", 4),
    ("thread", 4),
    ("data1", 4),
    ("data2", 4),
)

_FORMATS: Final[dict[int, Literal["B", "H", "I", "Q"]]] = {1: "B", 2: "H", 4: "I", 8: "Q"}
_RECORD: Final = struct.Struct("<" + "".join(_FORMATS[width] for _, width in LAYOUT))
_TIMESTAMP: Final = struct.Struct("<Q")
_PLACES: Final = {
    name: (sum(before for _, before in LAYOUT[:at]), width)
    for at, (name, width) in enumerate(LAYOUT)
}


class Sample(NamedTuple):
    """One recorded event.

    Attributes:
        timestamp: the event's end, in clock ticks.
        duration: in clock ticks; saturating.
        flags: bits of `perfmon.Flag`.
        task, thread: small ids, never reused; 0: none.
        data1, data2: what `Event.data_meanings` says.
    """

    timestamp: int
    event: int
    cpu: int
    flags: int
    duration: int
    task: int
    thread: int
    data1: int
    data2: int

    @property
    def flag_set(self) -> Flag:
        """The flags as an enumeration."""
        return Flag(self.flags)


class Samples(Sequence[Sample]):
    """A batch of samples of one CPU, in the order in which they were recorded.

    `len()`, indexing and iteration decode lazily; `array` and `buffer` do not copy.  Empty batches
    are false, even when they report a loss.

    Attributes:
        cpu: the CPU they were recorded on.
        cursor: the cursor that was asked for.
        next: the cursor to go on from.
        lost: samples between `cursor` and `next` that are not in the batch.
        buffer: the records as they lay in the ring, 32 bytes each, read-only.
    """

    __slots__ = ("buffer", "cpu", "cursor", "lost", "next")

    def __init__(self, cpu: int, cursor: int, following: int, lost: int, data: Region) -> None:
        self.cpu = cpu
        self.cursor = cursor
        self.next = following
        self.lost = lost
        self.buffer = memoryview(data).toreadonly()
        if self.buffer.nbytes % SAMPLE_SIZE:
            raise ValueError(f"{self.buffer.nbytes} bytes are no whole number of samples")

    def __len__(self) -> int:
        return self.buffer.nbytes // SAMPLE_SIZE

    def __iter__(self) -> Iterator[Sample]:
        return map(Sample._make, _RECORD.iter_unpack(self.buffer))

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Sample, ...]: ...
    def __getitem__(self, index: int | slice) -> Sample | tuple[Sample, ...]:
        where = range(len(self))[index]
        if isinstance(where, range):
            return tuple(self[i] for i in where)
        return Sample._make(_RECORD.unpack_from(self.buffer, where * SAMPLE_SIZE))

    def column(self, name: str) -> list[int]:
        """One field of every sample, without decoding the others; `name` as in `LAYOUT`."""
        offset, width = _PLACES[name]
        if sys.byteorder == "big":
            field = Sample._fields.index(name)
            return [sample[field] for sample in self]
        cells: memoryview[int] = self.buffer.cast(_FORMATS[width])
        return cells[offset // width :: SAMPLE_SIZE // width].tolist()

    def __repr__(self) -> str:
        return f"<Samples of CPU {self.cpu}: {len(self)}, lost {self.lost}>"

    @property
    def in_order(self) -> bool:
        """Whether no timestamp is before the one in front of it, as when a clock was set back."""
        try:
            times = self.array["timestamp"]
        except MissingExtraError:
            column = self.column("timestamp")
            return column == sorted(column)
        return not (times[1:] < times[:-1]).any()

    def raised(self, newest: int) -> Samples:
        """A copy in which no time is before the one in front of it, nor the first before newest."""
        data = bytearray(self.buffer)
        for at, timestamp in enumerate(self.column("timestamp")):
            newest = max(newest, timestamp)
            _TIMESTAMP.pack_into(data, at * SAMPLE_SIZE, newest)
        return Samples(self.cpu, self.cursor, self.next, self.lost, data)

    @property
    def array(self) -> NDArray[numpy.void]:
        """The records as a one-dimensional structured numpy array, without a copy.

        Raises:
            MissingExtraError: when numpy is not installed.
        """
        library, record = _numpy()
        array: NDArray[numpy.void] = library.frombuffer(self.buffer, record)
        return array


@cache
def _numpy() -> tuple[Any, Any]:
    """The library, and its type of a record: made once, because that takes long."""
    try:
        import numpy
    except ImportError:
        raise MissingExtraError("arrays", "numpy", "Samples.array") from None
    return numpy, numpy.dtype([(name, f"<u{width}") for name, width in LAYOUT])
