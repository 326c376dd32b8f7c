# SPDX-License-Identifier: GPL-2.0-or-later
"""The words of the command line, sorted: GNU MIG's options and ours.

Pure: touches no file and runs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

#: Options that name an output file.
OUTPUTS = ("user", "server", "header", "sheader", "iheader", "list")
_PREPROCESSOR_WITH_VALUE = ("-I", "-D", "-U", "-imacros", "-isystem", "-idirafter", "-include")
_IGNORED = ("-Q", "-V", "-r", "-S", "-t")
_GONE = ("-R", "-T")


class UsageError(Exception):
    """The command line makes no sense; the message says why."""


@dataclass(slots=True)
class Arguments:
    """A parsed command line.

    Attributes:
        files: what to compile; ``-`` is standard input.
        outputs: kind of output to file name, as given.
        preprocessor: options for the preprocessor.
        preprocessor_command: replaces the preprocessor altogether (``-cc``).
        abi: name of the target; None: to be found out.
        python: directory for Python packages.
        individual: prefix of a file per routine (``-i``).
        user_prefix: put before the user's functions and the server's (``-prefix``).
        subroutine_prefix: put before the functions that stubs call.
        defaults: write the outputs that were not named under their default names.
        dependencies: write a dependency file (``-MD``).
        symbol_table: give the server a symbol table.
        quiet: no warnings.
        verbose: say what is found in the input.
        show: ``"help"`` or ``"version"`` instead of all of this.
    """

    files: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    preprocessor: list[str] = field(default_factory=list)
    preprocessor_command: str | None = None
    abi: str | None = None
    python: str | None = None
    individual: str | None = None
    user_prefix: str = ""
    subroutine_prefix: str = ""
    defaults: bool = True
    dependencies: bool = False
    symbol_table: bool = False
    quiet: bool = False
    verbose: bool = False
    show: str | None = None


def parse_arguments(words: Sequence[str]) -> Arguments:
    """Sort the words of a command line, the program's name left out.

    Raises:
        UsageError: when they make no sense.
    """
    arguments = Arguments()
    rest = iter(words)
    for word in rest:
        if word in ("--help", "--version"):
            arguments.show = word[2:]
        elif word.startswith("--"):
            _long_option(arguments, word, rest)
        elif word == "-" or not word.startswith("-"):
            arguments.files.append(word)
        else:
            _option(arguments, word, rest)
    if "-" in arguments.files:
        # Makefiles write "- /dev/null": to the preprocessor the dash, to GNU MIG one file.
        arguments.files = [name for name in arguments.files if name != "/dev/null"]
    if not arguments.files and arguments.show is None:
        raise UsageError("no input file")
    return arguments


def _long_option(arguments: Arguments, word: str, rest: Iterator[str]) -> None:
    name, equals, value = word.partition("=")
    if name not in ("--abi", "--python"):
        raise UsageError(f"unknown option {word}")
    setattr(arguments, name[2:], value if equals else _value(word, rest))


def _option(arguments: Arguments, word: str, rest: Iterator[str]) -> None:
    if word[1:] in OUTPUTS:
        arguments.outputs[word[1:]] = _value(word, rest)
    elif word == "-i":
        arguments.individual = _value(word, rest)
    elif word == "-prefix":
        arguments.user_prefix = _value(word, rest)
    elif word == "-subrprefix":
        arguments.subroutine_prefix = _value(word, rest)
    elif word == "-cc":
        arguments.preprocessor_command = _value(word, rest)
    elif word == "-migcom":
        _value(word, rest)
    elif word in _PREPROCESSOR_WITH_VALUE:
        arguments.preprocessor += [word, _value(word, rest)]
    elif word in _GONE:
        raise UsageError(f"{word} is no longer supported")
    elif word not in _IGNORED and not _switch(arguments, word):
        arguments.preprocessor.append(word)


def _switch(arguments: Arguments, word: str) -> bool:
    if word == "-n":
        arguments.defaults = False
    elif word == "-q":
        arguments.quiet = True
    elif word == "-v":
        arguments.verbose = True
    elif word == "-s":
        arguments.symbol_table = True
    elif word == "-MD":
        arguments.dependencies = True
    else:
        return False
    return True


def _value(option: str, rest: Iterator[str]) -> str:
    value = next(rest, None)
    if value is None:
        raise UsageError(f"{option} needs a value")
    return value
