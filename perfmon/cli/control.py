# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that change a host: enable, disable, configure, reset, thresholds."""

from __future__ import annotations

import argparse
from contextlib import suppress
from typing import ClassVar

from perfmon.cli.command import CommandError, HostCommand, Status, add_json_argument, say, word
from perfmon.cli.output import print_json
from perfmon.errors import TransportError
from perfmon.events import events_in
from perfmon.host import Host
from perfmon.interface import Mode


class Enable(HostCommand):
    """Start monitoring."""

    name: ClassVar[str] = "enable"
    example: ClassVar[str] = "-H qemu:first-light enable"

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Enable."""
        del args
        host.enable()
        return Status.GOOD


class Disable(HostCommand):
    """Stop monitoring; figures and samples stay readable."""

    name: ClassVar[str] = "disable"
    example: ClassVar[str] = "-H qemu:first-light disable"

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Disable."""
        del args
        host.disable()
        return Status.GOOD


class Configure(HostCommand):
    """Set sampling rate, buffer size, events and mode; what is not given stays as it is."""

    name: ClassVar[str] = "configure"
    example: ClassVar[str] = "configure -r 2000 -b 8192"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add -r, -b, --events and --mode."""
        parser.add_argument(
            "-r",
            "--rate",
            type=word,
            metavar="RATE",
            help="samples per second and CPU, 100-5000, or 0: every event",
        )
        parser.add_argument(
            "-b",
            "--buffer",
            type=word,
            metavar="SAMPLES",
            help="samples per CPU, 1024-32768, a power of two",
        )
        parser.add_argument(
            "--events",
            type=lambda text: text.split(","),
            metavar="EVENT,...",
            help="record only these, by name or number; all: every event that has a name",
        )
        parser.add_argument(
            "--mode",
            choices=[mode.name.lower() for mode in Mode],
            help="what a full buffer does: overwrite the oldest samples, or stop",
        )

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Apply; monitoring pauses for it when it is on.  What is refused comes first."""
        given = (args.rate, args.buffer, args.events, args.mode)
        if all(value is None for value in given):
            raise CommandError(
                "nothing to configure: -r, -b, --events or --mode (`perfmon info` shows what is "
                "in force)"
            )
        events = _events(host, args.events)
        paused = host.interface().enabled
        if paused:
            host.disable()
        try:
            if args.rate is not None or args.buffer is not None:
                host.configure(sample_rate=args.rate, buffer_size=args.buffer)
            if events is not None:
                host.set_events(events)
            if args.mode is not None:
                host.set_mode(Mode[args.mode.upper()])
        finally:
            if paused:
                with suppress(TransportError):  # of a host that is gone, the first call says so
                    host.enable()
                    say("monitoring was on: paused and resumed")
        return Status.GOOD


def _events(host: Host, given: list[str] | None) -> list[int] | None:
    """The ids of those that the user names."""
    if given == ["all"]:
        return list(events_in(host.interface().events))
    return None if given is None else [host.event(event)[0] for event in given]


class Reset(HostCommand):
    """Clear statistics, samples and baseline."""

    name: ClassVar[str] = "reset"
    example: ClassVar[str] = "-H qemu:first-light reset"

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Reset."""
        del args
        host.reset()
        return Status.GOOD


class Thresholds(HostCommand):
    """Set alert thresholds (0: off) and show those in force."""

    name: ClassVar[str] = "thresholds"
    example: ClassVar[str] = "thresholds --latency 500"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add one option per threshold."""
        parser.add_argument(
            "--latency", type=word, metavar="US", help="an event's work, in microseconds"
        )
        parser.add_argument(
            "--throughput", type=word, metavar="N", help="an event's rate per second, at least"
        )
        parser.add_argument(
            "--error-rate", type=_share, metavar="PERCENT", help="an event's failures, in percent"
        )
        add_json_argument(parser)

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Set what is given, then print what is in force."""
        given = {
            "latency_us": args.latency,
            "throughput": args.throughput,
            "error_rate": args.error_rate,
        }
        if any(value is not None for value in given.values()):
            host.set_thresholds(**given)
        now = host.configuration()
        if args.json:
            print_json({name: getattr(now, name) for name in given})
        else:
            print(f"latency     {_or_off(now.latency_us, 'us')}")
            print(f"throughput  {_or_off(now.throughput, 'events/s')}")
            print(f"error rate  {_or_off(now.error_rate, '%')}")
        return Status.GOOD


def _share(text: str) -> int:
    """Percent that failures can exceed."""
    number = word(text)
    if number >= 100:
        raise argparse.ArgumentTypeError(f"{text} is not in 0-99: no more than all can fail")
    return number


def _or_off(value: int, unit: str) -> str:
    return f"{value} {unit}" if value else "off"
