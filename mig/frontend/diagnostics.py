# SPDX-License-Identifier: GPL-2.0-or-later
"""Where things stand in the source, and what is said about them.

Holds positions, the map from preprocessed text back to files, and the collector of errors and
warnings.  Decides nothing about the language itself.
"""

from __future__ import annotations

import re
from enum import Enum

from mig.errors import InputError
from mig.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LINE_MARKER = re.compile(
    r'^#[ \t]*(?:line[ \t]+)?(\d+)(?![^ \t\n])(?:[ \t]+"((?:[^"\\\n]|\\.)*)")?[^\n]*$', re.M
)
_WORD = r"[A-Za-z_0-9]+|[^\sA-Za-z_0-9]"


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


class CompileError(InputError):
    """The input is not a correct interface; `diagnostics` says where and why.

    Attributes:
        diagnostics: everything found, in the order found, at least one of them an error.
    """

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__("\n".join(diagnostic.render() for diagnostic in diagnostics))
        self.diagnostics = diagnostics


@record
class Stretch:
    """Lines of preprocessed text that follow each other in the file that they come from.

    Attributes:
        file: its name.
        line: the number of the first line there.
        text: the lines, without the end of the last one.
    """

    file: str
    line: int
    text: str

    @property
    def lines(self) -> list[str]:
        """The lines; those of C, which end with a line feed and with nothing else."""
        return self.text.split("\n")


class SourceMap:
    """Preprocessed text, cut up at its line markers, and the files it was made from.

    Attributes:
        stretches: the text in order.
    """

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
        self._read_line = read_line
        self.stretches = tuple(_stretches(text, file))

    @property
    def end(self) -> Position:
        """The position of the last character that is not blank."""
        for stretch in reversed(self.stretches):
            lines = stretch.text.rstrip().split("\n")
            if lines != [""]:
                return Position(stretch.file, stretch.line + len(lines) - 1, len(lines[-1]))
        return Position(self.stretches[0].file, 1, 1)

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
        for stretch in self.stretches:
            index = position.line - stretch.line
            if stretch.file == position.file and 0 <= index <= stretch.text.count("\n"):
                line = stretch.lines[index]
                if len(line) >= position.column - 1:
                    return line
        return ""


def _stretches(text: str, file: str) -> Iterator[Stretch]:
    """Cut text up at its line markers; at least one stretch."""
    line, start = 1, 0
    for marker in _LINE_MARKER.finditer(text):
        if marker.start() > start:
            yield Stretch(file, line, text[start : marker.start() - 1])
        if marker[2] is not None:
            file = re.sub(r"\\(.)", r"\1", marker[2]) if "\\" in marker[2] else marker[2]
        line, start = int(marker[1]), marker.end() + 1
    yield Stretch(file, line, text[start:])


def _matching_column(preprocessed: str, original: str, column: int) -> int | None:
    """The column in `original` of the word that starts at `column` of `preprocessed`.

    The preprocessor keeps the order of words but not the blanks between them.
    """
    words = re.compile(_WORD)
    found = words.match(preprocessed, column - 1)
    if found is None:
        return len(original.rstrip()) + 1 if not preprocessed[column - 1 :].strip() else None
    word = found[0]
    earlier = sum(match[0] == word for match in words.finditer(preprocessed, 0, column - 1))
    for match in words.finditer(original):
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
