# SPDX-License-Identifier: GPL-2.0-or-later
"""Apache Parquet: a row for each sample, with every field as it was recorded.

Two columns are added: `time`, the moment of the event, and `name`, that of the event.  The
metadata of the file holds the environment of the recording and `ticks_per_second`.
Needs the extra `perfmon[parquet]`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from perfmon.errors import MissingExtraError
from perfmon.events import event_name
from perfmon.recording.merge import merged_arrays, nanoseconds
from perfmon.recording.trace import Trace
from perfmon.samples import LAYOUT

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROWS = 1 << 17
"""Rows of a row group, at least; all of it is in memory at a time."""


def parquet_chunks(trace: Trace) -> Iterator[bytes]:
    """The file, piece by piece.

    Raises:
        MissingExtraError: pyarrow or numpy is not installed.
    """
    try:
        import numpy
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtraError("parquet", error.name or "pyarrow", "export -f parquet") from None
    names = pyarrow.array([event_name(event, trace.names) for event in range(256)])
    environment = {**trace.environment, "ticks_per_second": str(trace.clock.ticks_per_second)}
    schema = pyarrow.schema(
        [
            ("time", pyarrow.timestamp("ns", "UTC")),
            ("name", pyarrow.dictionary(pyarrow.uint8(), pyarrow.string())),
            *((field, getattr(pyarrow, f"uint{8 * width}")()) for field, width in LAYOUT),
        ],
        environment,
    )
    sink = _Sink()
    with parquet.ParquetWriter(sink, schema) as writer:
        for rows in _gathered(merged_arrays(trace), numpy):
            columns = {field: rows[field] for field, _ in LAYOUT}
            since = nanoseconds(trace.clock, rows["timestamp"]).astype("i8")
            columns["time"] = (since + trace.clock.wall_ns_at(0)).view("M8[ns]")
            columns["name"] = pyarrow.DictionaryArray.from_arrays(rows["event"].copy(), names)
            writer.write_table(pyarrow.table(columns, schema))
            yield sink.taken()
    yield sink.taken()


class _Sink(io.BytesIO):
    """Takes what is written until it is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self._before = 0

    def tell(self) -> int:
        return self._before + super().tell()

    def taken(self) -> bytes:
        data = self.getvalue()
        self._before += len(data)
        self.seek(0)
        self.truncate()
        return data

    def close(self) -> None:
        """Keep what there is: the writer closes its file before the last piece is fetched."""


def _gathered(arrays: Iterator[NDArray[Any]], numpy: Any) -> Iterator[NDArray[Any]]:
    """The same rows in fewer and larger arrays."""
    waiting: list[NDArray[Any]] = []
    for array in arrays:
        waiting.append(array)
        if sum(map(len, waiting)) >= _ROWS:
            yield numpy.concatenate(waiting)
            waiting.clear()
    if waiting:
        yield numpy.concatenate(waiting)
