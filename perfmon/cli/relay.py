# SPDX-License-Identifier: GPL-2.0-or-later
"""The command relay: a host for clients that cannot reach it themselves."""

from __future__ import annotations

import argparse
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import ClassVar

from mig.rpc.transport import Transport
from perfmon.address import Address, TcpAddress, is_loopback
from perfmon.cli.command import Command, Status, count, host_address, positive_seconds, say
from perfmon.cli.stopping import stop_signals
from perfmon.relay.limits import Limits
from perfmon.transports import open_transport


class Relay(Command):
    """Let clients of a Unix socket, a TCP port or a pipe reach a host, until Ctrl-C.

    They get every port that it offers, or the unprivileged one alone.
    """

    name: ClassVar[str] = "relay"
    example: ClassVar[str] = "-H qemu:first-light relay --tcp 4072"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add --unix, --tcp, --stdio and the limits."""
        limits = Limits()
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument(
            "--unix", type=Path, metavar="PATH", help="a socket that only its owner may use"
        )
        where.add_argument(
            "--tcp",
            metavar="[HOST:]PORT",
            help="a port, of this machine alone when no HOST is given; there is neither encryption "
            "nor a password; 0: any free port",
        )
        where.add_argument(
            "--stdio", action="store_true", help="one client on standard input and output"
        )
        parser.add_argument(
            "--unprivileged",
            action="store_true",
            help="offer the host port alone: aggregate figures, and nothing that changes the host "
            "or shows what its tasks do",
        )
        parser.add_argument(
            "--clients",
            type=count,
            default=limits.clients,
            metavar="COUNT",
            help=f"how many at once (default: {limits.clients})",
        )
        parser.add_argument(
            "--idle",
            type=positive_seconds,
            default=limits.idle,
            metavar="SECONDS",
            help=f"that a client may be silent (default: {limits.idle:g})",
        )

    def run(self, args: argparse.Namespace) -> int:
        """Serve until SIGINT or SIGTERM; with --stdio, until the client hangs up."""
        address = host_address(args)
        open_host = partial(_open_unprivileged if args.unprivileged else open_transport, address)
        limits = Limits(clients=args.clients, idle=args.idle)
        if args.stdio:
            _serve_stdio(open_host, limits)
        else:
            _serve_socket(open_host, address, limits, args)
        return Status.GOOD


def _open_unprivileged(address: Address) -> Transport:
    transport = open_transport(address)
    transport.ports = {label: name for label, name in transport.ports.items() if label == "host"}
    return transport


def _serve_stdio(open_host: Callable[[], Transport], limits: Limits) -> None:
    from perfmon.relay.session import PipePeer, Session

    # Its client ends it by hanging up, if no signal does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with open_host() as host, suppress(EOFError, KeyboardInterrupt):
        Session(PipePeer(sys.stdin.fileno(), sys.stdout.fileno()), host, limits).serve()


def _serve_socket(
    open_host: Callable[[], Transport], address: Address, limits: Limits, args: argparse.Namespace
) -> None:
    from perfmon.relay.log import BoundedLog
    from perfmon.relay.server import Relay as Server

    open_host().close()  # what is wrong with it, the user wants to know now
    with (
        stop_signals() as stopped,
        BoundedLog(lambda text: say(f"relay: {text}")) as log,
        _listen(args) as (listener, where),
        Server(open_host, limits, log) as server,
    ):
        say(f"relay: serving {address} on {where}; Ctrl-C ends it")
        server.serve(listener, stopped)


@contextmanager
def _listen(args: argparse.Namespace) -> Iterator[tuple[socket.socket, str]]:
    from perfmon.relay.listeners import listen_tcp, listen_unix, parse_endpoint

    if args.unix:
        with listen_unix(args.unix) as listener:
            yield listener, f"unix:{args.unix}"
        return
    with listen_tcp(*parse_endpoint(args.tcp)) as listener:
        host, port, *_ = listener.getsockname()
        where = TcpAddress(host, port)
        if not is_loopback(host):
            say(
                f"relay: warning: {where} is open to the network, without encryption or password: "
                "whoever reaches it controls the host's monitoring"
            )
        yield listener, str(where)
