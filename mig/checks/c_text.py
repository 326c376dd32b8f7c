# SPDX-License-Identifier: GPL-2.0-or-later
"""Preprocessed GNU C to text that pycparser can read.

Works on tokens and never on a tree.  What has no bearing on the layout of types goes: function
bodies, inline assembly, assertions.  Attributes that do have are turned into declarations whose
names begin with `MARK`; `c_layout` reads them back.  Everything that stays keeps its file, line
and column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

#: Begins the names of the declarations that stand for attributes.
MARK = "__mig_mark_"

_TOKEN = re.compile(
    r"""
      (?P<marker>^\#[ \t]*(?:line[ \t]+)?(?P<line>\d+)(?:[ \t]+"(?P<file>(?:[^"\\]|\\.)*)")?[^\n]*)
    | (?P<pragma>^[ \t]*\#[ \t]*pragma\b(?P<pragma_text>[^\n]*))
    | (?P<space>[ \t\f\v\r]+)
    | (?P<newline>\n)
    | (?P<word>[A-Za-z_$][A-Za-z_$0-9]*)
    | (?P<literal>L?"(?:[^"\\\n]|\\.)*"|L?'(?:[^'\\\n]|\\.)*'|\.?[0-9](?:[eEpP][+-]|[\w.])*)
    | (?P<sign>.)
    """,
    re.X | re.M,
)
_PACK = re.compile(r"\s*pack\s*\(\s*(push|pop)?\s*,?\s*(?:[A-Za-z_]\w*\s*,?\s*)?(\d+)?\s*\)")

_IGNORED_WORDS = {
    "__extension__", "__inline", "__inline__", "inline", "__restrict", "__restrict__", "restrict",
    "__const", "__const__", "__volatile__", "__volatile", "_Noreturn", "__thread",
}  # fmt: skip
_RENAMED_WORDS = {
    "__signed__": "signed",
    "__signed": "signed",
    "__alignof__": "_Alignof",
    "__alignof": "_Alignof",
    "__builtin_offsetof": "offsetof",
    "__int128_t": "__int128",
}
_IGNORED_CALLS = {"asm", "__asm__", "__asm", "_Static_assert"}
_ATTRIBUTE = ("__attribute__", "__attribute")
_TYPE_OF = {"typeof", "__typeof__", "__typeof"}
_TAGS = {"struct", "union", "enum"}
_OPEN, _CLOSE = {"(": ")", "[": "]", "{": "}"}, {")": "(", "]": "[", "}": "{"}
#: Sizes that machine modes stand for, as C expressions.
_MODES = {"QI": "1", "byte": "1", "HI": "2", "SI": "4", "DI": "8", "TI": "16",
          "word": "sizeof (void *)", "pointer": "sizeof (void *)"}  # fmt: skip
#: What ``aligned`` without a number means on both targets.
_BIGGEST_ALIGNMENT = "16"


@dataclass(slots=True)
class _Token:
    text: str
    kind: str
    file: str
    line: int
    column: int
    #: Declarations that stand for attributes; they go before and behind the token.
    before: str = ""
    behind: str = ""
    gone: bool = False


@dataclass(slots=True)
class _Scope:
    """A pair of braces, or the file."""

    tag: int | None
    pack: int | None
    marks: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)


def readable(text: str) -> str:
    """The declarations of preprocessed text, as pycparser reads them."""
    everything = list(_tokens(text))
    tokens = [token for token in everything if token.kind not in ("space", "newline", "marker")]
    _Cleaner(tokens).run()
    return "".join(_written(everything))


def _tokens(text: str) -> Iterator[_Token]:
    file, line, start = "<text>", 1, 0
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        if match["marker"] is not None:
            kind = "marker"
            # The newline behind the marker counts.
            file, line = match["file"] or file, int(match["line"]) - 1
        elif match["pragma"] is not None:
            kind = "pragma"
        yield _Token(match[0], kind, file, line, match.start() - start + 1)
        if kind == "newline":
            line, start = line + 1, match.end()


def _written(tokens: list[_Token]) -> Iterator[str]:
    for token in tokens:
        if token.before:
            yield f'{token.before}\n# {token.line} "{token.file}"\n{" " * (token.column - 1)}'
        yield " " * len(token.text) if token.gone else token.text
        if token.behind:
            column = token.column + len(token.text)
            yield f'{token.behind}\n# {token.line} "{token.file}"\n{" " * (column - 1)}'


class _Cleaner:
    """One pass over the tokens that matter to a parser."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._scopes = [_Scope(None, None)]
        self._pack: int | None = None
        self._pack_stack: list[int | None] = []
        #: Attributes between a tag and the brace or name behind it.
        self._tag_marks: list[str] = []

    def run(self) -> None:
        """Mark tokens as gone and hang declarations on them."""
        at = 0
        while at < len(self._tokens):
            at = self._step(at)

    def _step(self, at: int) -> int:
        token = self._tokens[at]
        if token.gone:
            return at + 1
        if token.kind == "pragma":
            self._pragma(token)
        elif token.kind == "word":
            return self._word(at)
        elif token.text == "{":
            return self._open(at)
        elif token.text == "}":
            self._close(at)
        elif token.text == ";":
            scope = self._scopes[-1]
            token.behind += "".join(scope.pending)
            scope.pending.clear()
            self._tag_marks.clear()
        return at + 1

    def _word(self, at: int) -> int:
        token = self._tokens[at]
        word = token.text
        if word in _ATTRIBUTE:
            return self._attributes(at)
        if word in _IGNORED_CALLS:
            return self._drop(at, self._end_of_call(at))
        if word in _TYPE_OF:
            end = self._end_of_call(at)
            self._drop(at, end)
            token.before = " struct __mig_unknown "
            return end
        if word in _IGNORED_WORDS:
            token.gone = True
        elif word in _RENAMED_WORDS:
            # The new word need not be as long as the old one.
            token.gone = True
            token.before = f" {_RENAMED_WORDS[word]} "
        return at + 1

    def _end_of_call(self, at: int) -> int:
        """The index behind the parentheses that follow the word at `at`, if any do."""
        begin = at + 1
        while self._text(begin) in ("volatile", "__volatile__", "goto"):
            begin += 1
        return self._end_of_group(begin) if self._text(begin) == "(" else at + 1

    def _end_of_group(self, begin: int) -> int:
        depth = 0
        for at in range(begin, len(self._tokens)):
            text = self._tokens[at].text
            depth += (text in _OPEN) - (text in _CLOSE)
            if depth == 0:
                return at + 1
        return len(self._tokens)

    def _drop(self, begin: int, end: int) -> int:
        for token in self._tokens[begin:end]:
            token.gone = True
        return end

    def _text(self, at: int) -> str:
        return self._tokens[at].text if 0 <= at < len(self._tokens) else ""

    def _previous(self, at: int) -> int:
        """The index of the last token before `at` that stays; -1 when there is none."""
        at -= 1
        while at >= 0 and self._tokens[at].gone and not self._tokens[at].before:
            at -= 1
        return at

    # Braces.

    def _open(self, at: int) -> int:
        before = self._previous(at)
        if self._text(before) == ")" and len(self._scopes) == 1:
            end = self._end_of_group(at)
            self._drop(at, end)
            self._tokens[at].before = ";"
            self._scopes[-1].pending.clear()
            return end
        tag = before
        if self._tokens[tag].kind == "word" and self._text(tag) not in _TAGS:
            tag = self._previous(tag)
        scope = _Scope(tag if self._text(tag) in _TAGS else None, self._pack)
        scope.marks += self._tag_marks
        self._tag_marks.clear()
        self._scopes.append(scope)
        return at + 1

    def _close(self, at: int) -> None:
        if len(self._scopes) == 1:
            return
        scope = self._scopes.pop()
        if scope.tag is None:
            return
        marks = list(scope.marks)
        if scope.pack is not None:
            marks.append(f"pack[{scope.pack}]")
        following = at + 1
        while self._text(following) in _ATTRIBUTE:
            end = self._end_of_call(following)
            marks += [_nameless(name, value) for name, value in self._parsed(following, end)]
            following = self._drop(following, end)
        token = self._tokens[at]
        if self._text(scope.tag) == "enum":
            if any(mark.startswith("packed") for mark in marks):
                comma = "" if self._text(self._previous(at)) == "," else ","
                token.before += f"{comma} {MARK}packed"
        else:
            token.before += "".join(f" char {MARK}{mark};" for mark in marks)

    # Attributes.

    def _attributes(self, at: int) -> int:
        """Those of a tag, or of what a declaration declares; `_close` has seen the others."""
        end = self._end_of_call(at)
        found = list(self._parsed(at, end))
        before = self._previous(at)
        self._drop(at, end)
        scope = self._scopes[-1]
        if self._text(before) in _TAGS:
            self._tag_marks += [_nameless(name, value) for name, value in found]
            return end
        declared = self._declared(before, end)
        if declared:
            scope.pending += [
                f" char {MARK}{name}_of_{declared}[{value}];" for name, value in found
            ]
        return end

    def _declared(self, before: int, behind: int) -> str:
        """The name that an attribute between two tokens is about; empty: none that has a layout."""
        if self._text(behind) in (";", ",", "="):
            return self._declarator(before)
        while behind < len(self._tokens):
            text = self._text(behind)
            if text in (";", ",", "=", "[", ":"):
                found = self._tokens[behind - 1]
                return found.text if found.kind == "word" else ""
            if text in ("(", "{", "}", *_ATTRIBUTE):
                return ""
            behind += 1
        return ""

    def _declarator(self, at: int) -> str:
        """The name in the declarator that ends at `at`."""
        while at > 0:
            token = self._tokens[at]
            if token.kind == "word":
                return token.text
            if self._text(self._previous(at)) == ":":  # the width of a bit-field
                at = self._previous(self._previous(at))
            elif token.text in _CLOSE:
                begin = self._start_of_group(at)
                is_pointer = token.text == ")" and self._text(begin + 1) == "*"
                at = self._previous(at if is_pointer else begin)
            else:
                break
        return ""

    def _start_of_group(self, end: int) -> int:
        depth = 0
        for at in range(end, -1, -1):
            text = self._tokens[at].text
            depth += (text in _CLOSE) - (text in _OPEN)
            if depth == 0:
                return at
        return 0

    def _parsed(self, at: int, end: int) -> Iterator[tuple[str, str]]:
        """Names and values of the attributes in ``__attribute__ ((...))`` that change a layout."""
        inside = at + 3
        while inside < end - 2:
            name = self._text(inside).strip("_")
            value = ""
            if self._text(inside + 1) == "(":
                close = self._end_of_group(inside + 1)
                value = " ".join(
                    _plain(token.text) for token in self._tokens[inside + 2 : close - 1]
                )
                inside = close - 1
            if name == "packed":
                yield name, "1"
            elif name == "aligned":
                yield name, value or _BIGGEST_ALIGNMENT
            elif name == "mode" and value.strip("_") in _MODES:
                yield name, _MODES[value.strip("_")]
            elif name == "vector_size":
                yield name, value
            inside += 1
            if self._text(inside) == ",":
                inside += 1

    def _pragma(self, token: _Token) -> None:
        token.gone = True
        match = _PACK.match(token.text.partition("pragma")[2])
        if match is None:
            return
        action, number = match[1], match[2]
        if action == "push":
            self._pack_stack.append(self._pack)
        elif action == "pop":
            self._pack = self._pack_stack.pop() if self._pack_stack else None
        elif number is None:
            self._pack = None
        if number is not None and action != "pop":
            self._pack = int(number) or None


def _nameless(name: str, value: str) -> str:
    return f"{name}[{value}]"


def _plain(text: str) -> str:
    return _RENAMED_WORDS.get(text, text)
