# SPDX-License-Identifier: GPL-2.0-or-later
"""Tokens of preprocessed ``.defs`` text.  Keywords match in any case."""

from __future__ import annotations

import re
from functools import lru_cache

from mig.frontend.diagnostics import Position

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from mig.frontend.diagnostics import Stretch

    #: What kind of token it is, its text, and where it stands.
    Token: TypeAlias = tuple[str, str, Position]

#: Words that begin a statement and can stand nowhere else, so that a parser in trouble can go on
#: from them.
STATEMENT_KEYWORDS = {
    "subsystem": "SUBSYSTEM",
    "type": "TYPE",
    "routine": "ROUTINE",
    "simpleroutine": "SIMPLEROUTINE",
    "skip": "SKIP",
    "import": "IMPORT",
    "uimport": "UIMPORT",
    "simport": "SIMPORT",
    "serverprefix": "SERVERPREFIX",
    "userprefix": "USERPREFIX",
    "serverdemux": "SERVERDEMUX",
    "nowaittime": "NOWAITTIME",
    "rcsid": "RCSID",
}
KEYWORDS = {
    **STATEMENT_KEYWORDS,
    "waittime": "WAITTIME",
    "msgoption": "MSGOPTION",
    "kerneluser": "KERNELUSER",
    "kernelserver": "KERNELSERVER",
    "in": "DIRECTION",
    "out": "DIRECTION",
    "inout": "DIRECTION",
    "requestport": "DIRECTION",
    "replyport": "DIRECTION",
    "sreplyport": "DIRECTION",
    "ureplyport": "DIRECTION",
    "msgseqno": "DIRECTION",
    "array": "ARRAY",
    "of": "OF",
    "struct": "STRUCT",
    "c_string": "CSTRING",
    "intran": "INTRAN",
    "intranpayload": "INTRANPAYLOAD",
    "outtran": "OUTTRAN",
    "destructor": "DESTRUCTOR",
    "ctype": "CTYPE",
    "cusertype": "CTYPE",
    "cservertype": "CTYPE",
    "islong": "FLAG",
    "isnotlong": "FLAG",
    "dealloc": "FLAG",
    "notdealloc": "FLAG",
    "servercopy": "FLAG",
    "countinout": "FLAG",
    "retcode": "FLAG",
    "polymorphic": "MESSAGE_TYPE",
}

_PUNCTUATION = frozenset(";,:=()[]{}*+-/|^")

#: Blanks, and then one token, a misplaced directive or a character that begins no token.
_TOKEN = r'[ \t\f\v]*([A-Za-z_][A-Za-z_0-9]*|[0-9]+|"[^"]*"|<[^>]*>|#.*|[^ \t\f\v])'
#: After ``waittime`` and ``msgoption`` words may also have what is not in names and numbers.
_TOKEN_OR_WORD = _TOKEN.replace("(", r"([-/._$A-Za-z0-9]+|", 1)
_BEFORE_WORD = ("WAITTIME", "MSGOPTION")
_DIRECTIVES = ("", "line", "define", "undef", "pragma", "ident")


def tokenise(stretch: Stretch) -> list[Token]:
    """The tokens of a stretch of lines.

    A keyword's kind is the one that `KEYWORDS` says, a character's the character itself, and the
    others' ``IDENTIFIER``, ``NUMBER``, ``MESSAGE_TYPE``, ``STRING``, ``HEADER`` and ``WORD``; of
    what is no token it is ``ILLEGAL``.
    """
    tokens: list[Token] = []
    file, kind = stretch.file, ""
    match_token = re.compile(_TOKEN).match
    for line_number, line in enumerate(stretch.lines, stretch.line):
        if line.startswith("#"):
            if not _is_passed_over(line):
                tokens.append(("ILLEGAL", line, Position(file, line_number, 1)))
            continue
        end = 0
        while match := match_token(line, end):
            if kind in _BEFORE_WORD:
                match = re.compile(_TOKEN_OR_WORD).match(line, end) or match
            text, end = match[1], match.end()
            kind = _kind(text)
            tokens.append((kind, text, Position(file, line_number, end - len(text) + 1)))
    return tokens


@lru_cache(maxsize=4096)
def _kind(text: str) -> str:
    if text in _PUNCTUATION:
        return text
    if keyword := KEYWORDS.get(text.lower()):
        return keyword
    first = text[0]
    if text.isascii() and text.isdigit():
        kind = "NUMBER"
    elif first in '"<' and len(text) > 1:
        kind = "STRING" if first == '"' else "HEADER"
    elif text.startswith("MACH_MSG_TYPE_"):
        kind = "MESSAGE_TYPE"
    elif text.isascii() and text.isidentifier():
        kind = "IDENTIFIER"
    elif len(text) > 1 and first != "#":
        kind = "WORD"
    else:
        kind = "ILLEGAL"
    return kind


def _is_passed_over(line: str) -> bool:
    """Whether a line that begins with ``#`` is one that preprocessors leave behind."""
    words = line[1:].split(maxsplit=1)
    return not words or words[0].isdigit() or words[0] in _DIRECTIVES


def describe_illegal(text: str) -> str:
    """What is said about an ``ILLEGAL`` token."""
    if text.startswith("#"):
        return f"illegal directive '{text.split(maxsplit=1)[0]}'"
    return f"illegal character {text!r}"
