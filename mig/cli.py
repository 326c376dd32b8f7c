# SPDX-License-Identifier: GPL-2.0-or-later
"""The command ``mig``: takes GNU MIG's arguments and environment.

Finds out what is asked for, and leaves it to the module whose business it is.  Exit status: 0
done, 1 the input is wrong, 2 the command line is.
"""

from __future__ import annotations

import gc
import sys

from mig.command_line import MODES, VERBS, UsageError, parse_arguments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

#: The version of GNU MIG whose behaviour this one has.
_COMPATIBLE_VERSION = "1.8+git20231217"

_USAGE = """\
usage: mig [OPTION]... FILE...

Compile Mach interface definitions (.defs) to C stubs and Python packages.

  -user FILE        user stubs          (default: SUBSYSTEMUser.c)
  -server FILE      server stubs        (default: SUBSYSTEMServer.c)
  -header FILE      header of the user  (default: SUBSYSTEM.h)
  -sheader FILE     header of the server
  -iheader FILE     header of the user stubs for themselves
  -list FILE        routines with their message ids
  -i BASE           a user stub file for each routine: BASEroutine.c
  -n                no output but what is named
  -prefix PREFIX    put before the names of the functions
  -subrprefix P     put before the names of the functions that stubs call
  -s                a symbol table in the server
  -MD, -MMD         write dependencies for make; -MF FILE, -MT, -MQ, -MP as gcc has them
  -q, -v            no warnings; say what is found
  --python DIR      a Python package per interface, in DIR
  --compat          servers do not check the complex bit against out-of-line data
  --batch FILE      run the command lines in FILE, one a line, in one process
  --check           say what is doubtful, and what differs from the C headers
  --diff OLD        say what breaks peers built from OLD, a .defs or what --json wrote
  --json            write the resolved interface as JSON; after --check, --diff: the report
  --abi ABI         i386 or x86_64; default: what $CC compiles for
  -cc COMMAND       preprocess with COMMAND
  --help, --version

Anything else that begins with a dash goes to the preprocessor: $CPP, or $CC -E -x c.
"""


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    given = sys.argv[1:] if words is None else words
    for stream in (sys.stdin, sys.stdout):
        if hasattr(stream, "reconfigure"):  # as mig.files reads and writes, whatever the locale
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    try:
        return _run(given)
    except UsageError as error:
        print(f"mig: {error}\nTry mig --help.", file=sys.stderr)
        return 2


def _run(words: Sequence[str]) -> int:
    if words and words[0] in VERBS:
        return int(_module(VERBS[words[0]]).main(words[1:]))
    arguments = parse_arguments(words)
    if arguments.show == "help":
        sys.stdout.write(_USAGE)
        return 0
    if arguments.show == "version":
        print(f"mig (perfmon), compatible with GNU MIG {_COMPATIBLE_VERSION}")
        return 0
    plain = "mig.commands.model" if arguments.json else "mig.jobs"
    module = plain if arguments.mode is None else MODES[arguments.mode]
    collecting = gc.isenabled()
    gc.disable()  # hardly a cycle is left behind, and looking for them takes time
    try:
        return int(_module(module).run(arguments))
    finally:
        if collecting:
            gc.enable()


def _module(name: str) -> Any:
    from importlib import import_module

    return import_module(name)
