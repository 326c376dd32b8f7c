# SPDX-License-Identifier: GPL-2.0-or-later
"""The command monitor: rates of all events, refreshed."""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from typing import ClassVar

from perfmon.cli.command import HostCommand, Status, add_json_argument, count, positive_seconds
from perfmon.cli.figures import loss_rate_line, rate_table, state_line
from perfmon.cli.output import print_json
from perfmon.host import Host
from perfmon.statistics import Snapshot


class Monitor(HostCommand):
    """Show the rates of all events again and again."""

    name: ClassVar[str] = "monitor"
    example: ClassVar[str] = "monitor -i 5"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add -i, -n and --json."""
        parser.add_argument(
            "-i",
            "--interval",
            type=positive_seconds,
            default=2.0,
            metavar="SECONDS",
            help="between two tables (default: 2)",
        )
        parser.add_argument(
            "-n",
            "--count",
            type=count,
            metavar="COUNT",
            help="how many tables (default: until Ctrl-C)",
        )
        add_json_argument(parser)

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Print a table after each interval; Ctrl-C is the ordinary end."""
        tables = range(args.count) if args.count else itertools.count()
        try:
            earlier = host.snapshot()
            for _ in tables:
                time.sleep(args.interval)
                now = host.snapshot()
                if args.json:
                    _print_rates(host, now, earlier)
                else:
                    _print_frame(host, now, earlier)
                earlier = now
        except KeyboardInterrupt:
            pass
        return Status.GOOD


def _print_frame(host: Host, now: Snapshot, earlier: Snapshot) -> None:
    interface = host.interface()
    seconds = (now.taken_ns - earlier.taken_ns) / 1e9
    frame = "\n".join(
        (
            f"{state_line(host.address, interface, host.configuration())}, {seconds:.1f} s",
            rate_table(interface, now, earlier),
            "",
            loss_rate_line(now.system, earlier.system, seconds),
        )
    )
    # Home and clear: a terminal shows one table, anything else receives them one after another.
    print(f"\x1b[H\x1b[J{frame}" if sys.stdout.isatty() else f"{frame}\n", flush=True)


def _print_rates(host: Host, now: Snapshot, earlier: Snapshot) -> None:
    changes = {
        stats.name: stats.since(earlier.events.get(event, stats))
        for event, stats in now.events.items()
    }
    print_json(
        {
            "host": host.address,
            "seconds": (now.taken_ns - earlier.taken_ns) / 1e9,
            "changes": changes,
            "system": now.system,
        }
    )
