# SPDX-License-Identifier: GPL-2.0-or-later
"""What the commands that compare have in common: arguments, progress, the verdict's ways out."""

from __future__ import annotations

import argparse
import math
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from perfmon.cli.command import CommandError, Status, count, say
from perfmon.cli.output import counted
from perfmon.cli.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfmon.regressions.compare import Settings
    from perfmon.regressions.findings import Comparison
    from perfmon.regressions.measure import Progress as Runs
    from perfmon.regressions.measurement import Measurement
    from perfmon.workloads import Work

FORMATS: Final = ("text", "markdown", "json", "junit")
_SUFFIXES: Final = {".txt": "text", ".md": "markdown", ".json": "json", ".xml": "junit"}


def measurement_named(text: str) -> Measurement:
    """The measurement that a user names; says so when it is of a trace that lacks events."""
    from perfmon.regressions import sources

    measurement = sources.measurement_named(text)
    trace = sources.trace_named(text)
    if trace and (missing := sum(map(trace.discarded, trace.streams))):
        say(f"{text}: {counted(missing, 'event')} missing: its counts are of what was recorded")
    return measurement


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --workload, --runs and --passes."""
    parser.add_argument(
        "--workload",
        metavar="KIND:COUNT[:PAGES],...",
        help="what a pass does, of the host's workload server (default: a little of everything)",
    )
    parser.add_argument("--runs", type=count, metavar="COUNT", help="runs of each (default: 20)")
    parser.add_argument(
        "--passes",
        type=count,
        metavar="COUNT",
        help="passes over the workload in a run (default: 16; 1 where instructions are counted)",
    )


def add_comparison_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what a comparison can be told, and the forms of its verdict."""
    parser.add_argument(
        "-e", "--event", action="append", metavar="EVENT", help="only this one; may be repeated"
    )
    parser.add_argument(
        "--min-effect",
        type=percent,
        metavar="PERCENT",
        help="smallest change that is one (default: 2 of times and 10 of p99 where runs were "
        "interleaved, else 20 and 50; 1 of counts, none of instructions)",
    )
    parser.add_argument(
        "--alpha",
        type=probability,
        metavar="PROBABILITY",
        help="of any false alarm in the comparison (default: 0.002)",
    )
    parser.add_argument(
        "--force", action="store_true", help="compare what is not comparable, with a warning"
    )
    parser.add_argument("--all", action="store_true", help="show also what has not changed")
    parser.add_argument("--format", choices=FORMATS, help="on standard output (default: text)")
    parser.add_argument(
        "--json",
        action="store_const",
        const="json",
        dest="format",
        help="the same as --format json",
    )
    parser.add_argument(
        "--report",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="also write the verdict there: .txt, .md, .json, .xml (JUnit); may be repeated",
    )


def percent(text: str) -> float:
    """A percentage of 0 or more, for argparse."""
    value = float(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no percentage of 0 or more")
    return value


def probability(text: str) -> float:
    """A number between 0 and 1, for argparse."""
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text} is no probability between 0 and 1")
    return value


def work_of(args: argparse.Namespace) -> tuple[Work, ...]:
    """The workload that was asked for.

    Raises:
        WorkloadError: it cannot be read.
    """
    from perfmon.regressions.measure import DEFAULT_WORKLOAD
    from perfmon.workloads import parse_workload

    return parse_workload(args.workload or DEFAULT_WORKLOAD)


def check_reports(args: argparse.Namespace) -> None:
    """Find out early what would fail late.

    Raises:
        CommandError: a report's name does not say its form, or it could not be written.
    """
    for path in args.report:
        if path.suffix not in _SUFFIXES:
            raise CommandError(
                f"--report {path}: expected a name that ends in {', '.join(_SUFFIXES)}"
            )
        if not path.absolute().parent.is_dir():
            raise CommandError(f"--report {path}: there is no directory {path.absolute().parent}")
        if not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
            raise CommandError(f"--report {path}: it may not be written")


def settings_of(args: argparse.Namespace, *measurements: Measurement) -> Settings:
    """How to compare, as the arguments say.

    Raises:
        UnknownEventError: of -e.
    """
    from perfmon.events import BUILTIN_NAMES, event_id
    from perfmon.regressions.compare import DEFAULT_ALPHA, Settings

    names = dict(BUILTIN_NAMES)
    for measurement in measurements:
        names.update(measurement.names)
    wanted = args.event and frozenset(event_id(event, names) for event in args.event)
    settings = Settings(alpha=args.alpha or DEFAULT_ALPHA, events=wanted or None, force=args.force)
    return settings if args.min_effect is None else settings.with_effect(args.min_effect)


def finish(comparison: Comparison, args: argparse.Namespace) -> Status:
    """Print and write the verdict, and turn it into an exit status.

    It is printed first: it took long to find, and a report that cannot be written must not hide it.
    A regression is 1.  Where no verdict was possible it is 2, which must not be taken for "good".
    """
    from perfmon.regressions.findings import Verdict
    from perfmon.regressions.render import Format, render

    print(render(comparison, Format(args.format or "text"), every=args.all), end="", flush=True)
    for path in args.report:
        report = render(comparison, Format(_SUFFIXES[path.suffix]), every=args.all)
        path.write_text(report, encoding="utf-8")
    if comparison.verdict is Verdict.REGRESSION:
        return Status.FAILED
    return Status.USAGE if comparison.verdict is Verdict.NOT_ENOUGH_DATA else Status.GOOD


@contextmanager
def progress(title: str) -> Iterator[Runs]:
    """A line that counts runs, on a terminal; until the first, it says how long it has been."""
    with Progress(title) as shown:
        yield shown.reach
