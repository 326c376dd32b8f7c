# SPDX-License-Identifier: GPL-2.0-or-later
"""The words of the command line, sorted: GNU MIG's options and ours.

Pure: touches no file and runs nothing.
"""

from __future__ import annotations

from mig.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

#: Commands of their own, by first word: modules with `main(words) -> exit status`.
VERBS: Mapping[str, str] = {"decode": "mig.decoder.command"}
#: Options that ask for something else than stubs: modules with `run(arguments) -> exit status`.
MODES: Mapping[str, str] = {
    "--batch": "mig.batch",
    "--check": "mig.commands.check",
    "--diff": "mig.commands.diff",
}
#: Which options, those of `MODES` included, take a value.
_LONG_WITH_VALUE = ("--abi", "--python", "--batch", "--diff")
_LONG_SWITCHES = ("--compat", "--json")

#: Options that name an output file.
OUTPUTS = ("user", "server", "header", "sheader", "iheader", "list")
PREPROCESSOR_WITH_VALUE = ("-I", "-D", "-U", "-imacros", "-isystem", "-idirafter", "-include")
_SWITCHES = {
    "-n": ("defaults", False),
    "-q": ("quiet", True),
    "-v": ("verbose", True),
    "-s": ("symbol_table", True),
    "-MD": ("dependencies", "-MD"),
    "-MMD": ("dependencies", "-MMD"),
}
_WITH_VALUE = {
    "-i": "individual",
    "-prefix": "user_prefix",
    "-subrprefix": "subroutine_prefix",
    "-cc": "preprocessor_command",
    "-migcom": "migcom",
    "-MF": "dependency_file",
}
#: What else rules for make are to say, and whether a word follows.
_RULES = {"-MT": True, "-MQ": True, "-MP": False}
_IGNORED = ("-Q", "-V", "-r", "-S")
_GONE = ("-R", "-T", "-t")


class UsageError(Exception):
    """The command line makes no sense; the message says why."""


@record
class Arguments:
    """A parsed command line.

    Attributes:
        files: what to compile; ``-`` is standard input.
        outputs: kind of output to file name, as given.
        preprocessor: options for the preprocessor.
        preprocessor_command: replaces the preprocessor altogether (``-cc``).
        migcom: GNU MIG's compiler proper (``-migcom``); accepted, and not used.
        abi: name of the target; None: to be found out.
        python: directory for Python packages.
        individual: prefix of a file per routine (``-i``).
        user_prefix: put before the user's functions and the server's (``-prefix``).
        subroutine_prefix: put before the functions that stubs call.
        defaults: write the outputs that were not named under their default names.
        dependencies: write rules for make: the option that asks for it, ``-MD`` or ``-MMD``.
        dependency_file: where to.
        dependency_options: what else the rules are to say: ``-MT``, ``-MQ`` and ``-MP``.
        symbol_table: give the server a symbol table.
        quiet: no warnings.
        verbose: say what is found in the input.
        compat: leave out the checks that GNU MIG does not make.
        json: write JSON: the model, or what `mode` reports.
        show: ``"help"`` or ``"version"`` instead of all of this.
        mode: the option of `MODES` that was given.
        value: its value.
    """

    files: tuple[str, ...] = ()
    outputs: Mapping[str, str] = {}
    preprocessor: tuple[str, ...] = ()
    preprocessor_command: str | None = None
    migcom: str | None = None
    abi: str | None = None
    python: str | None = None
    individual: str | None = None
    user_prefix: str = ""
    subroutine_prefix: str = ""
    defaults: bool = True
    dependencies: str | None = None
    dependency_file: str | None = None
    dependency_options: tuple[str, ...] = ()
    symbol_table: bool = False
    compat: bool = False
    json: bool = False
    quiet: bool = False
    verbose: bool = False
    show: str | None = None
    mode: str | None = None
    value: str | None = None


def parse_arguments(words: Sequence[str]) -> Arguments:
    """Sort the words of a command line, the program's name left out.

    Raises:
        UsageError: when they make no sense.
    """
    files: list[str] = []
    outputs: dict[str, str] = {}
    preprocessor: list[str] = []
    rules: list[str] = []
    others: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        if word in ("--help", "--version"):
            others["show"] = word[2:]
        elif word.startswith("--"):
            others |= _long_option(word, rest)
        elif word == "-" or not word.startswith("-"):
            files.append(word)
        elif word[1:] in OUTPUTS:
            outputs[word[1:]] = _value(word, rest)
        elif word in PREPROCESSOR_WITH_VALUE:
            preprocessor += [word, _value(word, rest)]
        elif word in _RULES:
            rules += [word, _value(word, rest)] if _RULES[word] else [word]
        elif word in _SWITCHES:
            name, value = _SWITCHES[word]
            others[name] = value
        elif word in _WITH_VALUE:
            others[_WITH_VALUE[word]] = _value(word, rest)
        elif word in _GONE:
            raise UsageError(f"{word} is no longer supported")
        elif word not in _IGNORED:
            preprocessor.append(word)
    if "-" in files:
        # Makefiles write "- /dev/null": to the preprocessor the dash, to GNU MIG one file.
        files = [name for name in files if name != "/dev/null"]
    arguments = Arguments(
        tuple(files), outputs, tuple(preprocessor), dependency_options=tuple(rules), **others
    )
    _check(arguments)
    return arguments


def _check(arguments: Arguments) -> None:
    """Refuse what does not go together."""
    if not arguments.files and arguments.show is None and arguments.mode is None:
        raise UsageError("no input file")
    rules = [*arguments.dependency_options, *(["-MF"] if arguments.dependency_file else [])]
    if rules and arguments.dependencies is None:
        raise UsageError(f"{rules[0]} goes with -MD or -MMD")
    if arguments.dependency_file is not None and len(arguments.files) > 1:
        raise UsageError("-MF names one file, and there are several to compile")


def _long_option(word: str, rest: Iterator[str]) -> dict[str, object]:
    """The fields that an option with two dashes sets."""
    name, equals, value = word.partition("=")
    if name in _LONG_SWITCHES and not equals:
        return {name[2:]: True}
    if name not in _LONG_WITH_VALUE and name not in MODES:
        raise UsageError(f"unknown option {word}")
    given: str | None = None
    if name in _LONG_WITH_VALUE:
        given = value if equals else _value(word, rest)
    elif equals:
        raise UsageError(f"{name} takes no value")
    return {"mode": name, "value": given} if name in MODES else {name[2:]: given}


def _value(option: str, rest: Iterator[str]) -> str:
    value = next(rest, None)
    if value is None:
        raise UsageError(f"{option} needs a value")
    return value
