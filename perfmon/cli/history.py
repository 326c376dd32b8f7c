# SPDX-License-Identifier: GPL-2.0-or-later
"""The command history: results per commit or label, and which was the first bad one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import ClassVar

from perfmon.cli.baselines import measure
from perfmon.cli.command import (
    Command,
    CommandError,
    HostCommand,
    Status,
    add_command,
    add_json_argument,
    positive_seconds,
    say,
)
from perfmon.cli.comparing import add_run_arguments, measurement_named
from perfmon.cli.output import counted, duration, number, print_json, table
from perfmon.events import event_id
from perfmon.host import Host
from perfmon.regressions.findings import Metric
from perfmon.regressions.history import DEFAULT_SERIES, History, Line, default_path


class HistoryCommand(Command):
    """Keep results per commit or label, find where they changed, plot them."""

    name: ClassVar[str] = "history"
    example: ClassVar[str] = "history changes"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add the verbs."""
        verbs = parser.add_subparsers(metavar="VERB", required=True)
        for verb in (Add(), List(), Show(), Changes(), Plot(), Remove()):
            added = add_command(verbs, verb)
            added.add_argument("--db", type=Path, metavar="FILE", help=f"default: {_PLACE}")
            added.add_argument("--series", default=DEFAULT_SERIES, metavar="NAME")
            verb.prepare_parser(added)
            added.set_defaults(verb=verb)

    def run(self, args: argparse.Namespace) -> int:
        """Do what the verb says."""
        verb: Command = args.verb
        return verb.run(args)


_PLACE = "$XDG_DATA_HOME/perfmon/history.db"


def _history(args: argparse.Namespace) -> History:
    return History(args.db or default_path())


class Add(HostCommand):
    """Add a result under a label: a baseline's, or one that is measured now."""

    name: ClassVar[str] = "add"
    example: ClassVar[str] = "history add v1.8-12-gabcdef --baseline after.json"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add LABEL, --baseline and how to measure."""
        parser.add_argument("label", metavar="LABEL", help="a commit, a version")
        parser.add_argument(
            "--baseline", metavar="BASELINE", help="a name, a file or a trace, and not a host"
        )
        add_run_arguments(parser)
        parser.add_argument("--seconds", type=positive_seconds, metavar="SECONDS")

    def run(self, args: argparse.Namespace) -> int:
        """Take what is there, or measure."""
        if not args.baseline:
            return super().run(args)
        _history(args).add(args.series, args.label, measurement_named(args.baseline))
        return Status.GOOD

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Measure the host."""
        _history(args).add(args.series, args.label, measure(host, args, args.label))
        return Status.GOOD


class List(Command):
    """List the results of all series, in order."""

    name: ClassVar[str] = "list"
    example: ClassVar[str] = "history list"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add --json."""
        add_json_argument(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Print a line for each."""
        found = _history(args).results()
        if args.json:
            print_json(found)
        elif found:
            rows = [[r.series, r.label, r.created, number(r.runs), r.workload] for r in found]
            print(table(["<SERIES", "<LABEL", "<CREATED", "RUNS", "<WORKLOAD"], rows))
        else:
            say("the history is empty: `perfmon history add LABEL` begins it")
        return Status.GOOD


class Show(Command):
    """Show the values of one result."""

    name: ClassVar[str] = "show"
    example: ClassVar[str] = "history show v1.8"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add LABEL and --json."""
        parser.add_argument("label", metavar="LABEL")
        add_json_argument(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Print a line for each quantity."""
        found = _history(args).values(args.series, args.label)
        if args.json:
            print_json([{"quantity": quantity, "value": value} for quantity, value in found])
            return Status.GOOD
        rows = [[q.name, str(q.metric), q.detail, _value(q.metric, value)] for q, value in found]
        print(table(["<EVENT", "<QUANTITY", "<CALLS", "VALUE"], rows))
        return Status.GOOD


class Changes(Command):
    """Show where quantities changed their level, and the first label of each new one."""

    name: ClassVar[str] = "changes"
    example: ClassVar[str] = "history changes -e VM_ALLOC"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add -e and --json."""
        parser.add_argument("-e", "--event", metavar="EVENT", help="only of this one")
        add_json_argument(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Print a line for each change; exit status 1 when the newest level of one is worse."""
        lines = [(line, line.changes()) for line in _lines(args)]
        found = [(line, change) for line, changes in lines for change in changes]
        newest = [changes[-1] for _, changes in lines if changes]
        worse = any(change.after > change.before for change in newest)
        if args.json:
            print_json(
                [
                    {
                        "quantity": line.quantity,
                        "first": line.labels[change.at],
                        "last_before": line.labels[change.at - 1],
                        "change": change,
                        "percent": change.percent,
                    }
                    for line, change in found
                ]
            )
        elif found:
            rows = [
                [
                    line.labels[change.at],
                    " ".join(filter(None, (line.quantity.name, line.quantity.detail))),
                    str(line.quantity.metric),
                    _value(line.quantity.metric, change.before),
                    _value(line.quantity.metric, change.after),
                    f"{change.percent:+.2f} %",
                    "worse" if change.after > change.before else "better",
                ]
                for line, change in found
            ]
            titles = ["<FIRST", "<EVENT", "<QUANTITY", "BEFORE", "AFTER", "CHANGE", "<"]
            print(table(titles, rows))
        else:
            results = len(_history(args).results(args.series))
            print(f"no change of level in {counted(results, 'result')}")
        return Status.FAILED if worse else Status.GOOD


class Plot(Command):
    """Draw the history of an event, with its changes, as SVG or PNG."""

    name: ClassVar[str] = "plot"
    example: ClassVar[str] = "history plot -e VM_ALLOC -o alloc.svg"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add -e and -o."""
        parser.add_argument("-e", "--event", metavar="EVENT", help="only of this one")
        parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")

    def run(self, args: argparse.Namespace) -> int:
        """Draw it."""
        from perfmon.regressions.plot import plot

        if args.output.suffix not in (".svg", ".png"):
            raise CommandError(f"-o {args.output}: expected a name that ends in .svg or .png")
        lines = _lines(args)
        if not lines:
            raise CommandError(f"series {args.series} has no two results to draw")
        plot(lines, f"perfmon history, series {args.series}", args.output)
        return Status.GOOD


class Remove(Command):
    """Remove a result."""

    name: ClassVar[str] = "remove"
    example: ClassVar[str] = "history remove v1.8"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add LABEL."""
        parser.add_argument("label", metavar="LABEL")

    def run(self, args: argparse.Namespace) -> int:
        """Remove it."""
        _history(args).remove(args.series, args.label)
        return Status.GOOD


def _lines(args: argparse.Namespace) -> list[Line]:
    event = None if args.event is None else event_id(args.event)
    return _history(args).lines(args.series, event)


def _value(metric: Metric, value: float) -> str:
    return duration(round(value)) if metric in (Metric.TIME, Metric.TAIL) else number(value)
