# SPDX-License-Identifier: GPL-2.0-or-later
"""Server stubs of ours rewritten so that each of their checks can be left out at run time."""

import re
from dataclasses import dataclass

_ROUTINE = re.compile(r"^mig_internal void _X(\w+)", re.MULTILINE)
_CHECKS = re.compile(r"if \(TypeCheck && mig_unlikely\(")


@dataclass(frozen=True, slots=True)
class Check:
    """A condition under which a routine refuses a request."""

    number: int
    routine: str
    condition: str

    def __str__(self) -> str:
        return f"{self.routine}: {self.condition}"


def separable(server: str) -> tuple[str, list[Check]]:
    """The text of a server stub with `runner_keeps` before each check, and the checks."""
    checks: list[Check] = []
    pieces = ["#include <stdint.h>\nextern int runner_keeps(uint32_t check);\n"]
    at = 0
    for match in _CHECKS.finditer(server):
        end = _closing(server, match.end())
        routine = _ROUTINE.findall(server, 0, match.start())[-1]
        kept = []
        for condition in _alternatives(server[match.end() : end]):
            kept.append(f"(runner_keeps({len(checks)}) && ({condition}))")
            checks.append(Check(len(checks), routine, " ".join(condition.split())))
        pieces += [server[at : match.end()], " || ".join(kept)]
        at = end
    return "".join([*pieces, server[at:]]), checks


def _closing(text: str, start: int) -> int:
    """Where the parenthesis closes that opened before `start`."""
    depth = 1
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at
    raise ValueError("a parenthesis is not closed")


def _alternatives(condition: str) -> list[str]:
    """The operands of the outermost `||`."""
    found, depth, start = [], 0, 0
    for at, character in enumerate(condition):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0 and condition.startswith("||", at):
            found.append(condition[start:at])
            start = at + 2
    return [*found, condition[start:]]
