# SPDX-License-Identifier: GPL-2.0-or-later
"""The command profile: where the time goes, by samples of the program counter."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar, Final

from perfmon.address import QemuAddress, parse_address
from perfmon.analysis.profile import Profile, stacks
from perfmon.analysis.symbols import SymbolTable
from perfmon.cli.command import (
    CommandError,
    HostCommand,
    Status,
    add_json_argument,
    count,
    positive_seconds,
    say,
)
from perfmon.cli.output import counted, number, print_json, table
from perfmon.errors import MissingExtraError, TransportError
from perfmon.events import Event, events_in
from perfmon.host import Host
from perfmon.interface import NameKind
from perfmon.reader import SampleReader, Start

_LOOK: Final = 0.5
_FIELDS: Final = {
    "function": ("place", "mode"),
    "task": ("task", "mode"),
    "thread": ("task", "thread", "mode"),
}


class Profiler(HostCommand):
    """Sample the program counter at every clock tick, and show where the time went."""

    name: ClassVar[str] = "profile"
    example: ClassVar[str] = "-H qemu:first-light profile -d 5"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add -d, --by, --top, --image, --folded and --json."""
        parser.add_argument(
            "-d", "--duration", type=positive_seconds, default=5.0, metavar="SECONDS",
            help="how long (default: 5; Ctrl-C ends earlier)",
        )  # fmt: skip
        parser.add_argument(
            "--by", choices=_FIELDS, default="function", help="what to count (default: function)"
        )
        parser.add_argument(
            "--top", type=count, default=20, metavar="COUNT", help="lines (default: 20)"
        )
        parser.add_argument(
            "--image", type=Path, metavar="FILE",
            help="the kernel, unstripped, for its symbols (default: what a qemu: guest runs)",
        )  # fmt: skip
        parser.add_argument(
            "--folded", type=Path, metavar="FILE", help="write stacks as flame graphs take them"
        )
        add_json_argument(parser)

    def run_on(self, host: Host, args: argparse.Namespace) -> int:
        """Profile, and print a table."""
        if not host.interface().hooked >> Event.PROFILE & 1:
            raise CommandError(f"{host.address} has no PROFILE events")
        symbols = _symbols(args.image or _image_of(host))
        if symbols is None:
            say("no kernel image: addresses are shown as they are; --image FILE gives symbols")
        with _profiling(host):
            profile = _collect(host, args.duration, symbols)
        if args.folded:
            folded = "".join(f"{line}\n" for line in profile.folded())
            args.folded.write_text(folded, encoding="utf-8")
        if args.json:
            print_json(_figures(profile))
        else:
            _print_table(profile, args.by, args.top)
        return Status.GOOD if profile.samples else Status.FAILED


@contextmanager
def _profiling(host: Host) -> Iterator[None]:
    """Record PROFILE and nothing else; then everything is again as it was."""
    events, enabled = host.configuration().event_mask, host.interface().enabled
    host.set_events([Event.PROFILE])
    try:
        host.enable()
        yield
    finally:
        with suppress(TransportError):  # of a host that is gone, the first call says so
            if not enabled:
                host.disable()
            host.set_events(events_in(events))


def _collect(host: Host, seconds: float, symbols: SymbolTable | None) -> Profile:
    profile = Profile()
    reader = SampleReader(host, Start.NOW)
    names = {
        kind: {name.id: name.name for name in host.names(kind)}
        for kind in (NameKind.TASKS, NameKind.THREADS)
    }
    end = time.monotonic() + seconds

    def read() -> None:
        for kind, known in names.items():
            known.update((name.id, name.name) for name in host.names(kind))
        for batch in reader.read():
            profile.stacks.update(
                stacks(
                    batch, symbols,
                    tasks=names[NameKind.TASKS], threads=names[NameKind.THREADS],
                )
            )  # fmt: skip

    try:
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(_LOOK, left))
            read()
    except KeyboardInterrupt:
        read()
    profile.lost = sum(reader.lost.values())
    profile.unsampled = sum(reader.unsampled.values())
    return profile


def _image_of(host: Host) -> Path | None:
    """The image that a guest was booted with."""
    address = parse_address(host.address)
    if not isinstance(address, QemuAddress):
        return None
    from perfmon.kernel.boot import find
    from perfmon.kernel.errors import GuestError

    try:
        return find(address.name).kernel
    except GuestError as error:
        raise CommandError(str(error), Status.UNREACHABLE) from error


def _symbols(image: Path | None) -> SymbolTable | None:
    if image is None:
        return None
    from perfmon.kernel.errors import KernelError

    try:
        from perfmon.kernel.symbols import kernel_functions
    except ImportError as error:
        raise MissingExtraError("kernel", error.name or "a package", "profile --image") from error
    try:
        return SymbolTable(kernel_functions(image))
    except KernelError as error:
        raise CommandError(str(error), Status.FAILED) from error


def _figures(profile: Profile) -> dict[str, object]:
    return {
        "samples": profile.samples,
        "lost": profile.lost,
        "unsampled": profile.unsampled,
        "stacks": [
            {**stack._asdict(), "samples": samples}
            for stack, samples in sorted(profile.stacks.items(), key=lambda item: -item[1])
        ],
    }


def _print_table(profile: Profile, by: str, top: int) -> None:
    fields = _FIELDS[by]
    counted_by = profile.by(*fields)
    rows = [
        [number(samples), f"{100 * samples / profile.samples:.1f}", *key]
        for key, samples in counted_by[:top]
    ]
    title = "FUNCTION" if by == "function" else None
    titles = [f"<{title if title and name == 'place' else name.upper()}" for name in fields]
    print(table(["SAMPLES", "%", *titles], rows))
    rest = len(counted_by) - len(rows)
    more = f"; {number(rest)} more lines" if rest > 0 else ""
    gone = profile.lost + profile.unsampled
    missing = f"; {number(gone)} without a sample" if gone else ""
    say(f"{counted(profile.samples, 'sample')}, one a clock tick{more}{missing}")
