# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line: results on stdout, everything else on stderr.

This module builds the parser and turns errors into one line and an exit status; each family of
commands has a module of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final

from perfmon.cli.command import Command, CommandError, Status, add_host_arguments, say
from perfmon.cli.control import Configure, Disable, Enable, Reset, Thresholds
from perfmon.cli.export import Export
from perfmon.cli.info import Info
from perfmon.cli.kernel import Kernel
from perfmon.cli.monitor import Monitor
from perfmon.cli.regression import Baseline, CheckRegression
from perfmon.cli.relay import Relay
from perfmon.cli.report import Report
from perfmon.cli.samples import Record, ShowSamples
from perfmon.cli.selftest import SelfTest
from perfmon.cli.statistics import Stats
from perfmon.cli.workload import Demo, Workload
from perfmon.errors import (
    ArgumentError,
    KernReturnError,
    MigBadId,
    MigServerDied,
    PerfmonError,
    TransportError,
)

COMMANDS: Final[tuple[type[Command], ...]] = (
    Enable,
    Disable,
    Configure,
    Stats,
    Info,
    Monitor,
    Baseline,
    CheckRegression,
    Thresholds,
    Reset,
    ShowSamples,
    Record,
    Report,
    Export,
    Relay,
    Workload,
    Demo,
    SelfTest,
    Kernel,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status."""
    args = _parser().parse_args(argv)
    command: Command = args.command
    try:
        status = command.run(args)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output is gone; the interpreter must not flush into it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Status.GOOD
    except KeyboardInterrupt:
        return Status.INTERRUPTED
    except CommandError as error:
        say(str(error))
        return error.status
    except (TransportError, MigBadId, MigServerDied) as error:
        say(str(error))
        return Status.UNREACHABLE
    except (KernReturnError, ArgumentError, PerfmonError, OSError) as error:
        say(str(error))
        return Status.USAGE
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="perfmon",
        description="Performance analysis for GNU Mach.",
        epilog="exit status: 0 good, 1 a regression or a failed check, 2 usage, "
        "3 the host cannot be reached",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    add_host_arguments(parser, top=True)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for kind in COMMANDS:
        command = kind()
        text = (kind.__doc__ or "").partition("\n")[0]
        added = commands.add_parser(
            kind.name, help=text, description=text, epilog=f"example: perfmon {kind.example}"
        )
        add_host_arguments(added, top=False)
        command.prepare_parser(added)
        added.set_defaults(command=command)
    return parser


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: importlib.metadata takes long to load."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            found = version("perfmon")
        except PackageNotFoundError:
            found = "(not installed)"
        print(f"perfmon {found}")
        parser.exit()
