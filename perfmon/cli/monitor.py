# SPDX-License-Identifier: GPL-2.0-or-later
"""The command monitor: hosts watched live, full-screen on a terminal and in tables elsewhere."""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import ClassVar, Final

from perfmon.address import Address
from perfmon.analysis.anomalies import Anomaly, AnomalyDetector
from perfmon.cli.command import (
    Command,
    Status,
    add_json_argument,
    address,
    connect_to,
    count,
    host_addresses,
    positive_seconds,
    say,
)
from perfmon.cli.figures import loss_rate_line, rate_table, state_line
from perfmon.cli.output import print_json, standard_output
from perfmon.cli.statistics import timed_histograms
from perfmon.errors import MachError, MissingExtraError
from perfmon.host import Host, connect
from perfmon.statistics import Snapshot

_INTERVAL: Final = 1.0


class Monitor(Command):
    """Watch hosts live: rates, latencies, loss, tasks and alerts."""

    name: ClassVar[str] = "monitor"
    example: ClassVar[str] = "monitor -i 5 qemu:first-light tcp:127.0.0.1:4072"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add HOST, -i, -n, --plain and --json."""
        parser.add_argument(
            "hosts",
            nargs="*",
            type=address,
            metavar="HOST",
            help="addresses to watch side by side (default: those of -H)",
        )
        parser.add_argument(
            "-i",
            "--interval",
            type=positive_seconds,
            default=_INTERVAL,
            metavar="SECONDS",
            help=f"between two readings (default: {_INTERVAL:g}); full-screen at least 0.25",
        )
        parser.add_argument(
            "-n",
            "--count",
            type=count,
            metavar="COUNT",
            help="print that many tables (default: until Ctrl-C)",
        )
        parser.add_argument(
            "--plain",
            action="store_true",
            help="print tables one after another, as is done when there is no terminal",
        )
        add_json_argument(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Watch until the user has seen enough."""
        addresses = args.hosts or host_addresses(args)
        plain = args.plain or args.json or args.count or not _on_a_terminal()
        if not plain:
            try:
                return _watch(addresses, args)
            except MissingExtraError as error:
                say(f"{error}; plain tables until then")
        with ExitStack() as stack:
            hosts = [stack.enter_context(connect_to(where, args)) for where in addresses]
            return _print_tables(hosts, args)


def _on_a_terminal() -> bool:
    """Whether there is one that a screen can be drawn on."""
    return os.environ.get("TERM") != "dumb" and sys.stdin.isatty() and sys.stdout.isatty()


def _watch(addresses: Sequence[Address], args: argparse.Namespace) -> int:
    """Open the full-screen view, once at least one host answers."""
    from perfmon.live import Watched, open_view, require_view
    from perfmon.live.source import HostSource

    require_view()
    # While the terminal is still the user's: ssh may ask for a password.
    reached: dict[int, HostSource] = {}
    errors: list[MachError] = []
    for at, where in enumerate(addresses):
        try:
            reached[at] = HostSource(connect_to(where, args))
        except MachError as error:
            errors.append(error)
    if not reached:
        raise errors[0]

    def watched(at: int, where: Address) -> Watched:
        def open_source() -> HostSource:
            return reached.pop(at, None) or HostSource(connect(where, timeout=args.timeout))

        return Watched(str(where), open_source)

    open_view([watched(at, where) for at, where in enumerate(addresses)], args.interval)
    return Status.GOOD


def _print_tables(hosts: Sequence[Host], args: argparse.Namespace) -> int:
    """Print a table of each host after each interval; Ctrl-C is the ordinary end."""
    tables = range(args.count) if args.count else itertools.count()
    try:
        earlier = [host.snapshot() for host in hosts]
        detectors = [AnomalyDetector() for _ in hosts]
        for _ in tables:
            time.sleep(args.interval)
            now = [host.snapshot() for host in hosts]
            for host, detector, later, before in zip(hosts, detectors, now, earlier, strict=True):
                anomalies = detector.observe(later, before, timed_histograms(host, later))
                (_print_rates if args.json else _print_table)(host, later, before, anomalies)
            earlier = now
    except KeyboardInterrupt:
        pass
    return Status.GOOD


def _print_table(
    host: Host, now: Snapshot, earlier: Snapshot, anomalies: Sequence[Anomaly]
) -> None:
    interface = host.interface()
    seconds = (now.taken_ns - earlier.taken_ns) / 1e9
    lines = (
        f"{state_line(host.address, interface, host.configuration())}, {seconds:.1f} s",
        rate_table(interface, now, earlier, standard_output()),
        "",
        loss_rate_line(now.system, earlier.system, seconds),
        *(anomaly.describe() for anomaly in anomalies),
    )
    print("\n".join(lines), end="\n\n", flush=True)


def _print_rates(
    host: Host, now: Snapshot, earlier: Snapshot, anomalies: Sequence[Anomaly]
) -> None:
    changes = {
        stats.name: stats.since(earlier.events.get(event, stats))
        for event, stats in now.events.items()
    }
    print_json(
        {
            "host": host.address,
            "seconds": (now.taken_ns - earlier.taken_ns) / 1e9,
            "changes": changes,
            "system": now.system,
            "anomalies": anomalies,
        }
    )
