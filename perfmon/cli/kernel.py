# SPDX-License-Identifier: GPL-2.0-or-later
"""The command kernel: kinds, fetch, instrument, objects, boot, list, stop, compare.

perfmon.kernel does all of it; it is imported when asked for, because it needs more than the base
install.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import ClassVar

from perfmon.cli.command import (
    Command,
    CommandError,
    Status,
    add_command,
    add_json_argument,
    count,
    positive_seconds,
    say,
)
from perfmon.cli.kernel_compare import CompareKernels
from perfmon.cli.output import number, print_json, table
from perfmon.cli.progress import Progress
from perfmon.errors import MissingExtraError


class Kernel(Command):
    """Fetch, instrument and boot GNU Mach kernels."""

    name: ClassVar[str] = "kernel"
    example: ClassVar[str] = "kernel boot first-light"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add the verbs."""
        verbs = parser.add_subparsers(metavar="VERB", required=True)
        for verb in (
            *(Kinds(), Fetch(), Instrument(), Objects()),
            *(Boot(), List(), Stop(), CompareKernels()),
        ):
            added = add_command(verbs, verb)
            verb.prepare_parser(added)
            added.set_defaults(verb=verb)

    def run(self, args: argparse.Namespace) -> int:
        """Do what the verb says."""
        try:
            from perfmon.kernel.errors import KernelError
        except ImportError as error:
            raise MissingExtraError("kernel", error.name or "a package", "kernel") from error
        verb: Command = args.verb
        try:
            return verb.run(args)
        except ImportError as error:
            raise MissingExtraError("kernel", error.name or "a package", "kernel") from error
        except KernelError as error:
            raise CommandError(str(error), Status.FAILED) from error


class Kinds(Command):
    """List the kinds of kernel that are known to work, and the packages they are taken from."""

    name: ClassVar[str] = "kinds"
    example: ClassVar[str] = "kernel kinds"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add --json."""
        add_json_argument(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Print a line for each candidate, the one that is tried first first."""
        from perfmon.kernel.kinds import DEFAULT, KINDS

        if args.json:
            print_json(list(KINDS.values()))
            return Status.GOOD
        rows = []
        for kind in KINDS.values():
            text = kind.description + (" (default)" if kind.name == DEFAULT else "")
            for package in kind.candidates:
                rows.append([kind.name, text, str(package)])
        print(table(["<KIND", "<DESCRIPTION", "<CANDIDATE"], rows))
        return Status.GOOD


class Fetch(Command):
    """Fetch Debian's GNU Mach kernel with symbols, and print where it is."""

    name: ClassVar[str] = "fetch"
    example: ClassVar[str] = "kernel fetch --kind i386-up"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add --kind."""
        _add_kind_argument(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Print the image's path."""
        print(_stock(args.kind))
        return Status.GOOD


class Instrument(Command):
    """Add the performance monitor to a kernel image."""

    name: ClassVar[str] = "instrument"
    example: ClassVar[str] = "kernel instrument -o gnumach-perf"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add KERNEL, -o and --json."""
        parser.add_argument(
            "kernel", nargs="?", type=Path, metavar="KERNEL", help="default: Debian's, fetched"
        )
        _add_kind_argument(parser)
        parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
        add_json_argument(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Print what was done to the image."""
        from perfmon.kernel.instrument import instrument

        kernel = args.kernel or _stock(args.kind)
        with Progress(f"instrumenting {kernel.name}"):
            report = instrument(kernel, args.output)
        if args.json:
            print_json(report)
        else:
            print(
                f"{report.output}: {number(report.file_size)} bytes of code and data at "
                f"{report.address:#x}, {number(report.memory_size)} bytes of memory"
            )
            rows = [[function, str(calls)] for function, calls in sorted(report.sites.items())]
            print(table(["<FUNCTION", "CALLS REDIRECTED"], rows))
        return Status.GOOD


class Objects(Command):
    """Make the object file that a kernel built from source is linked with."""

    name: ClassVar[str] = "objects"
    example: ClassVar[str] = "kernel objects --for gnumach -o perfmon"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add --for, -o and --json."""
        parser.add_argument(
            "--for", type=Path, required=True, metavar="KERNEL", dest="kernel",
            help="the kernel, built without it: unstripped, with debugging information",
        )  # fmt: skip
        parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIRECTORY")
        add_json_argument(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Print the linker's arguments."""
        from perfmon.kernel.objects import build_objects

        made = build_objects(args.kernel, args.output)
        if args.json:
            print_json(made)
        else:
            print(f"@{made.response}")
            say(
                f"give this to ld where it links the kernel's objects: `ld -r ... @{made.response}`"
            )
        return Status.GOOD


class Boot(Command):
    """Boot a kernel under QEMU; Debian's, fetched and instrumented, when none is given."""

    name: ClassVar[str] = "boot"
    example: ClassVar[str] = "kernel boot first-light && perfmon -H qemu:first-light stats"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add NAME, --kernel, --kind, --memory, --cpus, --perf and --boot-timeout."""
        parser.add_argument("guest", metavar="NAME", help="as in the address qemu:NAME")
        parser.add_argument("--kernel", type=Path, metavar="FILE", help="an image, booted as it is")
        _add_kind_argument(parser)
        parser.add_argument("--memory", type=count, default=256, metavar="MIB")
        parser.add_argument("--cpus", type=count, default=1, metavar="NUMBER")
        parser.add_argument(
            "--perf", metavar="OPTIONS",
            help="record from boot: on, or events:A+B,rate:N,buffer:N,mode:stop",
        )  # fmt: skip
        parser.add_argument(
            "--boot-timeout", type=positive_seconds, default=60.0, metavar="SECONDS"
        )

    def run(self, args: argparse.Namespace) -> int:
        """Boot, and print the guest's address."""
        from perfmon.kernel.boot import boot

        kernel = args.kernel or _instrumented(args.kind)
        words = f"perf={args.perf}" if args.perf else ""
        with Progress(f"booting {args.guest}"):
            guest = boot(
                kernel, args.guest, memory=args.memory, cpus=args.cpus,
                timeout=args.boot_timeout, command_line=words,
            )  # fmt: skip
        print(guest.address)
        return Status.GOOD


class List(Command):
    """List the guests."""

    name: ClassVar[str] = "list"
    example: ClassVar[str] = "kernel list"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add --json."""
        add_json_argument(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Print one line per guest."""
        from perfmon.kernel.boot import guests

        found = [
            {
                "address": guest.address,
                "alive": guest.alive,
                "pid": guest.pid,
                "kernel": str(guest.kernel),
            }
            for guest in guests()
        ]
        if args.json:
            print_json(found)
        elif found:
            rows = [
                [
                    str(g["address"]),
                    "running" if g["alive"] else "ended",
                    str(g["pid"]),
                    str(g["kernel"]),
                ]
                for g in found
            ]
            print(table(["<ADDRESS", "<STATE", "PID", "<KERNEL"], rows))
        else:
            say("no guests: `perfmon kernel boot NAME` boots one")
        return Status.GOOD


class Stop(Command):
    """End a guest, or clear away what a dead one left."""

    name: ClassVar[str] = "stop"
    example: ClassVar[str] = "kernel stop first-light"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add GUEST."""
        parser.add_argument("guest", metavar="GUEST")

    def run(self, args: argparse.Namespace) -> int:
        """Stop it."""
        from perfmon.kernel.boot import stop

        stop(args.guest.removeprefix("qemu:"))
        return Status.GOOD


def _add_kind_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--kind", metavar="KIND", help="of Debian's kernels: see `perfmon kernel kinds`"
    )


def _stock(kind: str | None) -> Path:
    """Debian's kernel of a kind, fetched."""
    from perfmon.kernel.images import kernel_image
    from perfmon.kernel.kinds import DEFAULT

    with Progress("fetching the kernel"):
        return kernel_image(kind or DEFAULT)


def _instrumented(kind: str | None) -> Path:
    """Debian's kernel of a kind with the performance monitor, made anew in the cache."""
    from perfmon.kernel.instrument import instrument
    from perfmon.kernel.paths import cache

    stock = _stock(kind)
    output = cache() / f"{stock.name}-perf"
    with Progress(f"instrumenting {stock.name}"):
        instrument(stock, output)
    return output
