# SPDX-License-Identifier: GPL-2.0-or-later
"""What one command line asks for: preprocess, compile, generate, and write the files.

Nothing is written unless everything is right.  The compiler is imported while preprocessors are at
work, which takes about as long.
"""

from __future__ import annotations

import os
import sys

from mig.command_line import UsageError
from mig.errors import InputError
from mig.files import base_name, read_text, stem, write_if_changed
from mig.frontend.preprocess import Preprocessor
from mig.model.abi import ABIS
from mig.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mig.command_line import Arguments
    from mig.frontend.preprocess import Preprocessing
    from mig.model.abi import Abi
    from mig.model.routines import Model

#: The names that the command has, and the ABI each stands for.
PROGRAMS = {"mig": None, "i686-gnu-mig": "i386", "x86_64-gnu-mig": "x86_64"}
#: What ends a job early.
FAILURES = (InputError, OSError)


def run(arguments: Arguments) -> int:
    """Do what a command line asks for; the exit status."""
    try:
        Job(arguments, base_name(sys.argv[0])).finish()
    except FAILURES as error:
        print(explain(error), file=sys.stderr)
        return 1
    return 0


def explain(error: Exception) -> str:
    """What to tell the user about the end of a job."""
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return f"mig: {name}{error.strerror}"
    return f"mig: {error}" if isinstance(error, UsageError) else str(error)


@record
class _Unit:
    """One input file on one ABI, on its way through the preprocessor.

    Attributes:
        file: its name.
        abi: the ABI; None: what the compiler compiles for.
        preprocessing: the preprocessor at work.
        rules: the directory into which it writes what the file depends on.
    """

    file: str
    abi: Abi | None
    preprocessing: Preprocessing
    rules: Any = None


class Job:
    """A command line at work; its preprocessors run from the beginning."""

    def __init__(
        self, arguments: Arguments, program: str, standard_input: str | None = None
    ) -> None:
        """Start.

        Args:
            arguments: the command line.
            program: the name that the command was called by.
            standard_input: the file it is; None: that of this process.

        Raises:
            UsageError: when there is no such ABI.
            PreprocessError: when a preprocessor cannot be run.
            OSError: when standard input cannot be read.
        """
        self._arguments = arguments
        self._standard_input = standard_input
        wants_c = bool(arguments.outputs) or arguments.python is None
        self._c: list[_Unit] = []
        self._python: list[list[_Unit]] = []
        for file in arguments.files:
            text = self._read_standard_input() if file == "-" else None
            if wants_c:
                abi = self._target(program)
                self._c.append(self._start(file, text, abi, with_rules=True))
            if arguments.python is not None:
                units = [self._start(file, text, abi) for abi in ABIS.values()]
                self._python.append(units)

    def _read_standard_input(self) -> str:
        if self._standard_input is not None:
            return read_text(self._standard_input)
        return sys.stdin.read()

    def _target(self, program: str) -> Abi | None:
        """The ABI, unless it is the compiler's to say."""
        given = self._arguments.abi or PROGRAMS.get(program)
        if given is None:
            _ask_compiler()
            return None
        if given not in ABIS:
            raise UsageError(f"no ABI {given!r}: there are {', '.join(ABIS)}")
        return ABIS[given]

    def _start(
        self, file: str, text: str | None, abi: Abi | None, *, with_rules: bool = False
    ) -> _Unit:
        arguments = self._arguments
        words, rules = arguments.preprocessor, None
        if with_rules and arguments.dependencies is not None:
            import tempfile  # only for this rare option

            rules = tempfile.TemporaryDirectory()
            words += (arguments.dependencies, "-MF", f"{rules.name}/rules")
            words += arguments.dependency_options
        if arguments.preprocessor_command is not None:
            preprocessor = Preprocessor.from_command(arguments.preprocessor_command)
        else:
            flag = abi.compiler_flag if abi is not None else None
            preprocessor = Preprocessor.from_environment(target_flag=flag)
        return _Unit(file, abi, preprocessor.start(file, words, text=text), rules)

    def finish(self) -> None:
        """Compile, and write the files.

        Raises:
            CompileError: when an interface is not correct.
            PreprocessError: when a preprocessor fails.
            OSError: when a file cannot be written.
        """
        outputs: dict[str, str] = {}
        for unit in self._c:
            outputs |= self._stubs(unit)
        for units in self._python:
            from mig.compile import generate_python

            files = generate_python(*(self._compile(unit) for unit in units))
            outputs |= {f"{self._arguments.python}/{name}": text for name, text in files.items()}
        for name, content in outputs.items():
            _write(name, content)

    def _compile(self, unit: _Unit) -> Model:
        """Compile a unit and say what is to be said about it."""
        from mig.compile import compile_text

        arguments = self._arguments
        name = self._standard_input or "<stdin>" if unit.file == "-" else unit.file
        abi = unit.abi or _compilers_abi()
        text = unit.preprocessing.finish()
        model = compile_text(text, abi=abi, file=name, user_prefix=arguments.user_prefix)
        if not arguments.quiet:
            for warning in model.warnings:
                print(warning.render(), file=sys.stderr)
        if arguments.verbose:
            _describe(model)
        return model

    def _stubs(self, unit: _Unit) -> dict[str, str]:
        """The C files that a unit makes, by name."""
        outputs = _generate(self._arguments, self._compile(unit))
        if unit.rules is not None:
            name = self._arguments.dependency_file or f"{stem(unit.file)}-mig.d"
            outputs[name] = self._rules(unit, outputs)
        return outputs

    def _rules(self, unit: _Unit, outputs: dict[str, str]) -> str:
        """What the preprocessor says of dependencies, for our outputs unless others are named."""
        with unit.rules as directory:
            rules = read_text(f"{directory}/rules")
        if {"-MT", "-MQ"}.intersection(self._arguments.dependency_options):
            return rules
        _, _, needed = rules.partition(":")
        return f"{' '.join(name for name in outputs if name != os.devnull)}:{needed}"


def _describe(model: Model) -> None:
    print(f"subsystem {model.name}: base {model.base}, {model.abi.name}")
    for routine in model.defined_routines:
        kind = "simpleroutine" if routine.simple else "routine"
        names = ", ".join(argument.name for argument in routine.arguments)
        print(f"{kind} ({routine.message_id}) {routine.name}({names})")


def _generate(arguments: Arguments, model: Model) -> dict[str, str]:
    from mig.compile import Options, generate_c, generate_user_files

    names = dict(arguments.outputs)
    if arguments.defaults:
        names.setdefault("header", f"{model.name}.h")
        names.setdefault("server", f"{model.name}Server.c")
        names.setdefault("user", f"{model.name}User.c")
    if arguments.individual is not None:
        names.pop("user", None)
    options = Options(
        subroutine_prefix=arguments.subroutine_prefix,
        server_prefix=arguments.user_prefix,
        header=_included(names.get("header")),
        internal_header=_included(names.get("iheader")),
        symbol_table=arguments.symbol_table,
        compat=arguments.compat,
    )
    outputs = {name: generate_c(model, kind, options) for kind, name in names.items()}
    if arguments.individual is not None:
        for routine, content in generate_user_files(model, options).items():
            outputs[f"{arguments.individual}{routine}.c"] = content
    return outputs


def _included(name: str | None) -> str | None:
    """How a stub file includes a header that is written beside it."""
    return None if name is None or name == os.devnull else base_name(name)


#: The macros of compilers that were asked for them, or the question, by ``$CC``.
_macros: dict[str, Preprocessing | str] = {}


def _ask_compiler() -> None:
    """Let ``$CC`` begin to say what it predefines, unless it did before."""
    compiler = os.environ.get("CC", "")
    if compiler not in _macros:
        preprocessor = Preprocessor.from_environment({"CC": compiler})
        _macros[compiler] = preprocessor.start(os.devnull, ["-dM"])


def _compilers_abi() -> Abi:
    """The ABI that ``$CC`` compiles for."""
    _ask_compiler()
    compiler = os.environ.get("CC", "")
    macros = _macros[compiler]
    if not isinstance(macros, str):
        macros = _macros[compiler] = macros.finish()
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
    write_if_changed(name, content)
