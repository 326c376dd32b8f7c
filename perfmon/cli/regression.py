# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands that give a verdict: check-regression, compare."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from typing import TYPE_CHECKING, ClassVar

from perfmon.address import Address, parse_address
from perfmon.cli.baselines import measure
from perfmon.cli.command import Command, CommandError, HostCommand, Status, positive_seconds, word
from perfmon.cli.comparing import (
    add_comparison_arguments,
    add_run_arguments,
    check_reports,
    finish,
    measurement_named,
    progress,
    settings_of,
    work_of,
)
from perfmon.cli.output import duration, number, print_json
from perfmon.errors import AddressError
from perfmon.host import Host, connect

if TYPE_CHECKING:
    from perfmon.regressions.measure import Subject
    from perfmon.regressions.measurement import Measurement

_DEFAULT_THRESHOLD = 20


class CheckRegression(HostCommand):
    """Hold a host against its baseline, or one that is kept; exit status 1 when it is slower."""

    name: ClassVar[str] = "check-regression"
    example: ClassVar[str] = "check-regression -e VM_ALLOC -t 20"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add -e, -t, --against and what belongs to it."""
        parser.add_argument(
            "-t",
            "--threshold",
            type=word,
            metavar="PERCENT",
            help=f"how much slower is a regression (default: {_DEFAULT_THRESHOLD}; with --against "
            "that of --min-effect)",
        )
        parser.add_argument(
            "--against",
            metavar="BASELINE",
            help="a name, a file or a trace: its workload is repeated as often as there",
        )
        add_comparison_arguments(parser)
        add_run_arguments(parser)
        parser.add_argument(
            "--seconds", type=positive_seconds, metavar="SECONDS", help="a run is a window of time"
        )

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Print the verdict with its figures."""
        if args.against:
            return self._against(host, args)
        if not args.event:
            raise CommandError("which event? -e names it, or --against a baseline for all")
        threshold = _DEFAULT_THRESHOLD if args.threshold is None else args.threshold
        found = [self._ask(host, event, threshold, args.format) for event in args.event]
        return Status.FAILED if any(found) else Status.GOOD

    def _ask(self, host: Host, event: str, threshold: int, form: str | None) -> bool:
        """The kernel's own verdict on one event."""
        detected = host.check_regression(event, threshold)
        report = host.regression(event)
        if form == "json":
            print_json({"host": host.address, "detected": detected, "report": report})
        elif form in (None, "text"):
            verdict = "a regression beyond" if detected else "within"
            print(
                f"{report.name}: mean {duration(report.current_mean_ns)} "
                f"({number(report.current_count)} events), baseline "
                f"{duration(report.baseline_mean_ns)} ({number(report.baseline_count)} events): "
                f"{report.change_percent:+.2f} %, {verdict} {threshold} %"
            )
        else:
            raise CommandError(f"--format {form} takes --against")
        return detected

    def _against(self, host: Host, args: argparse.Namespace) -> int:
        from perfmon.regressions.compare import compare

        check_reports(args)
        before = measurement_named(args.against)
        if before.workload and not args.seconds:
            args.workload = args.workload or before.workload
            args.runs = args.runs or len(before.runs)
        after = measure(host, args, label=host.address)
        settings = settings_of(args, before, after)
        if args.threshold is not None:
            settings = settings.with_effect(args.threshold)
        return finish(compare(before, after, settings), args)


class Compare(Command):
    """Compare two baselines, files or traces; or two hosts, whose runs are interleaved."""

    name: ClassVar[str] = "compare"
    example: ClassVar[str] = "compare before after"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add A, B and what a comparison can be told."""
        what = "a baseline's name, a file, a trace, or an address as -H takes it"
        parser.add_argument("before", metavar="A", help=what)
        parser.add_argument("after", metavar="B", help="likewise")
        add_run_arguments(parser)
        add_comparison_arguments(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Print the verdict."""
        from perfmon.regressions.compare import compare

        check_reports(args)
        addresses = [_address(text) for text in (args.before, args.after)]
        if all(addresses):
            return self._hosts([each for each in addresses if each], args)
        if any(addresses):
            raise CommandError(
                "a host is compared with a host; with a baseline: "
                "perfmon -H ADDRESS check-regression --against BASELINE"
            )
        if args.workload or args.runs or args.passes:
            raise CommandError("--workload, --runs and --passes are for hosts: these are made")
        before, after = measurement_named(args.before), measurement_named(args.after)
        return finish(compare(before, after, settings_of(args, before, after)), args)

    def _hosts(self, addresses: list[Address], args: argparse.Namespace) -> int:
        from perfmon.regressions.measure import Subject

        with ExitStack() as stack:
            subjects = [
                Subject(str(each), stack.enter_context(connect(each, timeout=args.timeout)))
                for each in addresses
            ]
            before, after = interleaved(subjects, args)
        return compare_interleaved(before, after, args)


def interleaved(subjects: list[Subject], args: argparse.Namespace) -> list[Measurement]:
    """Measure hosts as --workload, --runs and --passes say."""
    from perfmon.regressions.measure import DEFAULT_RUNS, measure_interleaved, passes_of

    runs, passes = args.runs or DEFAULT_RUNS, args.passes or passes_of(subjects)
    with progress("measuring") as shown:
        return measure_interleaved(subjects, work_of(args), runs, passes, shown)


def compare_interleaved(
    before: Measurement, after: Measurement, args: argparse.Namespace
) -> Status:
    """Compare, print, and say how it ended."""
    from dataclasses import replace

    from perfmon.regressions.compare import compare

    settings = replace(settings_of(args, before, after), interleaved=True)
    return finish(compare(before, after, settings), args)


def _address(text: str) -> Address | None:
    try:
        return parse_address(text)
    except AddressError:
        return None
