# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that make a host work: workload, demo."""

from __future__ import annotations

import argparse
import time
from contextlib import suppress
from typing import ClassVar, Final

from perfmon.cli.command import HostCommand, Status, add_json_argument, count, say, word
from perfmon.cli.figures import state_line, statistics_table
from perfmon.cli.output import duration, number, print_json, standard_output
from perfmon.cli.statistics import timed_histograms
from perfmon.errors import TransportError
from perfmon.host import Host
from perfmon.statistics import Snapshot
from perfmon.workloads import KINDS

_DEMO: Final = (
    ("messages", 2000),
    ("requests", 2000),
    ("memory", 500),
    ("tasks", 20),
    ("threads", 50),
    ("sleep", 20),
)
_DEMO_PAGES: Final = 4


class Workload(HostCommand):
    """Let the host's workload server do a known number of things."""

    name: ClassVar[str] = "workload"
    example: ClassVar[str] = "-H qemu:first-light workload memory 1000 --pages 4"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add KIND, COUNT, --pages and --json."""
        parser.add_argument("kind", choices=KINDS, metavar="KIND", help=", ".join(KINDS))
        parser.add_argument(
            "count", type=count, metavar="COUNT", help="how often; milliseconds for sleep"
        )
        parser.add_argument(
            "--pages", type=word, default=1, help="pages that memory and paging touch (default: 1)"
        )
        parser.add_argument(
            "--delay",
            type=_delay,
            action="append",
            default=[],
            metavar="EVENT=NANOSECONDS",
            help="meanwhile each of these events takes so much longer (embedded hosts only)",
        )
        add_json_argument(parser)

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Do it, and say how long it took."""
        delays = {host.event(event)[0]: ns for event, ns in args.delay}
        server = host.workload
        try:
            for event, ns in delays.items():
                server.workload_delay(event, ns)
            begin = time.monotonic_ns()
            done = KINDS[args.kind](server, args.count, args.pages)
            elapsed = time.monotonic_ns() - begin
        finally:
            with suppress(TransportError):  # of a host that is gone, the first call says so
                for event in delays:
                    server.workload_delay(event, 0)
        wanted = 1 if args.kind == "sleep" else args.count
        if args.json:
            print_json({"kind": args.kind, "done": done, "elapsed_ns": elapsed})
        else:
            each = f", {duration(elapsed // done)} each" if done else ""
            print(f"{args.kind}: {number(done)} done in {duration(elapsed)}{each}")
        if done != wanted:
            say(f"{args.kind}: {number(done)} of {number(wanted)} done")
        return Status.GOOD if done == wanted else Status.FAILED


def _delay(text: str) -> tuple[str, int]:
    event, equals, ns = text.partition("=")
    if not equals or not event:
        raise argparse.ArgumentTypeError(f"{text} is not EVENT=NANOSECONDS")
    return event, word(ns)


class Demo(HostCommand):
    """Monitor a workload, twice, and show what moved: all in one process."""

    name: ClassVar[str] = "demo"
    example: ClassVar[str] = "-H embedded: demo"

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Enable, work, print, work, print what was added; leave monitoring as it was."""
        del args
        was_enabled = host.interface().enabled
        host.enable()
        try:
            first = self._round(host, None)
            print()
            self._round(host, first)
        finally:
            with suppress(TransportError):  # of a host that is gone, the first call says so
                if not was_enabled:
                    host.disable()
        return Status.GOOD

    def _round(self, host: Host, earlier: Snapshot | None) -> Snapshot:
        for kind, times in _DEMO:
            KINDS[kind](host.workload, times, _DEMO_PAGES)
        interface, snapshot = host.interface(), host.snapshot()
        work = ", ".join(f"{number(times)} {kind}" for kind, times in _DEMO if kind != "sleep")
        print(state_line(host.address, interface, host.configuration()))
        print(f"after {'another ' if earlier else ''}{work}")
        histograms = timed_histograms(host, snapshot)
        print(statistics_table(interface, snapshot, histograms, earlier, standard_output()))
        return snapshot
