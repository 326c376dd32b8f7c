# SPDX-License-Identifier: GPL-2.0-or-later
"""What a check found: text for people, JSON for programs.

Knows nothing of what is checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mig.frontend.diagnostics import Diagnostic, Severity

FORMAT = "mig-check"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Attributes:
        check: name of the check, such as ``unused-type``.
        diagnostic: what and where.
        notes: other places that it is about.
        abis: the ABIs it holds for; empty: it has nothing to do with them.
    """

    check: str
    diagnostic: Diagnostic
    notes: tuple[Diagnostic, ...] = ()
    abis: tuple[str, ...] = ()

    @property
    def is_error(self) -> bool:
        """Whether it should make a build fail."""
        return self.diagnostic.severity is Severity.ERROR

    def render(self) -> str:
        """As compilers print it, with the name of the check behind the message."""
        abis = f" on {' and '.join(self.abis)}" if self.abis else ""
        head, *rest = self.diagnostic.render().split("\n")
        lines = [f"{head}{abis} [{self.check}]", *rest]
        return "\n".join([*lines, *(note.render() for note in self.notes)])


def merged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings that differ in nothing but the ABI become one; in the order of the first of each."""
    together: dict[tuple[str, Diagnostic, tuple[Diagnostic, ...]], tuple[str, ...]] = {}
    for finding in findings:
        key = (finding.check, finding.diagnostic, finding.notes)
        before = together.get(key, ())
        together[key] = (*before, *(abi for abi in finding.abis if abi not in before))
    return tuple(Finding(*key, abis) for key, abis in together.items())


def report(findings: Iterable[Finding]) -> str:
    """The text of all findings; empty when there are none."""
    return "".join(f"{finding.render()}\n" for finding in findings)


def report_json(findings: Iterable[Finding]) -> str:
    """The findings as a JSON document."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "findings": [
            {
                "check": finding.check,
                "abis": list(finding.abis),
                **_diagnostic(finding.diagnostic),
                "notes": [_diagnostic(note) for note in finding.notes],
            }
            for finding in findings
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _diagnostic(diagnostic: Diagnostic) -> dict[str, Any]:
    position = diagnostic.position
    return {
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "file": position.file,
        "line": position.line,
        "column": position.column,
    }
