# SPDX-License-Identifier: GPL-2.0-or-later
"""What a command is: its place in the parser, the host it opens, the ways it can end.

What commands do stands in the modules beside this one.
"""

from __future__ import annotations

import argparse
import os
import sys
from abc import ABC, abstractmethod
from enum import IntEnum
from typing import ClassVar

from perfmon.address import (
    FORMS,
    Address,
    EmbeddedAddress,
    TcpAddress,
    default_address,
    is_loopback,
    parse_address,
)
from perfmon.errors import AddressError
from perfmon.host import DEFAULT_TIMEOUT, Host, connect

HOST_VARIABLE = "PERFMON_HOST"


class Status(IntEnum):
    """Exit statuses."""

    GOOD = 0
    FAILED = 1
    """A regression, or a check or a kernel operation that failed."""
    USAGE = 2
    """A mistake on the command line, or a request that the host refused."""
    UNREACHABLE = 3
    INTERRUPTED = 130


class CommandError(Exception):
    """A command cannot go on; its text is for the user."""

    def __init__(self, message: str, status: Status = Status.USAGE) -> None:
        super().__init__(message)
        self.status = status


class Command(ABC):
    """A command.  The first line of the class's docstring is its help.

    Attributes:
        name: what the user types.
        example: a command line without `perfmon`, shown by --help.
    """

    name: ClassVar[str]
    example: ClassVar[str]

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments; there are none by default."""
        del parser

    @abstractmethod
    def run(self, args: argparse.Namespace) -> int:
        """Do it, and return the exit status."""


class HostCommand(Command):
    """A command that needs a connected host, on the most privileged port that it offers."""

    def run(self, args: argparse.Namespace) -> int:
        """Connect as -H says and run on that host."""
        with self._connect(args) as host:
            return self.run_on(host, args)

    @abstractmethod
    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Do it on a host, and return the exit status."""

    def _connect(self, args: argparse.Namespace) -> Host:
        return connect_to(host_address(args), args)


def connect_to(where: Address, args: argparse.Namespace) -> Host:
    """Connect to a host with the timeout that the user gave; says when others may listen."""
    if isinstance(where, TcpAddress) and not is_loopback(where.host):
        say(f"warning: {where} is reached over the network without encryption")
    return connect(where, timeout=args.timeout)


def host_address(args: argparse.Namespace) -> Address:
    """The one address that -H or the environment gives; without either, this machine.

    Raises:
        AddressError: it cannot be read.
        CommandError: there are several.
    """
    first, *others = host_addresses(args)
    if others:
        raise CommandError(f"expected one host, found {1 + len(others)}: -H was given repeatedly")
    return first


def host_addresses(args: argparse.Namespace) -> list[Address]:
    """The addresses that -H or the environment gives, for a command that takes several.

    Without either it is this machine, and that is said.

    Raises:
        AddressError: one cannot be read.
    """
    if args.host:
        return [parse_address(text) for text in args.host]
    if text := os.environ.get(HOST_VARIABLE):
        return [parse_address(text)]
    default = default_address()
    lifetime = ", which lives as long as this command" if default == EmbeddedAddress() else ""
    say(f"no -H ADDRESS given: using {default}{lifetime}")
    return [default]


def add_command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], command: Command
) -> argparse.ArgumentParser:
    """Add a command's parser, with its help and its example; its arguments are still to come."""
    text = (type(command).__doc__ or "").partition("\n")[0]
    return commands.add_parser(
        command.name, help=text, description=text, epilog=f"example: perfmon {command.example}"
    )


def add_host_arguments(parser: argparse.ArgumentParser, *, top: bool) -> None:
    """Add -H and --timeout, accepted before the command and after it; what stands there wins."""
    parser.add_argument(
        "-H",
        "--host",
        metavar="ADDRESS",
        action="append",
        default=None if top else argparse.SUPPRESS,
        help=f"{', '.join(FORMS)} (default: ${HOST_VARIABLE}, then this machine)",
    )
    parser.add_argument(
        "--timeout",
        type=positive_seconds,
        metavar="SECONDS",
        default=DEFAULT_TIMEOUT if top else argparse.SUPPRESS,
        help=f"for each call (default: {DEFAULT_TIMEOUT:g})",
    )


def add_json_argument(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def positive_seconds(text: str) -> float:
    """A number of seconds above 0, for argparse."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e9:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds above 0")
    return seconds


def address(text: str) -> Address:
    """An address, for argparse."""
    try:
        return parse_address(text)
    except AddressError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def count(text: str) -> int:
    """A whole number from 1 to what 32 bits hold, for argparse."""
    number = _whole(text, 10)
    if not 0 < number < 1 << 32:
        raise argparse.ArgumentTypeError(f"{text} is no count of 1 to {(1 << 32) - 1}")
    return number


def word(text: str) -> int:
    """A whole number that 32 bits hold, for argparse."""
    number = _whole(text, 0)
    if not 0 <= number < 1 << 32:
        raise argparse.ArgumentTypeError(f"{text} is not in 0-{(1 << 32) - 1}")
    return number


def _whole(text: str, base: int) -> int:
    try:
        return int(text, base)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def say(message: str) -> None:
    """Tell the user something that is no result."""
    print(f"perfmon: {message}", file=sys.stderr)
