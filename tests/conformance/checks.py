# SPDX-License-Identifier: GPL-2.0-or-later
"""C stubs of ours rewritten so that each of their checks can be left out at run time."""

import re
from dataclasses import dataclass

_ROUTINE = re.compile(r"^mig_(?:internal void _X|external kern_return_t )(\w+)$", re.MULTILINE)
_VARYING = re.compile(
    r"\b(?!RetCode)\w+(?=(?:Type|Cnt)\b)|\bMACH_MSG_TYPE_\w+|\b(?:0x[\da-f]+|\d+)U?\b"
)
_CHECKS = re.compile(r"if \((?:TypeCheck && )?mig_unlikely\(")


@dataclass(frozen=True, slots=True)
class Check:
    """A condition under which a routine refuses a message."""

    number: int
    routine: str
    condition: str

    @property
    def kind(self) -> str:
        """What it looks at, whatever the names and the numbers."""
        return re.sub(r"\b(?!msgt|Head|RetCode)[a-z]\w*(?=Type|Cnt)|\d+", "_", self.condition)

    @property
    def form(self) -> str:
        """The same, and whatever the type."""
        same_part = re.sub(r"\b(In|Out)\d+", r"\1", self.condition)
        return _VARYING.sub("_", same_part)

    def __str__(self) -> str:
        return f"{self.routine}: {self.condition}"


def separable(stub: str) -> tuple[str, list[Check]]:
    """The text of a stub with `runner_keeps` before each check, and the checks."""
    checks: list[Check] = []
    pieces = ["#include <stdint.h>\nextern int runner_keeps(uint32_t check);\n"]
    at = 0
    for match in _CHECKS.finditer(stub):
        end = _closing(stub, match.end())
        routine = _ROUTINE.findall(stub, 0, match.start())[-1]
        pieces += [stub[at : match.end()], _separated(stub[match.end() : end], routine, checks)]
        at = end
    return "".join([*pieces, stub[at:]]), checks


def _separated(condition: str, routine: str, checks: list[Check]) -> str:
    """A condition whose every alternative can be left out, those inside of a conjunction too."""
    kept = []
    for alternative in _operands(condition, "||"):
        within = alternative.strip()
        if within.startswith("((") and _closing(within, 1) == len(within) - 1:
            both = (_operands(each.strip()[1:-1], "||") for each in _operands(within[1:-1], "&&"))
            sides = (_separated(" || ".join(side), routine, checks) for side in both)
            kept.append(" && ".join(f"({side})" for side in sides))
            continue
        kept.append(f"(runner_keeps({len(checks)}) && ({alternative}))")
        checks.append(Check(len(checks), routine, " ".join(alternative.split())))
    return " || ".join(f"({each})" for each in kept)


def _closing(text: str, start: int) -> int:
    """Where the parenthesis closes that opened before `start`."""
    depth = 1
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at
    raise ValueError("a parenthesis is not closed")


def _operands(condition: str, operator: str) -> list[str]:
    """The operands of the outermost `operator`."""
    found, depth, start = [], 0, 0
    for at, character in enumerate(condition):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0 and condition.startswith(operator, at):
            found.append(condition[start:at])
            start = at + len(operator)
    return [*found, condition[start:]]
