# SPDX-License-Identifier: GPL-2.0-or-later
"""The comments in a ``.defs``, for the docstrings of what is generated.

Takes lines of text and returns lines of text; reads no file.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from mig.frontend.diagnostics import Position

_WIDTH = 84
#: Something, and a comment behind it that says a word in lower case: not a mere number or XXX.
_BESIDE = re.compile(r"\S.*/\*+\s*((?:(?!\*/).)*[a-z](?:(?!\*/).)*?)\s*\*+/\s*$")
_CONDITION = re.compile(r"\s*#\s*(if|ifdef|ifndef|elif|else|endif)\b")


def comment_above(lines: Sequence[str], line: int) -> tuple[str, ...]:
    """Return the block comment that ends right above a line, filled, without its frame.

    What the preprocessor asks between the two does not part them.

    Args:
        lines: of the whole file.
        line: of the declaration, counted from 1.

    Returns:
        Lines of prose; none where something else stands above the declaration.
    """
    if not 0 < line <= len(lines):
        return ()
    end = _above_conditions(lines, line - 1)
    if end == 0 or not lines[end - 1].rstrip().endswith("*/"):
        return ()
    start = end
    while "/*" not in lines[start - 1]:
        start -= 1
        if start == 0:
            return ()
    block = [text.strip() for text in lines[start - 1 : end]]
    if not block[0].startswith("/*"):
        return ()
    block[0] = block[0].removeprefix("/*").lstrip("*")
    block[-1] = block[-1].removesuffix("*/").rstrip("*")
    prose = [text.strip().removeprefix("*").strip() for text in block]
    paragraphs = " ".join(text or "\n" for text in prose).split("\n")
    filled = [textwrap.wrap(_safe(text), _WIDTH) for text in paragraphs if text.strip()]
    separated = [line for paragraph in filled for line in (*paragraph, "")]
    return tuple(separated[:-1])


def comment_beside(
    sources: Mapping[str, Sequence[str]], position: Position, others: Iterable[Position]
) -> str:
    """Return the comment at the end of a declaration's line; empty where there is none.

    Args:
        sources: lines of files, by name.
        position: of the declaration.
        others: of what is declared beside it: what shares a line with it shares the comment,
            which then says nothing of either.
    """
    lines = sources.get(position.file, ())
    if not 0 < position.line <= len(lines) or position.line in {other.line for other in others}:
        return ""
    found = _BESIDE.match(lines[position.line - 1].strip())
    return _safe(found[1]).rstrip(".") if found else ""


def entry(name: str, text: str) -> list[str]:
    """Return the lines of a docstring that say what a name is."""
    end = "" if text.endswith(("?", "!")) else "."
    return textwrap.wrap(
        f"{name}: {text}{end}", _WIDTH + 4, initial_indent="    ", subsequent_indent="        "
    )


def _above_conditions(lines: Sequence[str], end: int) -> int:
    """How many of the first `end` lines there are before the conditions that they end with.

    Behind an ``#else`` those begin with its ``#if``.
    """
    branches = 0
    while end > 0:
        found = _CONDITION.match(lines[end - 1])
        word = found[1] if found else ""
        if word.startswith("if"):
            branches = max(branches - 1, 0)
        elif branches:
            branches += word == "endif"
        elif word.startswith("el"):
            branches = 1
        else:
            break
        end -= 1
    return end


def _safe(text: str) -> str:
    """What a docstring can hold."""
    return " ".join(text.replace("\\", "/").replace('"', "'").split())
