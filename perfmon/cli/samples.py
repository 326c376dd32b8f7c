# SPDX-License-Identifier: GPL-2.0-or-later
"""The command samples: single events, as they were recorded."""

from __future__ import annotations

import argparse
import heapq
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Final

from perfmon.cli.command import HostCommand, Status, add_json_argument, count, say
from perfmon.cli.output import NOTHING, counted, duration, print_json
from perfmon.clock import Clock
from perfmon.errors import KernNotSupported
from perfmon.events import BUILTIN_NAMES, Event, event_name
from perfmon.host import Host
from perfmon.interface import Flag, NameKind
from perfmon.reader import SampleReader, Start
from perfmon.samples import Sample

_HEXADECIMAL: Final = ("address", "pc", "result")


class ShowSamples(HostCommand):
    """Show the newest samples of all CPUs, in order of time."""

    name: ClassVar[str] = "samples"
    example: ClassVar[str] = "samples -n 50 -e PAGE_FAULT"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add -n, -e, --follow and --json."""
        parser.add_argument(
            "-n", "--count", type=count, default=20, metavar="COUNT", help="how many (default: 20)"
        )
        parser.add_argument("-e", "--event", metavar="EVENT", help="only this one")
        parser.add_argument(
            "-f", "--follow", action="store_true", help="go on with what comes, until Ctrl-C"
        )
        add_json_argument(parser)

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Print them, one a line."""
        wanted = None if args.event is None else host.event(args.event)[0]
        printer = _JsonPrinter() if args.json else _LinePrinter(host)
        reader = SampleReader(host, Start.OLDEST)
        newest = {
            cpu: deque(samples, maxlen=args.count)
            for cpu, samples in _read(reader, wanted, losses=None).items()
        }
        merged = list(heapq.merge(*newest.values(), key=lambda sample: sample.timestamp))
        for sample in merged[-args.count :]:
            printer.sample(sample)
        if not (merged or args.follow):
            hint = "" if host.interface().enabled else ": `perfmon enable` begins to take them"
            say(f"{host.address} holds no such samples{hint}")
        try:
            while args.follow:
                time.sleep(0.2)
                fresh = _read(reader, wanted, losses=printer)
                for sample in heapq.merge(*fresh.values(), key=lambda sample: sample.timestamp):
                    printer.sample(sample)
        except KeyboardInterrupt:
            pass
        return Status.GOOD


class _JsonPrinter:
    """One JSON object a line: a sample as the host has it, or a loss."""

    def sample(self, sample: Sample) -> None:
        print_json(sample._asdict())

    def loss(self, cpu: int, lost: int) -> None:
        print_json({"cpu": cpu, "lost": lost})


class _LinePrinter:
    """One line a sample, with names, units and times."""

    def __init__(self, host: Host) -> None:
        self._clock: Clock = host.clock()
        self._events: Mapping[int, str] = host.event_names()
        self._tasks = _names(host, NameKind.TASKS)
        self._traps = _names(host, NameKind.TRAPS)

    def sample(self, sample: Sample) -> None:
        timestamp = self._clock.since_boot_ns(sample.timestamp) / 1e9
        instant = sample.flags & Flag.INSTANT
        task = self._tasks.get(sample.task) or f"task {sample.task}"
        fields = (
            f"{timestamp:14.6f}",
            f"cpu{sample.cpu}",
            f"{event_name(sample.event, self._events):<16}",
            f"{NOTHING if instant else duration(self._clock.ns(sample.duration)):>8}",
            f"{task}/{sample.thread}",
            _data(sample, self._traps),
            _flags(sample),
        )
        print("  ".join(field for field in fields if field))

    def loss(self, cpu: int, lost: int) -> None:
        print(f"[cpu{cpu} lost {counted(lost, 'sample')}]")


def _read(
    reader: SampleReader, wanted: int | None, losses: _JsonPrinter | _LinePrinter | None
) -> dict[int, Iterable[Sample]]:
    found: dict[int, list[Sample]] = {}
    for batch in reader.read():
        if batch.lost and losses:
            losses.loss(batch.cpu, batch.lost)
        found.setdefault(batch.cpu, []).extend(_only(batch, wanted))
    return dict(found)


def _only(samples: Iterable[Sample], wanted: int | None) -> Iterator[Sample]:
    return (sample for sample in samples if wanted is None or sample.event == wanted)


def _names(host: Host, kind: NameKind) -> dict[int, str]:
    try:
        return {name.id: name.name for name in host.names(kind)}
    except KernNotSupported:
        return {}


def _data(sample: Sample, traps: Mapping[int, str]) -> str:
    if sample.event not in BUILTIN_NAMES:
        return f"{sample.data1:#x} {sample.data2:#x}"
    first, second = Event(sample.event).data_meanings
    if sample.event == Event.SYSCALL and sample.data1 in traps:
        return f"{traps[sample.data1]}, {second} {sample.data2:#x}"
    return f"{_datum(first, sample.data1)}, {_datum(second, sample.data2)}"


def _datum(meaning: str, value: int) -> str:
    return f"{meaning} {value:#x}" if meaning in _HEXADECIMAL else f"{meaning} {value}"


def _flags(sample: Sample) -> str:
    return " ".join(flag.name.lower() for flag in sample.flag_set & ~Flag.INSTANT if flag.name)
