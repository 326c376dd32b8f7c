# SPDX-License-Identifier: GPL-2.0-or-later
"""The command completion: what a shell needs to complete perfmon's command lines.

What an argument holds follows from its metavar, so that commands need not think of completion.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import ClassVar, Final

from perfmon.cli.command import Command, Status
from perfmon.cli.shell_guests import ADDRESSES, BASH_ENTRY, FUNCTIONS, GUESTS
from perfmon.errors import MissingExtraError
from perfmon.events import Event

SHELLS: Final = ("bash", "zsh", "fish")

_DIRECTORIES: Final = ("TRACE", "DIR")
_FILES: Final = ("FILE", "PATH", "KERNEL")
_EVENTS: Final = "EVENT"
_FUNCTIONS: Final = {"ADDRESS": ADDRESSES, "GUEST": GUESTS}
_NAMES: Final = " ".join(event.name for event in Event)


class Completion(Command):
    """Print a script that makes a shell complete perfmon's commands, options, events and guests."""

    name: ClassVar[str] = "completion"
    example: ClassVar[str] = "completion bash > ~/.local/share/bash-completion/completions/perfmon"

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add SHELL."""
        parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))

    def run(self, args: argparse.Namespace) -> int:
        """Print the script."""
        try:
            import shtab
        except ImportError:
            raise MissingExtraError("completion", "shtab", "completion") from None
        from perfmon.cli import build_parser

        parser = build_parser()
        for action in _actions(parser):
            metavar = action.metavar if isinstance(action.metavar, str) else ""
            complete: object = None
            if metavar in _DIRECTORIES:
                complete = shtab.DIRECTORY
            elif metavar in _FILES:
                complete = shtab.FILE
            elif metavar == _EVENTS:
                complete = {"bash": "_perfmon_events", "zsh": f"({_NAMES})", "fish": _NAMES}
            elif function := _FUNCTIONS.get(metavar):
                complete = {"bash": function, "zsh": function, "fish": f"({function})"}
            if complete:
                action.complete = complete  # type: ignore[attr-defined]
        events = f'_perfmon_events() {{ compgen -W "{_NAMES}" -- "${{1^^}}"; }}'
        preamble = FUNCTIONS[args.shell] + (events if args.shell == "bash" else "")
        print(shtab.complete(parser, args.shell, preamble=preamble))
        if args.shell == "bash":
            print(BASH_ENTRY)
        return Status.GOOD


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Every argument of a parser and of those below it."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _actions(below)
