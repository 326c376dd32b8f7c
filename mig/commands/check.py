# SPDX-License-Identifier: GPL-2.0-or-later
"""``mig --check``: what can be said against interfaces, and their types against C headers.

Exit status: 0 nothing worse than warnings, 1 an error.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from mig.checks.findings import Finding, merged, report, report_json
from mig.checks.lint import lint
from mig.command_line import Arguments, UsageError
from mig.commands.inputs import compile_files
from mig.frontend.diagnostics import CompileError, Severity
from mig.frontend.preprocess import PreprocessError


def run(arguments: Arguments) -> int:
    """Do what a command line asks for; the exit status.

    Raises:
        UsageError: when it makes no sense, or pycparser is not there.
    """
    try:
        from mig.checks.headers import check_headers
    except ModuleNotFoundError as error:
        raise UsageError(f"--check needs the Python package {error.name}") from error
    try:
        files = compile_files(arguments, arguments.files)
    except (CompileError, PreprocessError) as error:
        print(error, file=sys.stderr)
        return 1
    units = [unit for file in files for unit in file]
    found = [*lint(units)]
    for unit in units:
        found += check_headers(unit)
    findings = merged(found)
    if arguments.quiet:
        findings = tuple(finding for finding in findings if finding.is_error)
    write = report_json if arguments.json else report
    sys.stdout.write(write(findings))
    if not arguments.quiet:
        _count(findings)
    return 1 if any(finding.is_error for finding in findings) else 0


def _count(findings: Sequence[Finding]) -> None:
    errors = sum(finding.is_error for finding in findings)
    warnings = sum(finding.diagnostic.severity is Severity.WARNING for finding in findings)
    if errors or warnings:
        print(f"mig: errors: {errors}, warnings: {warnings}", file=sys.stderr)
