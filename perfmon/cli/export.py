# SPDX-License-Identifier: GPL-2.0-or-later
"""The command export: a recording in a format of other programs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from perfmon.cli.command import Command, CommandError, Status, say
from perfmon.cli.output import counted
from perfmon.cli.progress import reading
from perfmon.whole_file import whole_file

if TYPE_CHECKING:
    from perfmon.recording.trace import Trace

# Each in a module of its own, which is loaded when its format is asked for.
FORMATS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "chrome": "chrome.chrome_lines",
        "csv": "table.csv_lines",
        "folded": "folded.folded_lines",
        "parquet": "parquet.parquet_chunks",
        "perfetto": "perfetto.perfetto_chunks",
        "speedscope": "speedscope.speedscope_lines",
    }
)
_BINARY: Final = ("parquet", "perfetto")


class Export(Command):
    """Write a recording in a format of other programs."""

    name: ClassVar[str] = "export"
    example: ClassVar[str] = "export trace -f perfetto -o trace.pftrace"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add TRACE, -f and -o."""
        parser.add_argument("trace", type=Path, metavar="TRACE", help="a directory of `record`")
        parser.add_argument(
            "-f",
            "--format",
            choices=FORMATS,
            required=True,
            help="chrome (JSON) and perfetto (protobuf): for Perfetto's viewer; folded and "
            "speedscope: PROFILE samples, for flame graphs; csv and parquet: every field",
        )
        parser.add_argument(
            "-o", "--output", type=Path, metavar="FILE", help="default: standard output"
        )

    def run(self, args: argparse.Namespace) -> int:
        """Write it, and say what the recording lacks; a file appears only when it is whole."""
        from perfmon.recording.trace import open_trace

        if args.output is None and args.format in _BINARY and sys.stdout.isatty():
            raise CommandError(f"{args.format} is binary: -o FILE says where it goes")
        trace = open_trace(args.trace)
        watched, progress = reading(trace)
        # What goes to a terminal itself says how far it has come.
        with progress if args.output or not sys.stdout.isatty() else nullcontext():
            _write(_pieces(watched, args.format), args.output)
        if missing := sum(map(trace.discarded, trace.streams)):
            say(f"{args.trace}: {counted(missing, 'event')} missing, as `perfmon report` explains")
        if cut_off := sum(map(trace.cut_off, trace.streams)):
            say(f"{args.trace} was cut off: {counted(cut_off, 'byte')} hold no whole packet")
        return Status.GOOD


def _pieces(trace: Trace, kind: str) -> Iterator[bytes]:
    module, _, function = FORMATS[kind].partition(".")
    parts: Iterable[str | bytes] = getattr(import_module(f"perfmon.exports.{module}"), function)(
        trace
    )
    return (part if isinstance(part, bytes) else f"{part}\n".encode() for part in parts)


def _write(pieces: Iterator[bytes], output: Path | None) -> None:
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.writelines(pieces)
        return
    with whole_file(output) as partial, partial.open("wb") as file:
        file.writelines(pieces)
