# SPDX-License-Identifier: GPL-2.0-or-later
"""Perfetto's own format, which its viewer opens and its trace processor queries.

Tasks are its processes and threads its threads, both by their small ids.  Below its thread, each
kind of event has a track of its own, so that events which began at one moment cannot be taken for
one another's ends; those of a processor, switches and interrupts, are below the CPU.  A sample is
a slice, or an instant where nothing was timed; its packets stand in the order of samples.
Needs the extra `perfmon[perfetto]`.

The packets of one track differ in a few numbers only.  So the library serialises one packet for
each track, with the numbers at their full width, and those are filled in for many samples at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from perfmon.errors import MissingExtraError
from perfmon.events import BUILTIN_NAMES, Event, event_name
from perfmon.interface import EVENT_MAX, Flag
from perfmon.recording.merge import merged_arrays, nanoseconds
from perfmon.recording.trace import Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SEQUENCE: Final = 1
_BOOTTIME, _REALTIME = 6, 1
_CLEARED, _NEEDED = 1, 2
# Kinds of parents; they are the highest byte of a track's id.
_TASK, _THREAD, _CPU = 1, 2, 3
_ON_CPU: Final = (Event.CONTEXT_SWITCH, Event.INTERRUPT)
_NAMES: Final = 128
"""Where the ids of event names begin: all of them are two bytes long."""
# What stands in a template where a number will be: of 9 and of 5 bytes, as long as it can be.
_TIME: Final = 1 << 62
_WORD: Final = (1 << 32) - 1
_TIME_BYTES: Final = b"\x80" * 8 + b"\x40"
_WORD_BYTES: Final = b"\xff" * 4 + b"\x0f"


def perfetto_chunks(trace: Trace) -> Iterator[bytes]:
    """The file, piece by piece.

    Raises:
        MissingExtraError: the package perfetto or numpy is not installed.
    """
    try:
        import numpy
        from perfetto.protos.perfetto.trace import perfetto_trace_pb2
    except ImportError as error:
        missing = "numpy" if error.name == "numpy" else "perfetto"
        raise MissingExtraError("perfetto", missing, "export -f perfetto") from None
    tracks = _Tracks(trace, perfetto_trace_pb2)
    filler = _Filler(trace, numpy)
    yield tracks.preamble()
    for samples in merged_arrays(trace):
        found, place = filler.tracks(samples)
        templates = [tracks.template(*key) for key in found]
        yield tracks.taken()  # those that are new are declared first
        yield filler.packets(samples, templates, place)


class _Tracks:
    """Declares tracks as they are met, and serialises what their packets have in common."""

    def __init__(self, trace: Trace, proto: Any) -> None:
        self._trace = trace
        self._task_names = trace.task_names
        self._proto = proto
        self._new = proto.Trace()
        self._keys: dict[str, int] = {}
        self.template = cache(self._make_template)
        self._parent = cache(self._declare_parent)

    def preamble(self) -> bytes:
        """Packets in front of all others: the clocks, and all names."""
        clocks = self._add(_CLEARED).clock_snapshot.clocks
        for clock, value in ((_BOOTTIME, 0), (_REALTIME, self._trace.clock.wall_ns_at(0))):
            clocks.add(clock_id=clock, timestamp=value)
        names = self._add().interned_data
        for event in range(EVENT_MAX):
            names.event_names.add(iid=_NAMES + event, name=event_name(event, self._trace.names))
            for key in _keys(event):
                if key not in self._keys:
                    self._keys[key] = len(self._keys) + 1
                    names.debug_annotation_names.add(iid=self._keys[key], name=key)
        return self.taken()

    def taken(self) -> bytes:
        """The packets that were made since this was last asked for."""
        data: bytes = self._new.SerializeToString()
        self._new.Clear()
        return data

    def _make_template(self, event: int, task: int, owner: int) -> tuple[bytes, bytes, bytes]:
        """Declare a track; a slice's begin and end on it, and an instant."""
        if event in _ON_CPU:
            parent = self._parent(_CPU, 0, owner)
        elif owner:
            parent = self._parent(_THREAD, task, owner)
        else:
            parent = self._parent(_TASK, 0, task)
        track = parent | (event + 1) << 40
        self._describe(track, parent).name = event_name(event, self._trace.names)
        begin, end, instant = (
            self._packet(event, track, kind) for kind in ("SLICE_BEGIN", "SLICE_END", "INSTANT")
        )
        return begin, end, instant

    def _packet(self, event: int, track: int, kind: str) -> bytes:
        trace = self._proto.Trace()
        packet = trace.packet.add(
            timestamp=_TIME, trusted_packet_sequence_id=_SEQUENCE, sequence_flags=_NEEDED
        )
        packet.track_event.type = self._proto.TrackEvent.Type.Value(f"TYPE_{kind}")
        packet.track_event.track_uuid = track
        if kind != "SLICE_END":
            packet.track_event.name_iid = _NAMES + event
            for key in _keys(event):
                packet.track_event.debug_annotations.add(name_iid=self._keys[key], uint_value=_WORD)
        data: bytes = trace.SerializeToString()
        return data

    def _declare_parent(self, kind: int, task: int, owner: int) -> int:
        track = kind << 56 | owner
        if kind == _CPU:
            self._describe(track, 0).name = f"CPU {owner}"
        elif kind == _TASK:
            process = self._describe(track, 0).process
            process.pid = _signed(owner)
            process.process_name = self._task_names.get(owner, f"task {owner}")
        else:
            thread = self._describe(track, self._parent(_TASK, 0, task)).thread
            thread.pid, thread.tid = _signed(task), _signed(owner)
            thread.thread_name = f"thread {owner}"
        return track

    def _describe(self, track: int, parent: int) -> Any:
        descriptor = self._add().track_descriptor
        descriptor.uuid = track
        if parent:
            descriptor.parent_uuid = parent
        return descriptor

    def _add(self, flags: int = _NEEDED) -> Any:
        return self._new.packet.add(
            timestamp=0, trusted_packet_sequence_id=_SEQUENCE, sequence_flags=flags
        )


class _Filler:
    """Fills numbers into templates, for many samples at once."""

    def __init__(self, trace: Trace, numpy: Any) -> None:
        self._clock = trace.clock
        self._np = numpy

    def tracks(self, samples: NDArray[Any]) -> tuple[list[tuple[int, int, int]], NDArray[Any]]:
        """The tracks of samples, each as (event, task, thread or CPU), and which one each is on."""
        np = self._np
        event = samples["event"].astype("u8") & (EVENT_MAX - 1)
        on_cpu = np.isin(event, _ON_CPU)
        task = np.where(on_cpu, 0, samples["task"]).astype("u8")
        owner = np.where(on_cpu, samples["cpu"], samples["thread"]).astype("u8")
        _, pair = np.unique(task << 32 | owner, return_inverse=True)
        _, first, place = np.unique(
            pair.astype("u8") * EVENT_MAX + event, return_index=True, return_inverse=True
        )
        found = zip(event[first].tolist(), task[first].tolist(), owner[first].tolist(), strict=True)
        return list(found), place

    def packets(
        self,
        samples: NDArray[Any],
        templates: list[tuple[bytes, bytes, bytes]],
        place: NDArray[Any],
    ) -> bytes:
        """One packet for each sample, or two for a slice."""
        np = self._np
        instant = samples["flags"] & Flag.INSTANT != 0
        end = nanoseconds(self._clock, samples["timestamp"])
        length = nanoseconds(self._clock, samples["duration"].astype("u8"))
        begin = np.where(instant, end, end - np.minimum(length, end))
        first, second, _ = templates[0]
        size = len(first)
        slices = np.frombuffer(b"".join(b + e for b, e, _ in templates), "u1")
        instants = np.frombuffer(b"".join(i + e for _, e, i in templates), "u1")
        both = np.stack((slices.reshape(len(templates), -1), instants.reshape(len(templates), -1)))
        rows = both[instant.astype("u1"), place]
        self._fill(rows, first.index(_TIME_BYTES), begin, 9)
        self._fill(rows, size + second.index(_TIME_BYTES), end, 9)
        at = 0
        for field in ("cpu", "flags", "data1", "data2"):
            at = first.index(_WORD_BYTES, at)
            self._fill(rows, at, samples[field], 5)
            at += len(_WORD_BYTES)
        kept = np.ones(rows.shape, bool)
        kept[instant, size:] = False
        data: bytes = rows[kept].tobytes()
        return data

    def _fill(self, rows: NDArray[Any], at: int, values: NDArray[Any], width: int) -> None:
        """Write varints of one width: seven bits a byte, the last one without the highest bit."""
        rest = values.astype("u8")
        for byte in range(width):
            rows[:, at + byte] = rest & 0x7F | (0x80 if byte < width - 1 else 0)
            rest >>= 7


@cache
def _keys(event: int) -> tuple[str, str, str, str]:
    data = Event(event).data_meanings if event in BUILTIN_NAMES else ("data1", "data2")
    return "cpu", "flags", *data


def _signed(number: int) -> int:
    """The 32-bit number with these bits that Perfetto's numbers of processes and threads can be."""
    return number - (number >> 31 << 32)
