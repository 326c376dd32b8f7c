# SPDX-License-Identifier: GPL-2.0-or-later
"""The command ``mig decode``: messages in, text out.

Exit status: 0 every message fits, 1 one does not or an interface is wrong, 2 the command line is.
"""

from __future__ import annotations

import string
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from mig.command_line import PREPROCESSOR_WITH_VALUE, UsageError
from mig.compile import CompileError, PreprocessError, compile_defs
from mig.model.abi import ABIS

_USAGE = """\
usage: mig decode [OPTION]... FILE.defs... < MESSAGES

Show messages of the interfaces, sent or received: each argument with offset, type and value, and
what does not fit. The input is binary or hexadecimal, messages one behind the other; what is out
of line follows its message where the pointer to it is zero, and is left out otherwise.

  --abi ABI   i386 or x86_64 (default: i386)
  --all       all items of long arrays
  --help

Anything else that begins with a dash goes to the preprocessor: -I, -D and the like.
"""


@dataclass(slots=True)
class _Arguments:
    files: list[str] = field(default_factory=list)
    preprocessor: list[str] = field(default_factory=list)
    abi: str = "i386"
    everything: bool = False
    help: bool = False


def main(words: Sequence[str]) -> int:
    """Run the command; the exit status."""
    try:
        arguments = _parse(words)
        if arguments.help:
            sys.stdout.write(_USAGE)
            return 0
        return _run(arguments, sys.stdin.buffer.read())
    except UsageError as error:
        print(f"mig decode: {error}\nTry mig decode --help.", file=sys.stderr)
        return 2
    except (CompileError, PreprocessError) as error:
        print(error, file=sys.stderr)
        return 1


def _parse(words: Sequence[str]) -> _Arguments:
    arguments = _Arguments()
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if name == "--abi":
            arguments.abi = value if equals else next(rest, "")
        elif word == "--all":
            arguments.everything = True
        elif word == "--help":
            arguments.help = True
        elif word in PREPROCESSOR_WITH_VALUE:
            arguments.preprocessor += [word, next(rest, "")]
        elif word.startswith("--"):
            raise UsageError(f"unknown option {word}")
        elif word.startswith("-"):
            arguments.preprocessor.append(word)
        else:
            arguments.files.append(word)
    if arguments.help:
        return arguments
    if arguments.abi not in ABIS:
        raise UsageError(f"no ABI {arguments.abi!r}: there are {', '.join(ABIS)}")
    if not arguments.files:
        raise UsageError("no input file")
    return arguments


def _run(arguments: _Arguments, given: bytes) -> int:
    try:
        from mig.decoder.decode import Decoder
        from mig.decoder.report import lines_of
    except ImportError as error:
        if error.name != "construct":
            raise
        print(
            "mig decode: needs construct, which is not installed: pip install 'perfmon[decode]'",
            file=sys.stderr,
        )
        return 1
    models = [
        compile_defs(file, abi=arguments.abi, options=arguments.preprocessor)
        for file in arguments.files
    ]
    status = 0
    for message in Decoder(models).decode(_bytes(given)):
        for line in lines_of(message, everything=arguments.everything):
            print(line)
        if message.findings:
            status = 1
    return status


def _bytes(given: bytes) -> bytes:
    """The messages; text of hexadecimal digits is turned into the bytes that it means."""
    if set(given) - set((string.hexdigits + string.whitespace).encode()):
        return given
    digits = b"".join(given.split())
    if len(digits) % 2:
        raise UsageError("the input ends in the middle of a hexadecimal number")
    return bytes.fromhex(digits.decode())
