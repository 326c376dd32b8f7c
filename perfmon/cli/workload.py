# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that make a host work: workload, demo."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import ClassVar, Final

from perfmon._generated.perf_workload import PerfWorkload
from perfmon.cli.command import HostCommand, Status, add_json_argument, count, say, word
from perfmon.cli.figures import state_line, statistics_table
from perfmon.cli.output import duration, number, print_json, standard_output
from perfmon.cli.statistics import timed_histograms
from perfmon.host import Host
from perfmon.statistics import Snapshot

_Work = Callable[[PerfWorkload, int, int], int]

KINDS: Final[Mapping[str, _Work]] = MappingProxyType(
    {
        "messages": lambda server, times, _: server.workload_messages(times),
        "requests": lambda server, times, _: server.workload_requests(times),
        "memory": lambda server, times, pages: server.workload_memory(times, pages),
        "tasks": lambda server, times, _: server.workload_tasks(times),
        "threads": lambda server, times, _: server.workload_threads(times),
        "sleep": lambda server, milliseconds, _: server.workload_sleep(milliseconds),
    }
)

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
            "--pages", type=word, default=1, help="pages that memory touches (default: 1)"
        )
        add_json_argument(parser)

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Do it, and say how long it took."""
        begin = time.monotonic_ns()
        done = KINDS[args.kind](host.workload, args.count, args.pages)
        elapsed = time.monotonic_ns() - begin
        wanted = 1 if args.kind == "sleep" else args.count
        if args.json:
            print_json({"kind": args.kind, "done": done, "elapsed_ns": elapsed})
        else:
            each = f", {duration(elapsed // done)} each" if done else ""
            print(f"{args.kind}: {number(done)} done in {duration(elapsed)}{each}")
        if done != wanted:
            say(f"{args.kind}: {number(done)} of {number(wanted)} done")
        return Status.GOOD if done == wanted else Status.FAILED


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
