# SPDX-License-Identifier: GPL-2.0-or-later
"""The metadata of a CTF 1.8 trace whose packets hold samples as they lie in a ring.

Pure text from values; the file that it goes into is perfmon.recording.ctf's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from perfmon.clock import Clock
from perfmon.events import BUILTIN_NAMES, Event, event_name
from perfmon.interface import EVENT_MAX
from perfmon.samples import LAYOUT

# The sample's first two fields are the event header; CTF calls the second one "id".
_HEADER: Final = LAYOUT[:2]
_FIELDS: Final = LAYOUT[2:]

_TYPES: Final = """\
typealias integer { size = 8; align = 8; signed = false; } := uint8_t;
typealias integer { size = 16; align = 8; signed = false; } := uint16_t;
typealias integer { size = 32; align = 8; signed = false; } := uint32_t;
typealias integer { size = 64; align = 8; signed = false; } := uint64_t;
"""

_TRACE: Final = """\
trace {
	major = 1;
	minor = 8;
	byte_order = le;
	packet.header := struct {
		uint32_t magic;
		uint32_t stream_id;
	};
};
"""

_STREAM: Final = """\
typealias integer {
	size = 64; align = 8; signed = false; map = clock.host.value;
} := host_clock_t;

stream {
	id = 0;
	packet.context := struct {
		host_clock_t timestamp_begin;
		host_clock_t timestamp_end;
		uint64_t content_size;
		uint64_t packet_size;
		uint64_t packet_seq_num;
		uint64_t events_discarded;
		uint32_t cpu_id;
	};
	event.header := struct {
		host_clock_t timestamp;
		uint8_t id;
	};
};
"""


def metadata_text(
    clock: Clock, names: Mapping[int, str], environment: Mapping[str, str | int]
) -> str:
    """The metadata of a trace.

    Every event id is declared, named or not, since an event may be registered while it is recorded.

    Args:
        clock: frequency, and where the clock stood at which wall-clock time.
        names: names of events by id.
        environment: what else is worth knowing; keys are identifiers.
    """
    return "\n".join(
        (
            "/* CTF 1.8 */\n",
            _TYPES,
            _TRACE,
            _environment(environment),
            _clock(clock),
            _STREAM,
            _sample(),
            "".join(_event(event, names) for event in range(EVENT_MAX)),
        )
    )


def quote(text: str) -> str:
    """A TSDL string literal; what it cannot hold becomes a question mark."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else "?" for c in escaped) + '"'


def _environment(environment: Mapping[str, str | int]) -> str:
    lines = (
        f"\t{key} = {value if isinstance(value, int) else quote(value)};\n"
        for key, value in environment.items()
    )
    return "env {\n" + "".join(lines) + "};\n"


def _clock(clock: Clock) -> str:
    # Wall-clock time when the clock stood at 0; a host that does not know the time starts in 1970.
    start_ns = max(clock.wall_ns_at(0), 0)
    seconds, rest_ns = divmod(start_ns, 1_000_000_000)
    return (
        "clock {\n"
        "\tname = host;\n"
        f"\tfreq = {clock.ticks_per_second};\n"
        f"\toffset_s = {seconds};\n"
        f"\toffset = {clock.ticks(rest_ns)};\n"
        "};\n"
    )


def _sample() -> str:
    lines = (f"\tuint{width * 8}_t {name};\n" for name, width in _FIELDS)
    return "struct sample {\n" + "".join(lines) + "};\n"


def _event(event: int, names: Mapping[int, str]) -> str:
    comment = ""
    if event in BUILTIN_NAMES:
        comment = "/* data1: {}, data2: {} */ ".format(*Event(event).data_meanings)
    return (
        f"{comment}event {{ name = {quote(event_name(event, names))}; id = {event}; "
        "stream_id = 0; fields := struct sample; };\n"
    )
