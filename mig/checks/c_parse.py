# SPDX-License-Identifier: GPL-2.0-or-later
"""Headers as a tree of declarations: preprocessed, made readable, parsed.

A declaration that cannot be parsed is left out and remembered; the others are not lost for it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pycparser import c_parser

from mig.checks.c_layout import Layouts, Place
from mig.checks.c_text import readable
from mig.frontend.preprocess import Preprocessor
from mig.model.abi import Abi

#: What gcc declares without being asked.
_PRELUDE = """\
# 1 "<builtin>"
typedef {va_list} __builtin_va_list;
typedef float _Float32;
typedef double _Float64;
typedef double _Float32x;
typedef long double _Float64x;
typedef __int128 _Float128;
typedef __int128 __float128;
typedef unsigned short _Float16;
"""
_VA_LISTS = {4: "void *", 8: "struct { unsigned a, b; void *c, *d; }"}
#: More declarations than this that nobody understands are no C.
_ATTEMPTS = 40
_PIECE = re.compile(
    r'(?P<marker>^\#[ \t]*(?P<line>\d+)(?:[ \t]+"(?P<file>[^"\n]*)")?[^\n]*\n)'
    r"|(?P<newline>\n)|(?P<space>[ \t]+)|(?P<sign>[{};])"
    r'|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|[^\s{};"\'\#]+|.',
    re.M,
)
#: Stands in preprocessed text for a header that was not found.
_MISSING = "#pragma mig missing"
_TEXT_LINE = re.compile(r"^(?!\#)[^\n]*", re.M)


class HeaderError(Exception):
    """Headers that cannot be read as C; the message says why."""


@dataclass(frozen=True, slots=True)
class Headers:
    """What some headers declare.

    Attributes:
        text: as preprocessed; positions are places in it.
        layouts: their types.
        refused: declarations that could not be parsed, and why.
        missing: headers that were not found.
    """

    text: str
    layouts: Layouts
    refused: tuple[tuple[Place, str], ...]
    missing: tuple[str, ...] = ()


def parse_headers(
    includes: Sequence[str], abi: Abi, preprocessor: Preprocessor, options: Sequence[str]
) -> Headers:
    """Read headers in order, as one translation unit; those that are not found are left out.

    Args:
        includes: with quotes or angle brackets.
        abi: the target.
        preprocessor: for that target.
        options: its own.

    Raises:
        PreprocessError: when it fails.
        HeaderError: when the headers are not C.
    """
    source = "".join(
        f"#if __has_include({header})\n#include {header}\n#else\n{_MISSING} {header}\n#endif\n"
        for header in includes
    )
    # Freestanding: the compiler's own headers for the fixed-width integers will do.
    text = preprocessor.run("-", ["-ffreestanding", *options], text=source)
    missing = re.findall(rf"^{_MISSING} (.*)$", text, re.M)
    return replace(parse_text(text, abi), missing=tuple(missing))


def parse_text(text: str, abi: Abi) -> Headers:
    """Read declarations from preprocessed text.

    Raises:
        HeaderError: when it is not C.
    """
    prelude = _PRELUDE.format(va_list=_VA_LISTS[abi.word])
    cleaned = f'{prelude}# 1 "<text>"\n{readable(text)}'
    refused: list[tuple[Place, str]] = []
    tree, reason = _parse(cleaned)
    while reason:
        parts = list(_declarations(cleaned))
        if len(refused) == _ATTEMPTS or not parts:
            raise HeaderError(f"the headers are not C: {reason}")
        # What comes before the first that fails is as good as it was.
        first = bisect_left(parts, True, key=lambda part: bool(_parse(cleaned[: part.end])[1]))
        wrong = parts[min(first, len(parts) - 1)]
        refused.append((wrong.place, reason))
        blank = _TEXT_LINE.sub("", cleaned[wrong.begin : wrong.end])
        cleaned = cleaned[: wrong.begin] + blank + cleaned[wrong.end :]
        tree, reason = _parse(cleaned)
    return Headers(text, Layouts(tree, abi), tuple(refused))


def _parse(text: str) -> tuple[Any, str]:
    """A tree, or why there is none."""
    try:
        return c_parser.CParser().parse(text, "<text>"), ""
    except c_parser.ParseError as error:
        return None, str(error)


@dataclass(frozen=True, slots=True)
class _Declaration:
    """From one place in the text to another, and where that came from."""

    begin: int
    end: int
    place: Place


def _declarations(text: str) -> Iterator[_Declaration]:
    """The parts of a text that end with a semicolon outside all braces, and the rest."""
    file, line, depth, begin, line_start = "<text>", 1, 0, 0, 0
    place: Place | None = None
    for match in _PIECE.finditer(text):
        if match["marker"] is not None:
            file, line, line_start = match["file"] or file, int(match["line"]), match.end()
        elif match["newline"] is not None:
            line, line_start = line + 1, match.end()
        elif match["space"] is None:
            place = place or Place(file, line, match.start() - line_start + 1)
            depth += (match[0] == "{") - (match[0] == "}")
            if depth <= 0 and match[0] == ";":
                yield _Declaration(begin, match.end(), place)
                begin, place, depth = match.end(), None, 0
    if place is not None:
        yield _Declaration(begin, len(text), place)
