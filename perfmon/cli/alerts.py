# SPDX-License-Identifier: GPL-2.0-or-later
"""The command alerts: wait for what crosses a threshold."""

from __future__ import annotations

import argparse
import sys
from typing import ClassVar

from perfmon.alerts import Alert
from perfmon.cli.command import (
    HostCommand,
    Status,
    add_json_argument,
    count,
    positive_seconds,
    say,
)
from perfmon.cli.output import print_json
from perfmon.host import Host


class Alerts(HostCommand):
    """Wait for what crosses a threshold, and print it as it comes."""

    name: ClassVar[str] = "alerts"
    example: ClassVar[str] = "-H qemu:first-light alerts -n 3"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add -n, --wait and --json."""
        parser.add_argument(
            "-n", "--number", type=count, metavar="COUNT", help="alerts, then end (default: go on)"
        )
        parser.add_argument(
            "--wait",
            type=positive_seconds,
            metavar="SECONDS",
            help="for each alert; without one in this time, end with status 1 (default: for ever)",
        )
        add_json_argument(parser)

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Print alerts, one line each."""
        if not host.interface().enabled:
            say("monitoring is off: `perfmon enable` turns it on")
        with host.alerts(timeout=args.wait) as alerts:
            for seen, alert in enumerate(alerts, 1):
                if args.json:
                    print_json(alert)
                else:
                    print(_line(alert))
                sys.stdout.flush()
                if seen == args.number:
                    return Status.GOOD
        say(f"no alert in {args.wait:g} s")
        return Status.FAILED


def _line(alert: Alert) -> str:
    time = f"{alert.timestamp_ns / 1e9:14.6f}"
    kind = alert.kind.name.lower().replace("_", " ")
    return f"{time}  {kind:<10}  {alert.name:<16}  {alert.describe()}"
