# SPDX-License-Identifier: GPL-2.0-or-later
"""The command exporter: figures of hosts for Prometheus."""

from __future__ import annotations

import argparse
from typing import ClassVar, Final

from perfmon.address import FORMS, is_loopback, parse_address
from perfmon.cli.command import Command, Status, host_address, positive_seconds, say
from perfmon.cli.stopping import stop_signals

_LISTEN: Final = "127.0.0.1:9914"
_PATIENCE: Final = 8.0


class Exporter(Command):
    """Serve the figures of hosts to Prometheus."""

    name: ClassVar[str] = "exporter"
    example: ClassVar[str] = "exporter qemu:mach ssh:root@box --listen 9914"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add the addresses, --listen and --patience."""
        parser.add_argument(
            "addresses",
            nargs="*",
            metavar="ADDRESS",
            help=f"hosts: {', '.join(FORMS)} (default: that of -H)",
        )
        parser.add_argument(
            "--listen",
            default=_LISTEN,
            metavar="[HOST:]PORT",
            help=f"where Prometheus finds it (default: {_LISTEN}); 0: any free port",
        )
        parser.add_argument(
            "--patience",
            type=positive_seconds,
            default=_PATIENCE,
            metavar="SECONDS",
            help="that a host may take to answer a scrape; below Prometheus' own limit "
            f"(default: {_PATIENCE:g})",
        )

    def run(self, args: argparse.Namespace) -> int:
        """Serve until SIGINT or SIGTERM, whether the hosts are there or not."""
        from perfmon.exporter.server import serving
        from perfmon.exporter.target import Target
        from perfmon.relay.listeners import parse_endpoint

        addresses = [parse_address(text) for text in args.addresses] or [host_address(args)]
        targets = [
            Target(address, args.timeout, lambda text: say(f"exporter: {text}"))
            for address in addresses
        ]
        host, port = parse_endpoint(args.listen)
        with stop_signals() as stopped, serving(targets, host, port, args.patience) as port:
            if not is_loopback(host):
                say(f"exporter: warning: {host}:{port} is open to the network")
            shown = f"[{host}]" if ":" in host else host
            names = ", ".join(map(str, addresses))
            say(f"exporter: serving {names} on http://{shown}:{port}/metrics; Ctrl-C ends it")
            stopped.recv(1)
        return Status.GOOD
