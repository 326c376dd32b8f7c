# SPDX-License-Identifier: GPL-2.0-or-later
"""Python source as text: names, and statements broken as ruff's formatter breaks them.

Knows Python and no Mach.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 100

#: Classes and constants that generated modules import beside the package's own classes.
IMPORTED = frozenset(
    {
        *("Any", "ClassVar", "Iterable", "Mapping", "NamedTuple", "Sequence", "Struct"),
        *("Client", "I386", "MachError", "Message", "Region", "Regions", "Routine", "Server"),
        *("StructArray", "StructLayout", "X86_64", "BITS_COMPLEX"),
    }
)

#: What the bodies of generated classes refer to, so that no method can have the name.
IN_CLASSES = IMPORTED | {"abstractmethod", "bool", "bytes", "float", "int", "tuple"}


def class_name(name: str) -> str:
    """``perf_event_stats_t`` as ``PerfEventStats``."""
    words = name.removesuffix("_t").split("_")
    joined = "".join(word[:1].upper() + word[1:] for word in words if word)
    return joined if joined.isidentifier() else f"X{joined}"


def is_taken(name: str) -> bool:
    """Whether a class cannot have the name."""
    return keyword.iskeyword(name) or name in IMPORTED


def constant_name(name: str) -> str:
    """``perf_event_stats_t`` as ``PERF_EVENT_STATS``."""
    return name.removesuffix("_t").upper()


def variable_name(name: str, taken: Iterable[str] = ()) -> str:
    """`name`, with underscores behind it until it is no keyword and not in `taken`.

    Python gives a meaning to two underscores in front; of these one is left.
    """
    taken = frozenset(taken)
    while name.startswith("__"):
        name = name[1:]
    while keyword.iskeyword(name) or name in taken:
        name += "_"
    return name


class Source:
    """Lines of Python under construction."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._indent = ""

    def text(self) -> str:
        """What was written so far."""
        return "\n".join(self._lines) + "\n"

    def fits(self, text: str) -> bool:
        """Whether a line of it is not too long."""
        return len(self._indent) + len(text) <= WIDTH

    def line(self, text: str = "") -> None:
        """Write one line."""
        self._lines.append(self._indent + text if text else "")

    def lines(self, *texts: str) -> None:
        """Write lines."""
        for text in texts:
            self.line(text)

    @contextmanager
    def indented(self) -> Iterator[None]:
        """Indent what follows."""
        before, self._indent = self._indent, self._indent + "    "
        yield
        self._indent = before

    @contextmanager
    def block(self, opening: str) -> Iterator[None]:
        """Write `opening` and indent what follows."""
        self.line(opening)
        with self.indented():
            yield

    def listing(
        self, opening: str, items: Sequence[str], closing: str, *, exploded: bool = False
    ) -> None:
        """Write ``opening item, item closing``, broken where it is too long."""
        flat = opening + ", ".join(items) + closing
        inner = self._indent + "    " + ", ".join(items)
        if not exploded and self.fits(flat):
            self.line(flat)
        elif (
            not exploded
            and len(inner) <= WIDTH
            and not (opening.startswith("def ") and len(items) == 1)
        ):
            self.lines(opening, "    " + ", ".join(items), closing)
        else:
            self.line(opening)
            self.lines(*(f"    {item}," for item in items))
            self.line(closing)

    def tuple(self, keyword: str, items: Sequence[str]) -> None:
        """Write ``keyword (item, item)``."""
        comma = "," if len(items) == 1 else ""
        flat = f"{keyword} ({', '.join(items)}{comma})"
        if self.fits(flat):
            self.line(flat)
        else:
            self.listing(f"{keyword} (", items, ")", exploded=True)

    def assignment(self, targets: Sequence[str], value: str) -> None:
        """Write ``target, target = value``, the targets below one another when they are many."""
        one = len(targets) == 1
        flat = (f"({targets[0]},)" if one else ", ".join(targets)) + f" = {value}"
        if not self.fits(flat):
            self.listing("(", targets, f") = {value}", exploded=True)
        else:
            self.line(flat)

    def condition(self, operator: str, terms: Sequence[str]) -> str:
        """``if term operator term:``, to open a block with."""
        flat = f"if {f' {operator} '.join(terms)}:"
        if self.fits(flat):
            return flat
        self.line("if (")
        self.line("    " + terms[0])
        self.lines(*(f"    {operator} {term}" for term in terms[1:]))
        return "):"

    def docstring(self, summary: str, details: Sequence[str] = ()) -> None:
        """Write a docstring; `details` are its further lines."""
        if not details:
            self.line(f'"""{summary}"""')
            return
        self.lines(f'"""{summary}', "", *details, '"""')
