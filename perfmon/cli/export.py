# SPDX-License-Identifier: GPL-2.0-or-later
"""The command export: a recording in a format of other programs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from perfmon.cli.command import Command, Status

if TYPE_CHECKING:
    from perfmon.recording.trace import Trace


def _chrome(trace: Trace) -> Iterator[str]:
    from perfmon.exports.chrome import chrome_lines

    return chrome_lines(trace)


def _csv(trace: Trace) -> Iterator[str]:
    from perfmon.exports.table import csv_lines

    return csv_lines(trace)


def _folded(trace: Trace) -> Iterator[str]:
    from perfmon.exports.folded import folded_lines

    return folded_lines(trace)


FORMATS: Final[Mapping[str, Callable[[Trace], Iterator[str]]]] = MappingProxyType(
    {"chrome": _chrome, "csv": _csv, "folded": _folded}
)


class Export(Command):
    """Write a recording as Chrome/Perfetto JSON, CSV or folded stacks."""

    name: ClassVar[str] = "export"
    example: ClassVar[str] = "export trace -f chrome -o trace.json"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add TRACE, -f and -o."""
        parser.add_argument("trace", type=Path, metavar="TRACE", help="a directory of `record`")
        parser.add_argument(
            "-f",
            "--format",
            choices=FORMATS,
            required=True,
            help="chrome: for Perfetto's viewer; folded: PROFILE samples, for flame graphs",
        )
        parser.add_argument(
            "-o", "--output", type=Path, metavar="FILE", help="default: standard output"
        )

    def run(self, args: argparse.Namespace) -> int:
        """Write it; a file appears only when it is whole."""
        from perfmon.recording.trace import open_trace

        lines = FORMATS[args.format](open_trace(args.trace))
        if args.output is None:
            sys.stdout.writelines(_terminated(lines))
            return Status.GOOD
        partial = args.output.with_name(f"{args.output.name}.partial")
        try:
            with partial.open("w", encoding="utf-8") as file:
                file.writelines(_terminated(lines))
            partial.replace(args.output)
        finally:
            partial.unlink(missing_ok=True)
        return Status.GOOD


def _terminated(lines: Iterable[str]) -> Iterator[str]:
    return (f"{line}\n" for line in lines)
