# SPDX-License-Identifier: GPL-2.0-or-later
"""Collects lines of generated text; knows indentation and nothing of any language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

_OPERATORS = ("||", "&&", "|", "?", ":", "=")


class Printer:
    """A growing text with a current indentation."""

    def __init__(self, indent: str = "\t") -> None:
        self._indent = indent
        self._depth = 0
        self._lines: list[str] = []

    def line(self, text: str = "") -> None:
        """Add one line; an empty one is not indented."""
        self._lines.append(f"{self._indent * self._depth}{text}" if text else "")

    def wrapped(self, text: str, width: int = 100) -> None:
        """Add C, its long lines broken behind commas or else operators; a tab is eight columns."""
        first, *others = text.split("\n")
        for line in (f"{self._indent * self._depth}{first}", *others):
            self._wrap(line, width)

    def _wrap(self, line: str, width: int) -> None:
        if len(line) + 7 * line.count("\t") <= width:
            self._lines.append(line)
            return
        while len(line.expandtabs()) > width:
            room = width - (len(line.expandtabs()) - len(line))
            begin = len(line) - len(line.lstrip())
            cut = line.rfind(", ", begin, room)
            if cut < 0:
                at = max(line.rfind(f" {operator} ", begin, room) for operator in _OPERATORS)
                cut = line.find(" ", at + 1) - 1 if at >= 0 else -1
            if cut < 0:
                break
            self._lines.append(line[: cut + 1])
            line = f"{self._indent * (self._depth + 1)}{line[cut + 2 :]}"
        self._lines.append(line)

    def lines(self, texts: Iterable[str]) -> None:
        """Add several lines."""
        for text in texts:
            self.line(text)

    def block(self, text: str) -> None:
        """Add a text of several lines that brings its own indentation."""
        for text_line in text.strip("\n").split("\n"):
            self.line(text_line)

    def blank(self) -> None:
        """Add an empty line, unless one is there or this is the start of a block."""
        if self._lines and self._lines[-1] and not self._lines[-1].endswith("{"):
            self._lines.append("")

    @contextmanager
    def indented(self) -> Iterator[None]:
        """Indent what is added inside one step further."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    @contextmanager
    def braces(self, head: str = "", tail: str = "") -> Iterator[None]:
        """Put what is added inside between braces."""
        self.line(f"{head} {{" if head else "{")
        with self.indented():
            yield
        if self._lines and not self._lines[-1]:
            self._lines.pop()
        self.line(f"}}{tail}")

    def text(self) -> str:
        """Everything so far."""
        return "\n".join(self._lines) + "\n"
