# SPDX-License-Identifier: GPL-2.0-or-later
"""The function prototypes of a generated header.  Knows the layout both compilers write, no C."""

import re
from dataclasses import dataclass

_PROTOTYPE = re.compile(r"^(?:extern\s+)?(\w+)\s+(\w+)\s*\(\s*([^()]*?)\s*\);", re.MULTILINE)
_PARAMETER = re.compile(r"(.*?)(\w+)(\[\w*\])?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Parameter:
    """`type` ends in `*` for a pointer; spaces are normal."""

    type: str
    name: str

    def __str__(self) -> str:
        return f"{self.type} {self.name}"


@dataclass(frozen=True, slots=True)
class Prototype:
    """A function that the header declares."""

    returns: str
    name: str
    parameters: tuple[Parameter, ...]

    def parameter(self, name: str) -> Parameter | None:
        return next((p for p in self.parameters if p.name == name), None)

    def __str__(self) -> str:
        parameters = ", ".join(map(str, self.parameters)) or "void"
        return f"{self.returns} {self.name}({parameters})"


def _normal(text: str) -> str:
    return re.sub(r"\s*\*\s*", " *", " ".join(text.split())).replace("* *", "**").strip()


def _parameter(text: str) -> Parameter:
    match = _PARAMETER.match(text.strip())
    assert match, f"no parameter: {text!r}"
    kind, name, brackets = match.groups()
    return Parameter(_normal(kind) + (brackets or ""), name)


def prototypes(header: str) -> dict[str, Prototype]:
    """The functions declared in the text of a header, by name."""
    found = {}
    for returns, name, parameters in _PROTOTYPE.findall(header):
        if parameters not in {"", "void"}:
            each = tuple(_parameter(p) for p in parameters.split(","))
        else:
            each = ()
        found[name] = Prototype(returns, name, each)
    return found
