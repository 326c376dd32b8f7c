# SPDX-License-Identifier: GPL-2.0-or-later
"""The grammar of the interface language: tokens to syntax tree, by recursive descent.

A method parses the construct that it is named after, builds its node and checks nothing.  A syntax
error is reported, the rest of its statement skipped, and parsing goes on.
"""

from __future__ import annotations

from mig.frontend import nodes
from mig.frontend.diagnostics import NOWHERE, Diagnostics, Position, SourceMap
from mig.frontend.lexer import STATEMENT_KEYWORDS, describe_illegal, tokenise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mig.frontend.diagnostics import Stretch
    from mig.frontend.lexer import Token

_END = "$end"
_MOST_EXPECTED = 6
_TOKEN_NAMES = {
    "IDENTIFIER": "a name",
    "NUMBER": "a number",
    "MESSAGE_TYPE": "a message type",
    "DIRECTION": "a direction",
    "FLAG": "a flag",
    "WORD": "a word",
    "HEADER": "a header name",
    "STRING": "a string",
    "CTYPE": "'ctype'",
    "CSTRING": "'c_string'",
}
#: Of more digits no number is an int of C, and what is cut off does not matter.
_MOST_DIGITS = 20
_DIRECTIONS = ("DIRECTION", "WAITTIME", "MSGOPTION")
_RESTARTS = frozenset(STATEMENT_KEYWORDS.values())

#: What was parsed without an error, by the first of the stretches that its statements take up: the
#: stretches, and the statements.  The jobs of a batch include the same files again and again.
_parsed: dict[Stretch, tuple[tuple[Stretch, ...], tuple[nodes.Statement, ...]]] = {}
_MOST_PARSED = 10_000


def parse(source: SourceMap, diagnostics: Diagnostics) -> nodes.Specification:
    """Parse preprocessed text.

    Errors go to `diagnostics`; what could be understood is returned all the same.

    Raises:
        RecursionError: when something is nested too deeply.
    """
    return _Parser(source, diagnostics).specification()


class _SyntaxError(Exception):
    """The current token is none of those that could come."""


class _Parser:
    """One parse."""

    def __init__(self, source: SourceMap, diagnostics: Diagnostics) -> None:
        self._source = source
        self._diagnostics = diagnostics
        self._stretches = source.stretches
        self._read = 0  # stretches
        self._tokens: list[Token] = []
        self._index = 0
        self._kind, self._text, self._position = _END, "", NOWHERE
        #: The index of the keyword that parsing went on from after an error.
        self._restart: int | None = None
        #: Kinds that the current token was compared with, in vain.
        self._tried: list[str] = []
        self._has_failed = False

    # Tokens.

    def _load(self) -> None:
        """Make the token at the index the current one."""
        self._tried.clear()
        while self._index < len(self._tokens) or self._read_on():
            self._kind, self._text, self._position = self._tokens[self._index]
            if self._kind != "ILLEGAL":
                return
            self._report(self._position, describe_illegal(self._text))
            self._index += 1
        self._kind, self._text, self._position = _END, "", self._source.end

    def _advance(self) -> None:
        self._index += 1
        self._load()

    def _read_on(self) -> bool:
        """Add the tokens of what a statement runs into; whether there are any."""
        while self._read < len(self._stretches):
            self._tokens += tokenise(self._stretches[self._read])
            self._read += 1
            if self._index < len(self._tokens):
                return True
        return False

    def _accept(self, kind: str) -> bool:
        """Take a token if it is the current one."""
        if self._kind == kind:
            self._advance()
            return True
        self._tried.append(kind)
        return False

    def _expect(self, kind: str) -> str:
        """Take a token that has to come; its text."""
        if self._kind != kind:
            raise self._unexpected(kind)
        text = self._text
        self._advance()
        return text

    def _unexpected(self, *kinds: str) -> _SyntaxError:
        """What to raise when none of these kinds came, nor any that was tried before."""
        self._tried += kinds
        return _SyntaxError()

    def _report(self, position: Position, message: str) -> None:
        self._has_failed = True
        self._diagnostics.error(position, message)

    # Statements.

    def specification(self) -> nodes.Specification:
        statements: list[nodes.Statement] = []
        while self._read < len(self._stretches):
            first = self._stretches[self._read]
            stretches, known = _parsed.get(first, ((), ()))
            end = self._read + len(stretches)
            if stretches and self._stretches[self._read : end] == stretches:
                statements += known
                self._read = end
            else:
                statements += self._statements(first)
        return nodes.Specification(tuple(statements))

    def _statements(self, stretch: Stretch) -> tuple[nodes.Statement, ...]:
        """The statements that begin in the next stretch."""
        begin, self._has_failed = self._read, False
        self._read += 1
        self._tokens, self._index, self._restart = tokenise(stretch), 0, None
        found: list[nodes.Statement] = []
        while self._index < len(self._tokens):
            self._statement(found)
        statements = tuple(found)
        if not self._has_failed and len(_parsed) < _MOST_PARSED:
            _parsed[stretch] = self._stretches[begin : self._read], statements
        return statements

    def _statement(self, statements: list[nodes.Statement]) -> None:
        """A statement and its semicolon, or nothing but the latter."""
        start = self._index
        self._load()
        if self._kind == _END:
            return
        try:
            if self._kind != ";":
                begin = _STATEMENTS.get(self._kind)
                if begin is None:
                    raise self._unexpected(*_STATEMENTS)
                statements.append(begin(self, self._position))
            if self._kind != ";":
                raise self._unexpected(";")
            self._index += 1
        except _SyntaxError:
            # Where the keyword that a parser went on from began no statement, all has been said.
            if self._index - 1 != self._restart:
                found = f"'{self._text}'" if self._kind != _END else "end of file"
                self._report(self._position, f"syntax error: {_expected(self._tried)}{found}")
            self._skip(start)

    def _skip(self, start: int) -> None:
        """Leave the statement that began with a token: go behind its end, or to the next one."""
        while self._kind != _END:
            if self._kind in _RESTARTS:
                self._restart = self._index
                return
            if self._kind == ";" and not self._has_open_bracket(start):
                self._index += 1
                return
            self._advance()

    def _has_open_bracket(self, start: int) -> bool:
        """Whether a bracket is open between a token and the current one."""
        kinds = [kind for kind, _, _ in self._tokens[start : self._index]]
        pairs = (("(", ")"), ("[", "]"), ("{", "}"))
        return any(kinds.count(opening) > kinds.count(closing) for opening, closing in pairs)

    def _subsystem(self, position: Position) -> nodes.Subsystem:
        self._advance()
        modifiers = set()
        while (kind := self._kind) in ("KERNELUSER", "KERNELSERVER"):
            modifiers.add(kind)
            self._advance()
        self._tried += ("KERNELUSER", "KERNELSERVER")
        name, base = self._name(), self._number()
        in_kernel = (kind in modifiers for kind in ("KERNELUSER", "KERNELSERVER"))
        return nodes.Subsystem(position, name, base, *in_kernel)

    def _type_declaration(self, position: Position) -> nodes.TypeDeclaration:
        self._advance()
        name = self._name()
        self._expect("=")
        return nodes.TypeDeclaration(position, self._definition(name))

    def _routine(self, position: Position) -> nodes.Routine:
        simple = self._kind == "SIMPLEROUTINE"
        self._advance()
        name = self._name()
        self._expect("(")
        arguments = []
        if not self._accept(")"):
            arguments.append(self._argument())
            while self._accept(";"):
                arguments.append(self._argument())
            self._expect(")")
        return nodes.Routine(position, name, simple, tuple(arguments))

    def _skip_ids(self, position: Position) -> nodes.Skip:
        self._advance()
        if self._kind == "NUMBER":
            return nodes.Skip(position, self._number())
        self._tried.append("NUMBER")
        return nodes.Skip(position, 1)

    def _import(self, position: Position) -> nodes.Import:
        keyword = self._kind
        self._advance()
        header = self._expect("STRING" if self._kind == "STRING" else "HEADER")
        return nodes.Import(position, keyword != "SIMPORT", keyword != "UIMPORT", header)

    def _server_prefix(self, position: Position) -> nodes.ServerPrefix:
        self._advance()
        return nodes.ServerPrefix(position, self._name())

    def _user_prefix(self, position: Position) -> nodes.UserPrefix:
        self._advance()
        return nodes.UserPrefix(position, self._name())

    def _server_demux(self, position: Position) -> nodes.ServerDemux:
        self._advance()
        return nodes.ServerDemux(position, self._name())

    def _wait_time(self, position: Position) -> nodes.WaitTime:
        self._advance()
        return nodes.WaitTime(position, self._word())

    def _no_wait_time(self, position: Position) -> nodes.WaitTime:
        self._advance()
        return nodes.WaitTime(position, None)

    def _message_option(self, position: Position) -> nodes.MessageOption:
        self._advance()
        return nodes.MessageOption(position, self._word())

    def _rcs_id(self, position: Position) -> nodes.RcsId:
        self._advance()
        return nodes.RcsId(position, self._expect("STRING"))

    # Types.

    def _definition(self, name: nodes.Name) -> nodes.TypeDefinition:
        """What comes behind ``name =``."""
        specification = self._type()
        translations = []
        while translate := _TRANSLATIONS.get(self._kind):
            translations.append(translate(self, self._position))
        self._tried += _TRANSLATIONS
        return nodes.TypeDefinition(name, specification, tuple(translations))

    def _type(self) -> nodes.TypeSpecification:
        begin = _TYPES.get(self._kind)
        if begin is None:
            raise self._unexpected(*_TYPES)
        return begin(self, self._position)

    def _named_type(self, position: Position) -> nodes.NamedType:
        return nodes.NamedType(position, self._expect("IDENTIFIER"))

    def _basic_type(self, position: Position) -> nodes.BasicType:
        sent = self._message_type()
        received = self._message_type() if self._accept("|") else None
        return nodes.BasicType(position, sent, received, None, ())

    def _sized_basic_type(self, position: Position) -> nodes.BasicType:
        self._advance()
        sent = self._message_type()
        received = self._message_type() if self._accept("|") else None
        self._expect(",")
        size, flags = self._expression(), self._flags()
        self._expect(")")
        return nodes.BasicType(position, sent, received, size, flags)

    def _message_type(self) -> nodes.MessageTypeName:
        position, text = self._position, self._text
        if self._kind == "NUMBER":
            text = str(self._number())
        else:
            self._tried.append("NUMBER")
            self._expect("MESSAGE_TYPE")
        return nodes.MessageTypeName(position, text)

    def _array(self, position: Position) -> nodes.ArrayType | nodes.VariableArrayType:
        self._advance()
        self._expect("[")
        maximum: nodes.Expression | None = None
        if self._accept("*"):
            if self._accept(":"):
                maximum = self._expression()
        elif self._kind != "]":
            self._tried.append("]")
            count = self._expression()
            self._array_of()
            return nodes.ArrayType(position, count, self._type())
        self._array_of()
        return nodes.VariableArrayType(position, maximum, self._type())

    def _array_of(self) -> None:
        self._expect("]")
        self._expect("OF")

    def _pointer(self, position: Position) -> nodes.PointerType:
        self._advance()
        return nodes.PointerType(position, self._type())

    def _struct(self, position: Position) -> nodes.StructArrayType | nodes.StructType:
        self._advance()
        if self._accept("["):
            count = self._expression()
            self._array_of()
            return nodes.StructArrayType(position, count, self._type())
        self._expect("{")
        members = [self._member()]
        while not self._accept("}"):
            members.append(self._member())
        return nodes.StructType(position, tuple(members))

    def _member(self) -> nodes.StructMember:
        position = self._position
        kind, name = self._named_type(position), self._name()
        self._expect(";")
        return nodes.StructMember(position, kind, name)

    def _c_string(self, position: Position) -> nodes.CStringType:
        self._advance()
        self._expect("[")
        is_variable = self._accept("*")
        if is_variable:
            self._expect(":")
        size = self._expression()
        self._expect("]")
        return nodes.CStringType(position, size, is_variable)

    # Clauses of types.

    def _translation(self, position: Position) -> nodes.Translation:
        kind = self._text.lower()
        self._advance()
        self._expect(":")
        result, function = self._name(), self._name()
        return nodes.Translation(position, kind, (result, function, self._name_in_parentheses()))

    def _payload_translation(self, position: Position) -> nodes.Translation:
        kind = self._text.lower()
        self._advance()
        self._expect(":")
        return nodes.Translation(position, kind, (self._name(), self._name()))

    def _destructor(self, position: Position) -> nodes.Translation:
        kind = self._text.lower()
        self._advance()
        self._expect(":")
        return nodes.Translation(position, kind, (self._name(), self._name_in_parentheses()))

    def _c_type(self, position: Position) -> nodes.Translation:
        kind = self._text.lower()
        self._advance()
        self._expect(":")
        return nodes.Translation(position, kind, (self._name(),))

    def _name_in_parentheses(self) -> nodes.Name:
        self._expect("(")
        name = self._name()
        self._expect(")")
        return name

    # Arguments.

    def _argument(self) -> nodes.Argument:
        position, direction = self._position, None
        if self._kind in _DIRECTIONS:
            direction = self._text.lower()
            self._advance()
        else:
            self._tried.append("DIRECTION")
        name = self._name()
        self._expect(":")
        type_position = self._position
        type_name = self._name()
        kind: nodes.NamedType | nodes.TypeDefinition
        if self._accept("="):
            kind = self._definition(type_name)
        else:
            kind = nodes.NamedType(type_position, type_name.text)
        return nodes.Argument(position, direction, name, kind, self._flags())

    def _flags(self) -> tuple[nodes.Flag, ...]:
        flags: list[nodes.Flag] = []
        while self._accept(","):
            position, name = self._position, self._expect("FLAG").lower()
            maybe = self._accept("[")
            if maybe:
                self._expect("]")
            flags.append(nodes.Flag(position, name, maybe))
        return tuple(flags)

    # Expressions.

    def _expression(self) -> nodes.Expression:
        left = self._term()
        while (operator := self._kind) in ("+", "-"):
            position = self._position
            self._advance()
            left = nodes.Operation(position, operator, left, self._term())
        self._tried += ("+", "-")
        return left

    def _term(self) -> nodes.Expression:
        left = self._factor()
        while (operator := self._kind) in ("*", "/"):
            position = self._position
            self._advance()
            left = nodes.Operation(position, operator, left, self._factor())
        self._tried += ("*", "/")
        return left

    def _factor(self) -> nodes.Expression:
        if self._accept("("):
            expression = self._expression()
            self._expect(")")
            return expression
        return nodes.Number(self._position, self._number())

    # Words.

    def _name(self) -> nodes.Name:
        position = self._position
        return nodes.Name(position, self._expect("IDENTIFIER"))

    def _number(self) -> int:
        return int(self._expect("NUMBER").lstrip("0")[:_MOST_DIGITS] or "0")

    def _word(self) -> str:
        """What ``waittime`` and ``msgoption`` take: a keyword is a word like any other there."""
        first = self._text[:1]
        return self._expect(self._kind if first.isalnum() or first == "_" else "WORD")


#: What begins with a kind of token; the methods find it as the current one.
_STATEMENTS: Mapping[str, Callable[[_Parser, Position], nodes.Statement]] = {
    "SUBSYSTEM": _Parser._subsystem,
    "TYPE": _Parser._type_declaration,
    "ROUTINE": _Parser._routine,
    "SIMPLEROUTINE": _Parser._routine,
    "SKIP": _Parser._skip_ids,
    "IMPORT": _Parser._import,
    "UIMPORT": _Parser._import,
    "SIMPORT": _Parser._import,
    "SERVERPREFIX": _Parser._server_prefix,
    "USERPREFIX": _Parser._user_prefix,
    "SERVERDEMUX": _Parser._server_demux,
    "WAITTIME": _Parser._wait_time,
    "NOWAITTIME": _Parser._no_wait_time,
    "MSGOPTION": _Parser._message_option,
    "RCSID": _Parser._rcs_id,
}
_TYPES: Mapping[str, Callable[[_Parser, Position], nodes.TypeSpecification]] = {
    "IDENTIFIER": _Parser._named_type,
    "MESSAGE_TYPE": _Parser._basic_type,
    "NUMBER": _Parser._basic_type,
    "(": _Parser._sized_basic_type,
    "ARRAY": _Parser._array,
    "^": _Parser._pointer,
    "STRUCT": _Parser._struct,
    "CSTRING": _Parser._c_string,
}
_TRANSLATIONS: Mapping[str, Callable[[_Parser, Position], nodes.Translation]] = {
    "INTRAN": _Parser._translation,
    "OUTTRAN": _Parser._translation,
    "INTRANPAYLOAD": _Parser._payload_translation,
    "DESTRUCTOR": _Parser._destructor,
    "CTYPE": _Parser._c_type,
}


def _describe(kind: str) -> str:
    if len(kind) == 1:
        return f"'{kind}'"
    return _TOKEN_NAMES.get(kind, f"'{kind.lower()}'")


def _expected(kinds: list[str]) -> str:
    """What would have been right, when that is short enough to help; comes before what is found."""
    wanted = sorted({_describe(kind) for kind in kinds})
    if len(wanted) > _MOST_EXPECTED:
        return "unexpected "
    names = " or ".join(filter(None, (", ".join(wanted[:-1]), wanted[-1])))
    return f"expected {names} before "
