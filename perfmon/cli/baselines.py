# SPDX-License-Identifier: GPL-2.0-or-later
"""The command baseline: the host's own, and those that are kept in files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

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
from perfmon.cli.comparing import add_run_arguments, measurement_named, progress, work_of
from perfmon.cli.output import NOTHING, counted, duration, number, print_json, table
from perfmon.events import event_name
from perfmon.host import Host

if TYPE_CHECKING:
    from perfmon.regressions.measurement import Measurement


class Baseline(HostCommand):
    """Set the host's baseline; or save, list, show and delete baselines in files."""

    name: ClassVar[str] = "baseline"
    example: ClassVar[str] = "-H qemu:first-light baseline save before --runs 20"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add the verbs; without one it is the host's own baseline that is set."""
        verbs = parser.add_subparsers(metavar="VERB")
        for verb in (Save(), List(), Show(), Delete()):
            added = add_command(verbs, verb)
            verb.prepare_parser(added)
            added.set_defaults(verb=verb)

    def run(self, args: argparse.Namespace) -> int:
        """Do what the verb says; without one, make the statistics since the reset the baseline."""
        verb: Command | None = getattr(args, "verb", None)
        return verb.run(args) if verb else super().run(args)

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Set the host's own."""
        del args
        host.set_baseline()
        return Status.GOOD


class Save(HostCommand):
    """Measure runs of a host, or take its figures since the last reset, and keep them."""

    name: ClassVar[str] = "save"
    example: ClassVar[str] = "-H qemu:first-light baseline save before --workload memory:100:4"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add NAME, what a run is, and --append."""
        parser.add_argument("baseline", metavar="NAME", help="or a file, if there is a / in it")
        add_run_arguments(parser)
        parser.add_argument(
            "--seconds",
            type=positive_seconds,
            metavar="SECONDS",
            help="a run is a window of time in which the host does what it does",
        )
        parser.add_argument(
            "--append",
            action="store_true",
            help="add to what is kept under this name, which was made in the same way",
        )
        add_json_argument(parser)

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Measure as the arguments say, and write."""
        from perfmon.regressions import files

        path = Path(args.baseline) if "/" in args.baseline else files.path_of(args.baseline)
        if args.append and not path.exists():
            say(f"{path} begins with these runs")
        measurement = measure(host, args, label=path.stem)
        if args.append and path.exists():
            measurement = _joined(files.load(path), measurement)
        files.save(measurement, path)
        if args.json:
            print_json({"file": path, **_description(measurement)})
        else:
            print(f"{path}: {counted(len(measurement.runs), 'run')} of {host.address}")
        if len(measurement.runs) == 1:
            say("one run can be shown, not compared: see --runs and --append")
        return Status.GOOD


def measure(host: Host, args: argparse.Namespace, label: str) -> Measurement:
    """Runs as --workload, --seconds, --runs and --passes say; without any, what there is.

    Raises:
        CommandError: they contradict each other.
    """
    from perfmon.regressions.measure import (
        DEFAULT_RUNS,
        Subject,
        measure_since_reset,
        measure_windows,
        measure_workload,
        passes_of,
    )

    if args.seconds and (args.workload or args.passes):
        raise CommandError("a run is a window (--seconds) or passes over a workload, not both")
    subject = Subject(label, host)
    runs = args.runs or DEFAULT_RUNS
    with progress(f"measuring {host.address}") as shown:
        if args.seconds:
            return measure_windows(subject, args.seconds, runs, shown)
        if args.workload or args.runs or args.passes:
            passes = args.passes or passes_of([subject])
            return measure_workload(subject, work_of(args), runs, passes, shown)
    return measure_since_reset(subject)


class List(Command):
    """List the baselines that are kept."""

    name: ClassVar[str] = "list"
    example: ClassVar[str] = "baseline list"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add --json."""
        add_json_argument(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Print one line for each."""
        from perfmon.regressions import files

        found = {name: files.load(files.path_of(name)) for name in files.names()}
        if args.json:
            print_json([{"name": name, **_description(each)} for name, each in found.items()])
            return Status.GOOD
        if not found:
            say(f"{files.directory()} holds none: `perfmon baseline save NAME` keeps one")
            return Status.GOOD
        rows = [
            [
                name,
                number(len(each.runs)),
                each.created,
                each.workload or "(windows)",
                each.environment.kernel or each.environment.host,
            ]
            for name, each in found.items()
        ]
        print(table(["<NAME", "RUNS", "<CREATED", "<WORKLOAD", "<HOST"], rows))
        return Status.GOOD


class Show(Command):
    """Show a baseline: what it was made with, and its figures."""

    name: ClassVar[str] = "show"
    example: ClassVar[str] = "baseline show before"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add NAME and --json."""
        parser.add_argument("baseline", metavar="NAME", help="or a file, or a trace")
        add_json_argument(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Print it."""
        measurement = measurement_named(args.baseline)
        if args.json:
            print_json(_description(measurement))
            return Status.GOOD
        print(f"{measurement.label}, {measurement.created}")
        for key, value in _description(measurement)["environment"].items():
            print(f"  {key:<18}{value if value != '' else NOTHING}")
        print(f"  {'workload':<18}{measurement.workload or '(windows of time)'}")
        print(f"\nmedians of {counted(len(measurement.runs), 'run')}")
        rows = [
            [
                figures["name"],
                number(figures["count"]),
                duration(round(figures["typical_ns"])) if figures["timed"] else NOTHING,
                duration(round(figures["mean_ns"])) if figures["timed"] else NOTHING,
                duration(round(figures["p99_ns"])) if figures["timed"] else NOTHING,
            ]
            for figures in _description(measurement)["events"]
        ]
        print(table(["<EVENT", "COUNT", "TYPICAL", "MEAN", "P99"], rows))
        return Status.GOOD


class Delete(Command):
    """Delete a baseline."""

    name: ClassVar[str] = "delete"
    example: ClassVar[str] = "baseline delete before"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add NAME."""
        parser.add_argument("baseline", metavar="NAME")

    def run(self, args: argparse.Namespace) -> int:
        """Delete it."""
        from perfmon.regressions import files

        try:
            files.path_of(args.baseline).unlink()
        except FileNotFoundError:
            raise CommandError(
                f"no baseline is named {args.baseline} (kept: {', '.join(files.names()) or 'none'})"
            ) from None
        return Status.GOOD


def _joined(first: Measurement, second: Measurement) -> Measurement:
    from dataclasses import replace

    from perfmon.regressions.comparable import obstacles

    found = obstacles(first, second)
    if first.environment.image_sha256 != second.environment.image_sha256:
        found = (*found, "the kernel images differ")
    if found:
        raise CommandError(f"--append: what is kept was made otherwise: {'; '.join(found)}")
    return replace(second, runs=first.runs + second.runs)


def _description(measurement: Measurement) -> dict[str, Any]:
    from dataclasses import asdict
    from statistics import median

    events = sorted({event for run in measurement.runs for event in run.events})
    figures = []
    for event in events:
        runs = [run.events[event] for run in measurement.runs if event in run.events]
        figures.append(
            {
                "event": event,
                "name": event_name(event, measurement.names),
                "count": median(run.count for run in runs),
                "timed": median(run.timed for run in runs),
                "typical_ns": median(run.typical_ns for run in runs),
                "mean_ns": median(run.mean_ns for run in runs),
                "p99_ns": median(run.percentile_ns(99) for run in runs),
            }
        )
    return {
        "label": measurement.label,
        "created": measurement.created,
        "workload": measurement.workload,
        "runs": len(measurement.runs),
        "environment": asdict(measurement.environment),
        "events": figures,
    }
