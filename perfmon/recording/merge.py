# SPDX-License-Identifier: GPL-2.0-or-later
"""The samples of a trace in order of time, as numpy arrays and in bounded memory.

The same order as `Trace.samples`: samples of one moment stand in order of their CPUs.
Needs the extra `perfmon[arrays]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from perfmon.clock import Clock
from perfmon.errors import MissingExtraError
from perfmon.recording.trace import Trace

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

_SECOND: Final = 1_000_000_000


def merged_arrays(trace: Trace) -> Iterator[NDArray[numpy.void]]:
    """Structured arrays as `Samples.array`, none empty, each later than the one before it.

    Raises:
        MissingExtraError: numpy is not installed.
        TraceError: a stream holds something else.
    """
    try:
        import numpy
    except ImportError:
        raise MissingExtraError("arrays", "numpy", "merged_arrays") from None
    streams = []
    waiting = []
    for path in trace.streams:
        arrays = (packet.samples.array for packet in trace.packets(path) if packet.samples)
        if (array := next(arrays, None)) is not None:
            streams.append(arrays)
            waiting.append(array)
    while waiting:
        # Up to the last sample of the array that ends first, everything is here.
        ends = [int(array["timestamp"][-1]) for array in waiting]
        horizon = min(ends)
        first = ends.index(horizon)
        counts = [
            int(numpy.searchsorted(array["timestamp"], horizon, "right" if at <= first else "left"))
            for at, array in enumerate(waiting)
        ]
        taken = numpy.concatenate(
            [array[:count] for array, count in zip(waiting, counts, strict=True)]
        )
        yield taken[numpy.argsort(taken["timestamp"], kind="stable")]
        waiting = [array[count:] for array, count in zip(waiting, counts, strict=True)]
        if (following := next(streams[first], None)) is None:
            del streams[first], waiting[first]
        else:
            waiting[first] = following


def nanoseconds(clock: Clock, ticks: NDArray[Any]) -> NDArray[Any]:
    """`Clock.ns` of unsigned 64-bit numbers; seconds apart, so that 64 bits hold every product."""
    seconds, rest = divmod(ticks, clock.ticks_per_second)
    result: NDArray[Any] = seconds * _SECOND + rest * _SECOND // clock.ticks_per_second
    return result
