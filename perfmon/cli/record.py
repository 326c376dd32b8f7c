# SPDX-License-Identifier: GPL-2.0-or-later
"""The command record: samples to disk, for a time, until Ctrl-C or around another command."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from perfmon.address import EmbeddedAddress
from perfmon.cli.command import (
    HOST_VARIABLE,
    CommandError,
    HostCommand,
    Status,
    add_json_argument,
    positive_seconds,
    say,
    word,
)
from perfmon.cli.output import counted, number, print_json
from perfmon.cli.progress import Progress
from perfmon.errors import MachError, TransportError
from perfmon.events import events_in
from perfmon.host import Host
from perfmon.interface import BUFFER_MAX
from perfmon.reader import Start

if TYPE_CHECKING:
    from perfmon.recording.recorder import Recording

_BY_SIGNAL = 128


class Record(HostCommand):
    """Record samples to a directory, as a CTF 1.8 trace for babeltrace2 and Trace Compass."""

    name: ClassVar[str] = "record"
    example: ClassVar[str] = "-H qemu:mach record -o trace -- perfmon workload memory 1000"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add -o, -d, -r, -e, --include-past, --json and the command to run."""
        parser.add_argument(
            "-o", "--output", type=Path, required=True, metavar="DIR", help="new or empty"
        )
        parser.add_argument(
            "-d",
            "--duration",
            type=positive_seconds,
            metavar="SECONDS",
            help="at most this long (default: until Ctrl-C, or the end of the command)",
        )
        parser.add_argument(
            "-r",
            "--rate",
            type=word,
            metavar="RATE",
            help="samples per second and CPU meanwhile, 100-5000, or 0: every event",
        )
        parser.add_argument(
            "-e",
            "--events",
            type=lambda text: text.split(","),
            metavar="EVENT,...",
            help="meanwhile sample only these, by name or number",
        )
        parser.add_argument(
            "--include-past",
            action="store_true",
            help="begin with what the buffers hold, and leave monitoring off if it is off",
        )
        add_json_argument(parser)
        parser.add_argument(
            "program",
            nargs="*",
            metavar="-- COMMAND",
            help=f"record while this runs, with {HOST_VARIABLE} set to the host; its exit status "
            "becomes that of record",
        )

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Record, and account for everything that is missing."""
        from perfmon.recording.recorder import record

        if args.include_past and (args.rate is not None or args.events):
            raise CommandError("--include-past: -r and -e would clear what the buffers hold")
        if args.program and shutil.which(args.program[0]) is None:
            raise CommandError(f"{args.program[0]}: no such command")
        start = Start.OLDEST if args.include_past else Start.NOW
        buffer_size = host.configuration().buffer_size
        with _monitoring(host, args), _reachable(host, args) as address:
            program = _Program(args.program, address)
            progress = Progress(f"recording {host.address}", args.duration, timed=True)
            try:
                with nullcontext() if args.program else progress:
                    recording = record(
                        host, args.output, args.duration, start=start, until=program.has_ended
                    )
            except (TransportError, OSError):
                if (args.output / "metadata").exists():
                    say(f"{args.output} holds what was recorded until now")
                raise
            status = program.status()
        _print_recording(recording, as_json=args.json)
        if buffer_size < BUFFER_MAX and any(cpu.lost for cpu in recording.cpus):
            say(f"larger buffers lose less: `perfmon configure -b {BUFFER_MAX}`")
        return status


def _print_recording(recording: Recording, *, as_json: bool) -> None:
    if as_json:
        print_json(recording)
        return
    recorded, lost, unsampled = (
        sum(getattr(cpu, name) for cpu in recording.cpus)
        for name in ("recorded", "lost", "unsampled")
    )
    print(
        f"{counted(recorded, 'sample')} of {counted(len(recording.cpus), 'CPU')} "
        f"in {recording.directory}; "
        f"missing: {number(lost)} overwritten before they were read, {number(unsampled)} "
        "rate-limited or refused"
    )


@contextmanager
def _monitoring(host: Host, args: argparse.Namespace) -> Iterator[None]:
    """Monitoring as the arguments want it; afterwards it is as it was."""
    before, was_enabled = host.configuration(), host.interface().enabled
    changes = args.rate is not None or bool(args.events)

    def configure(rate: int | None, events: list[str] | list[int]) -> None:
        host.disable()
        if rate is not None:
            host.configure(sample_rate=rate)
        if events:
            host.set_events(events)

    try:
        if changes:
            configure(args.rate, args.events or [])
        if not was_enabled and not args.include_past:
            say("monitoring was off: on for the time of this recording")
        if was_enabled or not args.include_past:
            host.enable()
        yield
    finally:
        # Whatever went wrong before is what the user should read.
        with suppress(MachError):
            if changes:
                rate = None if args.rate is None else before.sample_rate
                configure(rate, list(events_in(before.event_mask)) if args.events else [])
            if was_enabled:
                host.enable()
            else:
                host.disable()


@contextmanager
def _reachable(host: Host, args: argparse.Namespace) -> Iterator[str]:
    """An address under which another process finds this host."""
    if not args.program or host.address != str(EmbeddedAddress()):
        yield host.address
        return
    from perfmon.relay.limits import Limits
    from perfmon.relay.listeners import listen_unix
    from perfmon.relay.server import Relay
    from perfmon.transports import open_transport

    with tempfile.TemporaryDirectory(prefix="perfmon-") as directory:
        path = Path(directory, "host")
        relay = Relay(lambda: open_transport(EmbeddedAddress()), Limits(), lambda _: None)
        with listen_unix(path) as listener, relay, relay.serving(listener):
            yield f"unix:{path}"


class _Program:
    """The command that is recorded; it starts when somebody first asks whether it has ended."""

    def __init__(self, command: list[str], address: str) -> None:
        self._command = command
        self._address = address
        self._process: subprocess.Popen[bytes] | None = None

    def has_ended(self) -> bool:
        """Whether it has; never, without a command."""
        if not self._command:
            return False
        if self._process is None:
            environment = {**os.environ, HOST_VARIABLE: self._address}
            self._process = subprocess.Popen(self._command, env=environment)
        return self._process.poll() is not None

    def status(self) -> int:
        """Wait for its end; its exit status as a shell has it."""
        if self._process is None:
            return Status.GOOD
        status = self._process.wait()
        if status:
            how = f"ended with status {status}" if status > 0 else f"ended by signal {-status}"
            say(f"{self._command[0]} {how}")
        return status if status >= 0 else _BY_SIGNAL - status
