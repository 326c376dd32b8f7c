# SPDX-License-Identifier: GPL-2.0-or-later
"""Tokens of preprocessed ``.defs`` text, by PLY.

The language lexes by context: after ``waittime``, ``msgoption``, ``import`` and ``rcsid`` the next
word is not an ordinary token.  Keywords match in any case.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from typing import Any

from ply import lex

from mig.frontend.diagnostics import Diagnostics, Position, SourceMap

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
_BLANKS = r"(?:\s|#[^\n]*\n)*"
#: After these keywords comes a token of its own kind, if the text matches.
_SPECIAL_AFTER = {
    keyword: (kind, re.compile(f"{_BLANKS}({pattern})"))
    for keywords, kind, pattern in (
        (("WAITTIME", "MSGOPTION"), "WORD", r"[-/._$A-Za-z0-9]+"),
        (("IMPORT", "UIMPORT", "SIMPORT"), "HEADER", r'"[^"\n]*"|<[^>\n]*>'),
        (("RCSID",), "QUOTED", r'"[^"\n]*"'),
    )
    for keyword in keywords
}

#: Of more digits no number is an int of C, and what is cut off does not matter.
_MOST_DIGITS = 20

literals = ";,:=()[]{}*+-/|^"
tokens = sorted({*KEYWORDS.values(), "IDENTIFIER", "NUMBER", "WORD", "HEADER", "QUOTED"})
t_ignore = " \t\f\v"

# PLY finds rules by name and tries them in the order of their definition.


def t_newline(t: Any) -> None:
    r"""\n"""


def t_directive(t: Any) -> None:
    r"""\#[^\n]*"""
    t.lexer.source.check_directive(t.value, t.lexpos)


def t_MESSAGE_TYPE(t: Any) -> Any:
    r"""MACH_MSG_TYPE_[A-Za-z0-9_]*"""
    return t


def t_IDENTIFIER(t: Any) -> Any:
    r"""[A-Za-z_][A-Za-z_0-9]*"""
    t.type = KEYWORDS.get(t.value.lower(), "IDENTIFIER")
    return t


def t_NUMBER(t: Any) -> Any:
    r"""[0-9]+"""
    t.value = int(t.value.lstrip("0")[:_MOST_DIGITS] or "0")
    return t


def t_error(t: Any) -> None:
    """Report a character that begins no token, and go on behind it."""
    t.lexer.source.error(t.lexpos, f"illegal character {t.value[0]!r}")
    t.lexer.skip(1)


@cache
def _prepared_lexer() -> Any:
    """The rules, compiled; each lexer is a clone."""
    return lex.lex(module=sys.modules[__name__])


def _token(kind: str, value: str, offset: int) -> Any:
    token = lex.LexToken()
    token.type, token.value, token.lineno, token.lexpos = kind, value, 0, offset
    return token


class Lexer:
    """A stream of tokens over one text, with what the parser needs to recover from an error."""

    def __init__(self, text: str, source: SourceMap, diagnostics: Diagnostics) -> None:
        self._source = source
        self._diagnostics = diagnostics
        self._text = text
        self._lexer = _prepared_lexer().clone()
        self._lexer.source = self
        self._lexer.input(text)
        self._depth = 0
        self._resynchronising = False
        self._pending: list[Any] = []
        self._special: tuple[str, re.Pattern[str]] | None = None

    def position(self, offset: int) -> Position:
        """The position of an offset in the text."""
        return self._source.position(offset)

    def error(self, offset: int, message: str) -> None:
        """Record an error at an offset."""
        self._diagnostics.error(self.position(offset), message)

    @property
    def end(self) -> int:
        """The offset behind the last character that is not blank."""
        return max(len(self._text.rstrip()) - 1, 0)

    def token(self) -> Any:
        """The next token, or None at the end: the interface PLY's parser wants."""
        if self._pending:
            return self._pending.pop()
        token = self._next()
        while self._resynchronising and token is not None:
            if token.type in STATEMENT_KEYWORDS.values():
                self._depth = 0
                self._resynchronising = False
                self._pending = [token]
                return _token(";", ";", token.lexpos)
            if token.type == ";" and self._depth <= 0:
                self._depth = 0
                self._resynchronising = False
                break
            token = self._next()
        return token

    def resynchronise(self, token: Any) -> None:
        """Let the next token be the end of the statement in which `token` was wrong."""
        if token.type == ";" and self._depth <= 0:
            return
        if token.type in STATEMENT_KEYWORDS.values():
            self._depth = 0
            self._pending = [token, _token(";", ";", token.lexpos)]
        else:
            self._resynchronising = True

    def _next(self) -> Any:
        special, self._special = self._special, None
        if special is not None:
            kind, pattern = special
            match = pattern.match(self._text, self._lexer.lexpos)
            if match is not None:
                self._lexer.lexpos = match.end()
                return _token(kind, match[1], match.start(1))
        token = self._lexer.token()
        if token is None:
            return None
        if token.type in "([{":
            self._depth += 1
        elif token.type in ")]}":
            self._depth -= 1
        elif token.type in ("WAITTIME", "MSGOPTION") and self._depth > 0:
            token.type = "DIRECTION"
        else:
            self._special = _SPECIAL_AFTER.get(token.type)
        return token

    def check_directive(self, text: str, offset: int) -> None:
        """Refuse a ``#`` line that is neither a line marker nor left over by the preprocessor."""
        at_line_start = offset == 0 or self._text[offset - 1] == "\n"
        word = text[1:].split(maxsplit=1)[0] if text[1:].split() else ""
        known = word.isdigit() or word in ("", "line", "define", "undef", "pragma", "ident")
        if not (at_line_start and known):
            self.error(offset, f"illegal directive '{text.split(maxsplit=1)[0]}'")
