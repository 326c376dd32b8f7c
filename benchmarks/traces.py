# SPDX-License-Identifier: GPL-2.0-or-later
"""What is done with a recording, beside babeltrace2, and beside perf with a recording of its own.

    python -m benchmarks.traces [--events 1000000]

Seconds are the processor's.  babeltrace2 and perfmon read the same CTF trace.  perf reads what it
recorded itself, page faults of a process, because it reads no CTF; where it may not record (the
kernel's perf_event_paranoid) it is left out, and a line on stderr says so.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.figures import Figure, table
from benchmarks.tool_speed import PERFMON, child_seconds, write_trace

EVENTS = 1_000_000
ROUNDS = 3
_SECTION = "what is done with a recording"
_FAULTS = 400
"""Megabytes that are touched, page by page, under perf."""
_TOUCH = f"import mmap\nm = mmap.mmap(-1, {_FAULTS} << 20)\n" + (
    "m.madvise(mmap.MADV_NOHUGEPAGE)\nfor at in range(0, len(m), 4096): m[at] = 1\n"
)


def measure(events: int = EVENTS) -> Iterator[Figure]:
    """Yield events a second: counted, and written as a line of text each."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        trace, output = directory / "trace", directory / "text"
        write_trace(trace, events)
        counts: dict[str, Sequence[str]] = {
            "perfmon": (*PERFMON, "report", "--json", str(trace)),
            "babeltrace2": ("babeltrace2", str(trace), "--component=sink.utils.counter"),
        }
        for who, command in counts.items():
            yield Figure(_SECTION, "counted", who, "events/s", _rates(command, events))
        texts: dict[str, Sequence[str]] = {
            "perfmon": (*PERFMON, "export", "-f", "csv", str(trace), "-o", str(output)),
            "babeltrace2": ("babeltrace2", str(trace)),
        }
        for who, command in texts.items():
            yield Figure(_SECTION, "a line of text each", who, "events/s", _rates(command, events))
        yield from _perf(directory / "perf.data")


def _perf(data: Path) -> Iterator[Figure]:
    record = ("perf", "record", "-q", "-e", "page-faults", "-c", "1", "-o", str(data))
    touch = (sys.executable, "-c", _TOUCH)
    done = subprocess.run([*record, *touch], check=False, capture_output=True, text=True)
    if done.returncode:
        print(f"perf cannot record here: {done.stderr.strip()[:200]}", file=sys.stderr)
        return
    script = ("perf", "script", "-i", str(data))
    text = subprocess.run(script, check=True, capture_output=True).stdout
    rates = _rates(script, text.count(b"\n"))
    yield Figure(_SECTION, "a line of text each", "perf script", "events/s", rates)


def _rates(command: Sequence[str], events: int) -> tuple[float, ...]:
    return tuple(events / child_seconds(*command)[0] for _ in range(ROUNDS))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--events", type=int, default=EVENTS, help="of the recording")
    print(table(list(measure(parser.parse_args().events))))


if __name__ == "__main__":
    main()
