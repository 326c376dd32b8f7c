# SPDX-License-Identifier: GPL-2.0-or-later
"""The command info: what a host is and how it is configured."""

from __future__ import annotations

import argparse
from typing import ClassVar

from perfmon.cli.command import HostCommand, Status, add_json_argument
from perfmon.cli.figures import rate_text
from perfmon.cli.output import NOTHING, duration, frequency, number, print_json, table
from perfmon.clock import Clock
from perfmon.events import event_name, events_in
from perfmon.host import Host
from perfmon.info import HostInfo
from perfmon.statistics import CpuStatistics


class Info(HostCommand):
    """Show what a host is and how it is configured."""

    name: ClassVar[str] = "info"
    example: ClassVar[str] = "-H qemu:first-light info"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add --json."""
        add_json_argument(parser)

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Print it."""
        info = host.info()
        if args.json:
            print_json(
                {
                    "host": host.address,
                    "interface": info.interface,
                    "clock": info.clock,
                    "configuration": info.configuration,
                    "cpus": info.cpus,
                }
            )
        else:
            _print_info(host, info)
        return Status.GOOD


def _print_info(host: Host, info: HostInfo) -> None:
    interface, configuration = info.interface, info.configuration
    names = host.event_names()
    recorded = events_in(configuration.event_mask & interface.hooked)
    lines = (
        ("host", f"{host.address}, {'' if host.privileged else 'un'}privileged port"),
        ("ports", ", ".join(sorted(host.transport.ports))),
        ("interface", f"version {interface.version}, {host.transport.abi.name} messages"),
        ("monitoring", "on" if interface.enabled else "off"),
        ("rate", rate_text(configuration)),
        ("buffers", f"{number(configuration.buffer_size)} samples per CPU"),
        ("mode", configuration.mode.name.lower()),
        ("events", ", ".join(event_name(event, names) for event in recorded) or NOTHING),
        ("clock", _clock_text(info.clock)),
        ("regression", f"flag at +{configuration.regression_percent} %"),
    )
    for title, text in lines:
        print(f"{title:<12}{text}")
    print()
    print(_cpu_table(info.cpus))


def _clock_text(clock: Clock) -> str:
    up = duration(clock.since_boot_ns(clock.ticks_now))
    now = clock.wall(clock.ticks_now)
    return f"{frequency(clock.ticks_per_second)}, up {up}, {now:%Y-%m-%d %H:%M:%S} UTC"


def _cpu_table(cpus: tuple[CpuStatistics, ...]) -> str:
    titles = ("CPU", "EVENTS", "WRITTEN", "RATE-LIMITED", "REFUSED", "OVERWRITTEN", "READABLE")
    rows = [
        [
            str(cpu.cpu),
            number(cpu.events),
            number(cpu.written),
            number(cpu.rate_limited),
            number(cpu.refused),
            number(cpu.overwritten),
            number(cpu.readable),
        ]
        for cpu in cpus
    ]
    return table(titles, rows)
