# SPDX-License-Identifier: GPL-2.0-or-later
"""From the words of a command line to compiled interfaces, for the commands that write no stubs.

Runs preprocessors; prints nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from mig.checks.units import Unit, compile_unit
from mig.command_line import Arguments, UsageError
from mig.frontend.diagnostics import CompileError, Diagnostic
from mig.frontend.preprocess import Preprocessor
from mig.model.abi import ABIS, Abi


def targets(arguments: Arguments) -> tuple[Abi, ...]:
    """The ABI that was asked for, or all.

    Raises:
        UsageError: when there is none of that name.
    """
    if arguments.abi is None:
        return tuple(ABIS.values())
    if arguments.abi not in ABIS:
        raise UsageError(f"no ABI {arguments.abi!r}: there are {', '.join(ABIS)}")
    return (ABIS[arguments.abi],)


def compile_files(arguments: Arguments, files: Sequence[str]) -> list[list[Unit]]:
    """Every file on every ABI that is asked for: a list of units per file.

    Raises:
        UsageError: when there is no such ABI, or no file.
        PreprocessError: when a preprocessor cannot be run or fails.
        CompileError: when interfaces are not correct, with what is wrong in all of them.
    """
    if not files:
        raise UsageError("no input file")
    standard_input = sys.stdin.read() if "-" in files else None
    jobs = []
    for file in files:
        for abi in targets(arguments):
            if arguments.preprocessor_command is not None:
                preprocessor = Preprocessor.from_command(arguments.preprocessor_command)
            else:
                preprocessor = Preprocessor.from_environment(target_flag=abi.compiler_flag)
            text = standard_input if file == "-" else None
            started = preprocessor.start(file, arguments.preprocessor, text=text)
            jobs.append((file, abi, started))
    units: dict[int, list[Unit]] = {}
    wrong: list[Diagnostic] = []
    for number, (file, abi, started) in enumerate(jobs):
        try:
            unit = compile_unit(
                started.finish(),
                abi.name,
                file="<stdin>" if file == "-" else file,
                # -cc says how to read a .defs; C headers need a preprocessor of C.
                preprocessor=Preprocessor.from_environment(target_flag=abi.compiler_flag),
                options=arguments.preprocessor,
                user_prefix=arguments.user_prefix,
            )
        except CompileError as error:
            wrong += error.diagnostics
        else:
            units.setdefault(number // len(targets(arguments)), []).append(unit)
    if wrong:
        # Most errors are errors on every ABI.
        raise CompileError(tuple(dict.fromkeys(wrong)))
    return list(units.values())
