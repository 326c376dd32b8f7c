# SPDX-License-Identifier: GPL-2.0-or-later
"""Where things stand in the source, and what is said about them.

Holds positions, the map from preprocessed text back to files, and the collector of errors and
warnings.  Decides nothing about the language itself.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from enum import Enum

from mig.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LINE_MARKER = re.compile(
    r'^#[ \t]*(?:line[ \t]+)?(\d+)(?:[ \t]+"((?:[^"\\]|\\.)*)")?[^\n]*$', re.M
)
_WORD = re.compile(r"[A-Za-z_0-9]+|[^\sA-Za-z_0-9]")


@record
class Position:
    """A place in a source file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = Position("<builtin>", 0, 0)


class Severity(Enum):
    """How bad a diagnostic is; only errors stop the compilation."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@record
class Diagnostic:
    """One message about one place, with the source line it talks about."""

    severity: Severity
    position: Position
    message: str
    source_line: str = ""

    def render(self) -> str:
        """The message as compilers print it: position, text, source line, caret."""
        place = str(self.position) if self.position.line else self.position.file
        text = f"{place}: {self.severity.value}: {self.message}"
        if not self.source_line:
            return text
        before = self.source_line[: self.position.column - 1]
        indent = "".join("\t" if character == "\t" else " " for character in before)
        return f"{text}\n    {self.source_line}\n    {indent}^"


class CompileError(Exception):
    """The input is not a correct interface; `diagnostics` says where and why.

    Attributes:
        diagnostics: everything found, in the order found, at least one of them an error.
    """

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__("\n".join(diagnostic.render() for diagnostic in diagnostics))
        self.diagnostics = diagnostics


class SourceMap:
    """Maps offsets of preprocessed text to positions in the files it was made from."""

    def __init__(
        self,
        text: str,
        file: str,
        read_line: Callable[[str, int], str | None] | None = None,
    ) -> None:
        """Scan `text` for line markers.

        Args:
            text: the preprocessed text.
            file: the name of the text that precedes the first line marker.
            read_line: gives a line of an original file, or None where there is none; with it,
                columns are those of the original line, not of what the preprocessor made of it.
        """
        self._text = text
        self._read_line = read_line
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._markers: list[tuple[int, str, int]] = [(0, file, 1)]
        for match in _LINE_MARKER.finditer(text):
            name = match[2]
            current = re.sub(r"\\(.)", r"\1", name) if name is not None else self._markers[-1][1]
            self._markers.append((self._line_index(match.start()) + 1, current, int(match[1])))
        self._marker_lines = [marker[0] for marker in self._markers]

    def _line_index(self, offset: int) -> int:
        return bisect_right(self._line_starts, offset) - 1

    def _preprocessed_line(self, index: int) -> str:
        start = self._line_starts[index]
        end = self._text.find("\n", start)
        return self._text[start : end if end >= 0 else len(self._text)]

    def position(self, offset: int) -> Position:
        """The position of the character at `offset`; columns are the preprocessed text's."""
        index = self._line_index(offset)
        first, file, line = self._markers[bisect_right(self._marker_lines, index) - 1]
        return Position(file, line + index - first, offset - self._line_starts[index] + 1)

    def locate(self, position: Position, preprocessed_line: str) -> tuple[Position, str]:
        """The position within the original line, and that line, where they can be found."""
        original = self._read_line(position.file, position.line) if self._read_line else None
        if original is None or original == preprocessed_line:
            return position, preprocessed_line
        column = _matching_column(preprocessed_line, original, position.column)
        if column is None:
            return position, preprocessed_line
        return Position(position.file, position.line, column), original

    def source_line(self, position: Position) -> str:
        """The preprocessed line that `position` names; empty when it is none of this text."""
        for (first, file, line), following in zip(
            self._markers, [*self._marker_lines[1:], len(self._line_starts) + 1], strict=True
        ):
            index = first + position.line - line
            if file == position.file and first <= index < following:
                if index >= len(self._line_starts):
                    return ""
                text = self._preprocessed_line(index)
                if len(text) >= position.column - 1:
                    return text
        return ""


def _matching_column(preprocessed: str, original: str, column: int) -> int | None:
    """The column in `original` of the word that starts at `column` of `preprocessed`.

    The preprocessor keeps the order of words but not the blanks between them.
    """
    found = _WORD.match(preprocessed, column - 1)
    if found is None:
        return len(original.rstrip()) + 1 if not preprocessed[column - 1 :].strip() else None
    word = found[0]
    earlier = sum(match[0] == word for match in _WORD.finditer(preprocessed, 0, column - 1))
    for match in _WORD.finditer(original):
        if match[0] == word:
            if earlier == 0:
                return match.start() + 1
            earlier -= 1
    return None


class Diagnostics:
    """Collects what is found wrong, so that one run reports it all."""

    def __init__(self, source: SourceMap | None = None) -> None:
        self._source = source
        self._found: list[Diagnostic] = []

    def error(self, position: Position, message: str) -> None:
        """Record an error."""
        self._add(Severity.ERROR, position, message)

    def warning(self, position: Position, message: str) -> None:
        """Record a warning."""
        self._add(Severity.WARNING, position, message)

    def note(self, position: Position, message: str) -> None:
        """Record a note that explains the diagnostic before it."""
        self._add(Severity.NOTE, position, message)

    def _add(self, severity: Severity, position: Position, message: str) -> None:
        line = ""
        if self._source is not None and position.line:
            line = self._source.source_line(position)
            position, line = self._source.locate(position, line)
        diagnostic = Diagnostic(severity, position, message, line)
        if diagnostic not in self._found:
            self._found.append(diagnostic)

    @property
    def found(self) -> tuple[Diagnostic, ...]:
        """Everything recorded so far, in order."""
        return tuple(self._found)

    @property
    def has_errors(self) -> bool:
        """Whether any of it is an error."""
        return any(diagnostic.severity is Severity.ERROR for diagnostic in self._found)

    def raise_if_errors(self) -> None:
        """Raise CompileError when an error was recorded."""
        if self.has_errors:
            raise CompileError(self.found)
