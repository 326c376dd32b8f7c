# SPDX-License-Identifier: GPL-2.0-or-later
"""The command test: does a host keep the promises of its interface?

Each check is a function that returns what it found and raises CheckError when that is wrong.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar, Final

from perfmon.cli.command import HostCommand, Status, add_json_argument
from perfmon.cli.output import counted, number, print_json
from perfmon.errors import KernInvalidArgument, KernInvalidHost, MachError, TransportError
from perfmon.events import Event
from perfmon.host import Host
from perfmon.interface import INTERFACE_VERSION, RATE_MAX, SAMPLE_SIZE
from perfmon.reader import SampleReader, Start


class CheckError(Exception):
    """A host does not keep a promise."""


class SelfTest(HostCommand):
    """Check a host: one line a check, exit status 1 when one fails."""

    name: ClassVar[str] = "test"
    example: ClassVar[str] = "-H embedded: test"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add --json."""
        add_json_argument(parser)

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Run every check, whatever the others found; leave monitoring as it was."""
        was_enabled = host.interface().enabled
        results = []
        try:
            for title, check in CHECKS:
                try:
                    passed, found = True, check(host)
                except (CheckError, MachError) as error:
                    passed, found = False, str(error)
                results.append({"check": title, "passed": passed, "found": found})
                if not args.json:
                    print(f"{'ok    ' if passed else 'FAILED'}  {title}: {found}", flush=True)
        finally:
            # What a host that is gone, or an unprivileged port, cannot do a check has said.
            with suppress(TransportError, KernInvalidHost):
                if was_enabled:
                    host.enable()
                else:
                    host.disable()
        if args.json:
            print_json({"host": host.address, "checks": results})
        return Status.GOOD if all(result["passed"] for result in results) else Status.FAILED


def check_interface(host: Host) -> str:
    """Version and sample size are those of this library."""
    found = host.interface()
    _expect(found.version == INTERFACE_VERSION, f"version {found.version}")
    _expect(found.sample_size == SAMPLE_SIZE, f"samples of {found.sample_size} bytes")
    return (
        f"version {found.version}, {counted(found.cpus, 'CPU')}, {found.hooked.bit_count()} events"
    )


def check_control(host: Host) -> str:
    """Enable and disable do so, twice as once."""
    for enabled in (True, True, False, False, True):
        (host.enable if enabled else host.disable)()
        _expect(host.interface().enabled is enabled, f"enabled is not {enabled}")
    return "enable and disable, each twice"


def check_refusal(host: Host) -> str:
    """An argument out of range changes nothing."""
    host.disable()
    before = host.configuration()
    try:
        host.configure(sample_rate=RATE_MAX + 1)
    except KernInvalidArgument as error:
        _expect(host.configuration() == before, "the configuration has changed")
        host.enable()
        return f"{error.name}, and the configuration is as it was"
    raise CheckError(f"a rate of {RATE_MAX + 1} was accepted")


def check_privilege(host: Host) -> str:
    """The unprivileged host port cannot control."""
    port = host.port("host")
    unprivileged = Host(host.transport, port, timeout=host.timeout, privileged=False)
    try:
        unprivileged.enable()
    except KernInvalidHost as error:
        return f"control on the unprivileged port is refused: {error.name}"
    raise CheckError("control on the unprivileged port was accepted")


def check_requests(host: Host) -> str:
    """The host counts every call."""
    before = host.system_stats().requests
    for _ in range(10):
        host.stats(Event.IPC_SEND)
    after = host.system_stats().requests
    _expect(after - before == 11, f"{after - before} of 11 requests counted")
    return f"{number(after)} requests served, each counted"


def check_statistics(host: Host) -> str:
    """What the workload does is counted."""
    if "workload" not in host.transport.ports:
        return "the host has no workload server"
    host.enable()
    before = host.stats(Event.VM_ALLOC).count
    done = host.workload.workload_memory(100, 1)
    added = host.stats(Event.VM_ALLOC).count - before
    _expect(added >= done == 100, f"{added} VM_ALLOC for {done} of 100 allocations")
    return f"100 allocations, {added} VM_ALLOC"


def check_histogram(host: Host) -> str:
    """A histogram holds every timed event."""
    host.disable()
    stats, histogram = host.stats(Event.VM_ALLOC), host.histogram(Event.VM_ALLOC)
    _expect(histogram.count == stats.timed, f"{histogram.count} of {stats.timed} in buckets")
    return f"{number(stats.timed)} durations in {len(histogram.buckets)} buckets"


def check_loss(host: Host) -> str:
    """The account of every CPU adds up."""
    host.disable()
    for cpu in host.cpus():
        _expect(
            cpu.events == cpu.written + cpu.rate_limited + cpu.refused,
            f"CPU {cpu.cpu}: {cpu.events} events are not written + rate-limited + refused: {cpu}",
        )
        _expect(
            cpu.written == cpu.readable + cpu.overwritten,
            f"CPU {cpu.cpu}: {cpu.written} written are not readable + overwritten: {cpu}",
        )
    return "events = written + rate-limited + refused, written = readable + overwritten"


def check_samples(host: Host) -> str:
    """All that is readable can be read, in order of time."""
    host.disable()
    readable = sum(cpu.readable for cpu in host.cpus())
    reader = SampleReader(host, Start.OLDEST)
    last: dict[int, int] = {}
    for batch in reader.read():
        for sample in batch:
            _expect(sample.cpu == batch.cpu, f"CPU {sample.cpu} in samples of CPU {batch.cpu}")
            _expect(sample.timestamp >= last.get(batch.cpu, 0), "time goes back")
            last[batch.cpu] = sample.timestamp
    received, lost = sum(reader.received.values()), sum(reader.lost.values())
    _expect((received, lost) == (readable, 0), f"{received} of {readable} read, {lost} lost")
    return f"{number(received)} samples read, none lost, in order of time"


CHECKS: Final[tuple[tuple[str, Callable[[Host], str]], ...]] = (
    ("interface", check_interface),
    ("control", check_control),
    ("refusal", check_refusal),
    ("privilege", check_privilege),
    ("requests", check_requests),
    ("statistics", check_statistics),
    ("histogram", check_histogram),
    ("loss", check_loss),
    ("samples", check_samples),
)


def _expect(condition: bool, otherwise: str) -> None:
    if not condition:
        raise CheckError(otherwise)
