# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands of the regression workflow: baseline, check-regression."""

from __future__ import annotations

import argparse
from typing import ClassVar

from perfmon.cli.command import HostCommand, Status, add_json_argument, word
from perfmon.cli.output import duration, number, print_json
from perfmon.host import Host


class Baseline(HostCommand):
    """Make the statistics since the last reset the baseline."""

    name: ClassVar[str] = "baseline"
    example: ClassVar[str] = "-H qemu:first-light baseline"

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Set it."""
        del args
        host.set_baseline()
        return Status.GOOD


class CheckRegression(HostCommand):
    """Hold an event's mean against the baseline; exit status 1 when it is slower."""

    name: ClassVar[str] = "check-regression"
    example: ClassVar[str] = "check-regression -e VM_ALLOC -t 20"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add -e, -t and --json."""
        parser.add_argument(
            "-e", "--event", required=True, metavar="EVENT", help="by name or number"
        )
        parser.add_argument(
            "-t",
            "--threshold",
            type=word,
            default=20,
            metavar="PERCENT",
            help="how much slower is a regression (default: 20)",
        )
        add_json_argument(parser)

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Print the verdict with its figures."""
        detected = host.check_regression(args.event, args.threshold)
        report = host.regression(args.event)
        if args.json:
            print_json({"host": host.address, "detected": detected, "report": report})
        else:
            verdict = "a regression beyond" if detected else "within"
            print(
                f"{report.name}: mean {duration(report.current_mean_ns)} "
                f"({number(report.current_count)} events), baseline "
                f"{duration(report.baseline_mean_ns)} ({number(report.baseline_count)} events): "
                f"{report.change_percent:+.2f} %, {verdict} {args.threshold} %"
            )
        return Status.FAILED if detected else Status.GOOD
