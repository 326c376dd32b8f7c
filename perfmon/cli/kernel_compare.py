# SPDX-License-Identifier: GPL-2.0-or-later
"""The verb compare of the command kernel: two kernels, one verdict, fit to gate a build."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from perfmon.cli.command import Command, CommandError, Status, count, positive_seconds
from perfmon.cli.comparing import (
    add_comparison_arguments,
    add_run_arguments,
    check_reports,
    finish,
    progress,
    settings_of,
)

if TYPE_CHECKING:
    from perfmon.regressions.kernels import Plan

_TIMEOUT = 120.0


class CompareKernels(Command):
    """Boot two kernels, run a workload in both, and give a verdict; exit status 1: a regression."""

    name: ClassVar[str] = "compare"
    example: ClassVar[str] = "kernel compare gnumach-before gnumach-after --report verdict.xml"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add A, B, how to measure and how to compare."""
        what = "an image, instrumented if it is not, or a kind that `kernel kinds` lists"
        parser.add_argument("before", metavar="A", help=what)
        parser.add_argument("after", metavar="B", help="likewise")
        parser.add_argument(
            "--clock",
            choices=("instructions", "time"),
            default="instructions",
            help="what the guests' clocks count: instructions show a change of a single one, and "
            "time shows what instructions cost (default: instructions)",
        )
        add_run_arguments(parser)
        parser.add_argument(
            "--boots",
            type=count,
            metavar="COUNT",
            help="boots of each kernel, among which its runs are divided (default: each run is a "
            "boot; with --clock time it always is)",
        )
        parser.add_argument("--memory", type=count, default=256, metavar="MIB")
        parser.add_argument(
            "--boot-timeout", type=positive_seconds, default=_TIMEOUT, metavar="SECONDS"
        )
        parser.add_argument(
            "--save", type=Path, metavar="DIR", help="keep both measurements there, as baselines"
        )
        add_comparison_arguments(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Measure, compare, print.  Without a verdict it never ends as with a regression."""
        from perfmon.kernel.errors import GuestError, KernelError

        try:
            return self._compare(args)
        except GuestError as error:
            raise CommandError(str(error), Status.UNREACHABLE) from error
        except KernelError as error:
            raise CommandError(str(error), Status.USAGE) from error

    def _compare(self, args: argparse.Namespace) -> int:
        from perfmon.regressions import files
        from perfmon.regressions.compare import compare
        from perfmon.regressions.kernels import Clock, measure_kernels

        check_reports(args)
        plan = _plan(args)
        labels = _labels(args.before, args.after)
        images = [_image(text) for text in (args.before, args.after)]
        with progress("measuring") as shown:
            before, after = measure_kernels(images, labels, plan, shown)
        if args.save:
            files.save(before, args.save / "before.json")
            files.save(after, args.save / "after.json")
        settings = settings_of(args, before, after)
        interleaved = plan.clock is Clock.TIME
        return finish(compare(before, after, replace(settings, interleaved=interleaved)), args)


def _plan(args: argparse.Namespace) -> Plan:
    from perfmon.regressions import kernels
    from perfmon.workloads import parse_workload

    clock = kernels.Clock(args.clock)
    if args.boots and clock is kernels.Clock.TIME:
        raise CommandError("--boots is for --clock instructions: with --clock time a run is a boot")
    runs = args.runs or kernels.DEFAULT_RUNS[clock]
    return kernels.Plan(
        work=parse_workload(args.workload or kernels.DEFAULT_WORKLOADS[clock]),
        clock=clock,
        runs=runs,
        passes=args.passes or kernels.DEFAULT_PASSES[clock],
        boots=args.boots or runs,
        memory=args.memory,
        timeout=args.boot_timeout,
    )


def _image(text: str) -> Path:
    from perfmon.kernel.images import kernel_image
    from perfmon.kernel.kinds import KINDS

    return kernel_image(text) if text in KINDS and not Path(text).exists() else Path(text)


def _labels(before: str, after: str) -> list[str]:
    """The files' names, if they tell the two apart."""
    names = [Path(before).name, Path(after).name]
    return names if names[0] != names[1] else [before, after]
