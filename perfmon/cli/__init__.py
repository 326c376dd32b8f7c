# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line: results on stdout, everything else on stderr.

This module builds the parser and turns errors into one line and an exit status; each family of
commands has a module of its own.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Final, TextIO

from perfmon.cli.command import (
    Command,
    CommandError,
    Status,
    add_command,
    add_host_arguments,
    say,
)
from perfmon.errors import (
    ArgumentError,
    KernReturnError,
    MigBadId,
    MigServerDied,
    PerfmonError,
    TransportError,
)

# In the order of the help.  A command line loads the module of its own command and no other.
COMMANDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "enable": "control.Enable",
        "disable": "control.Disable",
        "configure": "control.Configure",
        "stats": "statistics.Stats",
        "info": "info.Info",
        "monitor": "monitor.Monitor",
        "baseline": "baselines.Baseline",
        "check-regression": "regression.CheckRegression",
        "compare": "regression.Compare",
        "history": "history.HistoryCommand",
        "thresholds": "control.Thresholds",
        "alerts": "alerts.Alerts",
        "reset": "control.Reset",
        "samples": "samples.ShowSamples",
        "record": "record.Record",
        "profile": "profile.Profiler",
        "report": "report.Report",
        "export": "export.Export",
        "relay": "relay.Relay",
        "exporter": "exporter.Exporter",
        "workload": "workload.Workload",
        "demo": "workload.Demo",
        "test": "selftest.SelfTest",
        "kernel": "kernel.Kernel",
        "completion": "completion.Completion",
    }
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a name may be of any characters
    arguments = sys.argv[1:] if argv is None else argv
    _open_what_is_closed()
    args = build_parser(_needed(arguments)).parse_args(arguments)
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


def build_parser(names: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of these commands; of all, by default."""
    parser = argparse.ArgumentParser(
        prog="perfmon",
        description="Performance analysis for GNU Mach.",
        epilog="exit status: 0 good, 1 a regression, or a check or an operation on a kernel image "
        "or a guest that failed, 2 usage, 3 the host cannot be reached",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    add_host_arguments(parser, top=True)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for kind in map(load_command, names):
        command = kind()
        added = add_command(commands, command)
        add_host_arguments(added, top=False)
        command.prepare_parser(added)
        added.set_defaults(command=command)
    return parser


def load_command(name: str) -> type[Command]:
    """The class of a command, by its name."""
    module, _, kind = COMMANDS[name].partition(".")
    command: type[Command] = getattr(import_module(f"perfmon.cli.{module}"), kind)
    return command


def _needed(arguments: Sequence[str]) -> Iterable[str]:
    """The commands that a command line may mean: one, unless it leaves that open."""
    rest = iter(arguments)
    for argument in rest:
        if argument in COMMANDS:
            return (argument,)
        if argument == "--version":
            return ()
        if argument in ("-H", "--host", "--timeout"):
            next(rest, None)
        elif not argument.startswith("-"):
            break
    return COMMANDS


def _open_what_is_closed() -> None:
    """Let output that the caller closed go nowhere; print would put errors among results."""
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()


def _nowhere() -> TextIO:
    return os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


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
