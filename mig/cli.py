# SPDX-License-Identifier: GPL-2.0-or-later
"""The command ``mig``: takes GNU MIG's arguments and environment, writes files.

Nothing is written unless everything is right.  Exit status: 0 done, 1 the input is wrong, 2 the
command line is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from mig.command_line import Arguments, UsageError, parse_arguments
from mig.compile import (
    CompileError,
    Model,
    Options,
    PreprocessError,
    compile_text,
    generate_c,
    generate_python,
    write_if_changed,
)
from mig.frontend.preprocess import Preprocessor
from mig.model.abi import ABIS, Abi
from mig.record import record, replace

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
  -MD               write dependencies for make
  -q, -v            no warnings; say what is found
  --python DIR      a Python package per interface, in DIR
  --abi ABI         i386 or x86_64; default: what $CC compiles for
  -cc COMMAND       preprocess with COMMAND
  --help, --version

Anything else that begins with a dash goes to the preprocessor: $CPP, or $CC -E -x c.
"""
_PROGRAM_ABIS = {"i686-gnu-mig": "i386", "x86_64-gnu-mig": "x86_64"}


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    program = Path(sys.argv[0]).name
    try:
        arguments = parse_arguments(sys.argv[1:] if words is None else words)
        if arguments.show == "help":
            sys.stdout.write(_USAGE)
        elif arguments.show == "version":
            print(f"mig (perfmon), compatible with GNU MIG {_COMPATIBLE_VERSION}")
        else:
            _run(arguments, program)
    except UsageError as error:
        print(f"mig: {error}\nTry mig --help.", file=sys.stderr)
        return 2
    except (CompileError, PreprocessError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        print(f"mig: {name}{error.strerror}", file=sys.stderr)
        return 1
    return 0


@record
class _Job:
    """One input file; `text` is what standard input held when the file is ``-``."""

    arguments: Arguments
    file: str
    text: str | None

    def compile(self, abi: Abi, flag: str | None, options: Sequence[str] = ()) -> Model:
        """Compile it for an ABI and say what is to be said about it.

        Args:
            abi: the target.
            flag: what makes the compiler preprocess for that target, if it has to be told.
            options: for the preprocessor, besides those of the command line.
        """
        arguments = self.arguments
        if arguments.preprocessor_command is not None:
            preprocessor = Preprocessor.from_command(arguments.preprocessor_command)
        else:
            preprocessor = Preprocessor.from_environment(target_flag=flag)
        words = [*arguments.preprocessor, *options]
        preprocessed = preprocessor.run(self.file, words, text=self.text)
        name = "<stdin>" if self.file == "-" else self.file
        model = compile_text(preprocessed, abi=abi, file=name, user_prefix=arguments.user_prefix)
        if not arguments.quiet:
            for warning in model.warnings:
                print(warning.render(), file=sys.stderr)
        if arguments.verbose:
            _describe(model)
        return model


def _run(arguments: Arguments, program: str) -> None:
    outputs: dict[str, str] = {}
    wants_c = bool(arguments.outputs) or arguments.python is None
    for file in arguments.files:
        job = _Job(arguments, file, sys.stdin.read() if file == "-" else None)
        if wants_c:
            outputs |= _compile_c(job, program)
        if arguments.python is not None:
            outputs |= _compile_python(job, arguments.python)
    for name, content in outputs.items():
        _write(name, content)


def _compile_c(job: _Job, program: str) -> dict[str, str]:
    """The C files that a ``.defs`` makes, by name."""
    given = job.arguments.abi or _PROGRAM_ABIS.get(program)
    if given is not None and given not in ABIS:
        raise UsageError(f"no ABI {given!r}: there are {', '.join(ABIS)}")
    abi = ABIS[given] if given else _compilers_abi()
    flag = abi.compiler_flag if given else None
    if job.arguments.dependencies:
        return _compile_with_dependencies(job, abi, flag)
    return _generate(job.arguments, job.compile(abi, flag))


def _compile_with_dependencies(job: _Job, abi: Abi, flag: str | None) -> dict[str, str]:
    import tempfile  # only for this rare option

    with tempfile.TemporaryDirectory() as directory:
        rules = Path(directory) / "rules"
        model = job.compile(abi, flag, ["-MD", "-MF", str(rules)])
        _, _, needed = rules.read_text().partition(":")
    outputs = _generate(job.arguments, model)
    targets = " ".join(name for name in outputs if name != os.devnull)
    return outputs | {f"{Path(job.file).stem}-mig.d": f"{targets}:{needed}"}


def _compile_python(job: _Job, directory: str) -> dict[str, str]:
    models = [job.compile(abi, abi.compiler_flag) for abi in ABIS.values()]
    files = generate_python(*models)
    return {str(Path(directory) / name): content for name, content in files.items()}


def _describe(model: Model) -> None:
    print(f"subsystem {model.name}: base {model.base}, {model.abi.name}")
    for routine in model.defined_routines:
        kind = "simpleroutine" if routine.simple else "routine"
        names = ", ".join(argument.name for argument in routine.arguments)
        print(f"{kind} ({routine.message_id}) {routine.name}({names})")


def _generate(arguments: Arguments, model: Model) -> dict[str, str]:
    names = dict(arguments.outputs)
    if arguments.defaults:
        names.setdefault("header", f"{model.name}.h")
        names.setdefault("server", f"{model.name}Server.c")
        if arguments.individual is None:
            names.setdefault("user", f"{model.name}User.c")
    options = Options(
        subroutine_prefix=arguments.subroutine_prefix,
        server_prefix=arguments.user_prefix,
        header=_included(names.get("header")),
        internal_header=_included(names.get("iheader")),
        symbol_table=arguments.symbol_table,
    )
    outputs = {
        name: generate_c(model, kind, options)
        for kind, name in names.items()
        if not (kind == "user" and arguments.individual is not None)
    }
    if arguments.individual is not None:
        for routine in model.defined_routines:
            alone = replace(model, routines=(routine,))
            name = f"{arguments.individual}{routine.name}.c"
            outputs[name] = generate_c(alone, "user", options)
    return outputs


def _included(name: str | None) -> str | None:
    """How a stub file includes a header that is written beside it."""
    return None if name in (None, os.devnull) else Path(str(name)).name


def _compilers_abi() -> Abi:
    """The ABI that ``$CC`` compiles for."""
    compiler = Preprocessor.from_environment({"CC": os.environ.get("CC", "")})
    macros = compiler.run(os.devnull, ["-dM"])
    for abi in ABIS.values():
        if f"#define {abi.macro} 1" in macros:
            return abi
    raise UsageError(f"$CC compiles for none of {', '.join(ABIS)}: give --abi")


def _write(name: str, content: str) -> None:
    if name == os.devnull:
        return
    if name == "/dev/stdout":
        sys.stdout.write(content)
        return
    write_if_changed(Path(name), content)
