# SPDX-License-Identifier: GPL-2.0-or-later
"""Tokens of preprocessed ``.defs`` text.

The language lexes by context: after ``waittime``, ``msgoption``, ``import`` and ``rcsid`` the next
word is not an ordinary token.  Keywords match in any case.
"""

from __future__ import annotations

import re

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
tokens = sorted(
    {*KEYWORDS.values(), "IDENTIFIER", "NUMBER", "WORD", "HEADER", "QUOTED", "DECLARATION"}
)

#: Blanks, and then one token, a directive or a character that begins no token.
_TOKEN = re.compile(
    r"[ \t\f\v\n]*(?:"
    r"(?P<MESSAGE_TYPE>MACH_MSG_TYPE_[A-Za-z0-9_]*)"
    r"|(?P<WORD>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<NUMBER>[0-9]+)"
    rf"|(?P<LITERAL>[{re.escape(literals)}])"
    r"|(?P<DIRECTIVE>#[^\n]*)"
    r"|(?P<ERROR>.))"
)


#: A type declaration without a struct's members, up to its semicolon.
_DECLARATION = re.compile(rf"{_BLANKS}(type\s[^;{{#]*)(?=;)", re.IGNORECASE)
#: What declarations were parsed to, by place and text.
_declarations: dict[tuple[Position, str], object] = {}


class Token:
    """A token; `lexpos` is its offset in the text."""

    __slots__ = ("lexpos", "type", "value")

    def __init__(self, kind: str, value: object, offset: int) -> None:
        self.type = kind
        self.value = value
        self.lexpos = offset


class Lexer:
    """A stream of tokens over one text, with what the parser needs to recover from an error."""

    def __init__(self, text: str, source: SourceMap, diagnostics: Diagnostics) -> None:
        self._source = source
        self._diagnostics = diagnostics
        self._text = text
        self._offset = 0
        self._depth = 0
        self._resynchronising = False
        self._pending: list[Token] = []
        self._special: tuple[str, re.Pattern[str]] | None = None
        self._at_statement = True

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

    def token(self) -> Token | None:
        """The next token, or None at the end."""
        if self._pending:
            return self._pending.pop()
        token = self._next()
        while self._resynchronising and token is not None:
            if token.type in STATEMENT_KEYWORDS.values():
                self._depth = 0
                self._resynchronising = False
                self._pending = [token]
                return Token(";", ";", token.lexpos)
            if token.type == ";" and self._depth <= 0:
                self._depth = 0
                self._resynchronising = False
                break
            token = self._next()
        return token

    def resynchronise(self, token: Token) -> None:
        """Let the next token be the end of the statement in which `token` was wrong."""
        if token.type == ";" and self._depth <= 0:
            return
        if token.type in STATEMENT_KEYWORDS.values():
            self._depth = 0
            self._pending = [token, Token(";", ";", token.lexpos)]
        else:
            self._resynchronising = True

    def remember(self, offset: int, declaration: object) -> None:
        """Keep what a type declaration at an offset was parsed to.

        The jobs of a batch include the same declarations again and again.
        """
        found = _DECLARATION.match(self._text, offset)
        if found is not None:
            _declarations[self.position(offset), found[1]] = declaration

    def _remembered(self) -> Token | None:
        """The declaration that comes next, if the same one was parsed before."""
        found = _DECLARATION.match(self._text, self._offset)
        if found is None:
            return None
        declaration = _declarations.get((self.position(found.start(1)), found[1]))
        if declaration is None:
            return None
        self._offset = found.end()
        return Token("DECLARATION", declaration, found.start(1))

    def _next(self) -> Token | None:
        at_statement, self._at_statement = self._at_statement, False
        if at_statement and not self._resynchronising and (known := self._remembered()):
            return known
        special, self._special = self._special, None
        if special is not None:
            kind, pattern = special
            match = pattern.match(self._text, self._offset)
            if match is not None:
                self._offset = match.end()
                return Token(kind, match[1], match.start(1))
        token = self._ordinary()
        if token is None:
            return None
        if token.type in "([{":
            self._depth += 1
        elif token.type in ")]}":
            self._depth -= 1
        elif token.type == ";":
            self._at_statement = self._depth == 0
        elif token.type in ("WAITTIME", "MSGOPTION") and self._depth > 0:
            token.type = "DIRECTION"
        else:
            self._special = _SPECIAL_AFTER.get(token.type)
        return token

    def _ordinary(self) -> Token | None:
        """The next token whatever came before; None at the end."""
        while match := _TOKEN.match(self._text, self._offset):
            kind = str(match.lastgroup)
            value, start = match[kind], match.start(kind)
            self._offset = match.end()
            if kind == "WORD":
                return Token(KEYWORDS.get(value.lower(), "IDENTIFIER"), value, start)
            if kind == "LITERAL":
                return Token(value, value, start)
            if kind == "NUMBER":
                return Token(kind, int(value.lstrip("0")[:_MOST_DIGITS] or "0"), start)
            if kind == "MESSAGE_TYPE":
                return Token(kind, value, start)
            if kind == "DIRECTIVE":
                self._check_directive(value, start)
            else:
                self.error(start, f"illegal character {value!r}")
        return None

    def _check_directive(self, text: str, offset: int) -> None:
        """Refuse a ``#`` line that is neither a line marker nor left over by the preprocessor."""
        at_line_start = offset == 0 or self._text[offset - 1] == "\n"
        word = text[1:].split(maxsplit=1)[0] if text[1:].split() else ""
        known = word.isdigit() or word in ("", "line", "define", "undef", "pragma", "ident")
        if not (at_line_start and known):
            self.error(offset, f"illegal directive '{text.split(maxsplit=1)[0]}'")
