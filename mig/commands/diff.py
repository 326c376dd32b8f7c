# SPDX-License-Identifier: GPL-2.0-or-later
"""``mig --diff OLD NEW``: what breaks peers and programs that were built from OLD.

OLD is a ``.defs``, or a ``.json`` that ``mig --json`` wrote.  Exit status: 0 nothing breaks, 1
something does, or a file is not right.
"""

from __future__ import annotations

import json
import sys

from mig.backends.json_model import DocumentError, JsonObject, document, models_of
from mig.checks.changes import report, report_json
from mig.checks.compatibility import ComparisonError, compare, compared_abis
from mig.command_line import Arguments, UsageError
from mig.commands.inputs import compile_files
from mig.files import read_text
from mig.frontend.diagnostics import CompileError
from mig.frontend.preprocess import PreprocessError


def run(arguments: Arguments) -> int:
    """Do what a command line asks for; the exit status.

    Raises:
        UsageError: when it makes no sense.
    """
    old_file = arguments.value
    if old_file is None or len(arguments.files) != 1:
        raise UsageError("--diff takes an old version and one new .defs")
    try:
        if old_file.endswith(".json"):
            old = _read(old_file)
            (new,) = _compiled(arguments, *arguments.files)
        else:
            old, new = _compiled(arguments, old_file, *arguments.files)
        changes, abis = compare(old, new), compared_abis(old, new)
    except (DocumentError, ComparisonError) as error:
        print(f"{old_file}: error: {error}", file=sys.stderr)
        return 1
    except (CompileError, PreprocessError) as error:
        print(error, file=sys.stderr)
        return 1
    shown = [change for change in changes if change.breaks or not arguments.quiet]
    write = report_json if arguments.json else report
    sys.stdout.write(write(shown, abis))
    return 1 if any(change.breaks for change in changes) else 0


def _compiled(arguments: Arguments, *files: str) -> list[dict[str, JsonObject]]:
    """The models of each file, by name of their ABI."""
    units = compile_files(arguments, files)
    return [models_of(document(unit.model for unit in of_file)) for of_file in units]


def _read(name: str) -> dict[str, JsonObject]:
    try:
        return models_of(json.loads(read_text(name)))
    except OSError as error:
        raise DocumentError(f"cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise DocumentError(f"not JSON: {error}") from error
