# SPDX-License-Identifier: GPL-2.0-or-later
"""``mig --json``: the resolved model of one interface, for the ABI asked for or for all.

Exit status: 0, or 1 when the interface is not correct.
"""

from __future__ import annotations

import sys

from mig.backends.json_model import generate
from mig.command_line import Arguments, UsageError
from mig.commands.inputs import compile_files
from mig.frontend.diagnostics import CompileError
from mig.frontend.preprocess import PreprocessError


def run(arguments: Arguments) -> int:
    """Do what a command line asks for; the exit status.

    Raises:
        UsageError: when it makes no sense.
    """
    if len(arguments.files) != 1:
        raise UsageError("--json takes one .defs: a document describes one interface")
    try:
        (units,) = compile_files(arguments, arguments.files)
    except (CompileError, PreprocessError) as error:
        print(error, file=sys.stderr)
        return 1
    sys.stdout.write(generate(unit.model for unit in units))
    return 0
