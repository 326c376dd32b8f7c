# SPDX-License-Identifier: GPL-2.0-or-later
"""The grammar of the interface language: tokens to syntax tree.

A docstring is a production, in PLY's notation; the function builds its node and checks nothing.
A syntax error is reported, the rest of its statement skipped, and parsing goes on.
"""

from __future__ import annotations

import sys
from functools import cache, partial

from mig.frontend import nodes
from mig.frontend.diagnostics import Diagnostics, Position, SourceMap
from mig.frontend.lexer import Lexer, Token, tokens
from mig.frontend.parser import Parser, Production, Tables
from mig.frontend.tables import FILE, load_tables, tables_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["parse", "tokens", "write_tables"]

_MOST_EXPECTED = 6
_TOKEN_NAMES = {
    "IDENTIFIER": "a name",
    "NUMBER": "a number",
    "MESSAGE_TYPE": "a message type",
    "DIRECTION": "a direction",
    "FLAG": "a flag",
    "WORD": "a word",
    "HEADER": "a header name",
    "QUOTED": "a string",
    "CTYPE": "'ctype'",
    "CSTRING": "'c_string'",
    "$end": "end of file",
}

precedence = (("left", "+", "-"), ("left", "*", "/"))


def _at(p: Production, index: int) -> Position:
    return p.lexer.position(p.lexpos(index))


def _name(p: Production, index: int) -> nodes.Name:
    return nodes.Name(_at(p, index), p[index])


def p_specification(p: Production) -> None:
    """specification : statements"""
    p[0] = nodes.Specification(tuple(p[1]))


def p_statements_none(p: Production) -> None:
    """statements :"""
    p[0] = []


def p_statements(p: Production) -> None:
    """statements : statements statement ';'"""
    p[0] = p[1]
    p[0].append(p[2])


def p_statements_empty(p: Production) -> None:
    """statements : statements ';'
    | statements error ';'
    """
    p[0] = p[1]


def p_subsystem(p: Production) -> None:
    """statement : SUBSYSTEM modifiers name NUMBER"""
    p[0] = nodes.Subsystem(_at(p, 1), p[3], p[4], "KERNELUSER" in p[2], "KERNELSERVER" in p[2])


def p_modifiers_none(p: Production) -> None:
    """modifiers :"""
    p[0] = ()


def p_modifiers(p: Production) -> None:
    """modifiers : modifiers KERNELUSER
    | modifiers KERNELSERVER
    """
    p[0] = (*p[1], p.slice[2].type)


def p_wait_time(p: Production) -> None:
    """statement : WAITTIME WORD"""
    p[0] = nodes.WaitTime(_at(p, 1), p[2])


def p_no_wait_time(p: Production) -> None:
    """statement : NOWAITTIME"""
    p[0] = nodes.WaitTime(_at(p, 1), None)


def p_message_option(p: Production) -> None:
    """statement : MSGOPTION WORD"""
    p[0] = nodes.MessageOption(_at(p, 1), p[2])


def p_server_prefix(p: Production) -> None:
    """statement : SERVERPREFIX name"""
    p[0] = nodes.ServerPrefix(_at(p, 1), p[2])


def p_user_prefix(p: Production) -> None:
    """statement : USERPREFIX name"""
    p[0] = nodes.UserPrefix(_at(p, 1), p[2])


def p_server_demux(p: Production) -> None:
    """statement : SERVERDEMUX name"""
    p[0] = nodes.ServerDemux(_at(p, 1), p[2])


def p_import(p: Production) -> None:
    """statement : IMPORT HEADER
    | UIMPORT HEADER
    | SIMPORT HEADER
    """
    kind = p.slice[1].type
    p[0] = nodes.Import(_at(p, 1), kind != "SIMPORT", kind != "UIMPORT", p[2])


def p_rcs_id(p: Production) -> None:
    """statement : RCSID QUOTED"""
    p[0] = nodes.RcsId(_at(p, 1), p[2])


def p_skip(p: Production) -> None:
    """statement : SKIP
    | SKIP NUMBER
    """
    p[0] = nodes.Skip(_at(p, 1), p[2] if len(p) > 2 else 1)


def p_type_declaration(p: Production) -> None:
    """statement : TYPE definition"""
    p[0] = nodes.TypeDeclaration(_at(p, 1), p[2])
    p.lexer.remember(p.lexpos(1), p[0])


def p_type_declaration_known(p: Production) -> None:
    """statement : DECLARATION"""
    p[0] = p[1]


def p_definition(p: Production) -> None:
    """definition : name '=' type translations"""
    p[0] = nodes.TypeDefinition(p[1], p[3], tuple(p[4]))


def p_translations_none(p: Production) -> None:
    """translations :"""
    p[0] = []


def p_translations(p: Production) -> None:
    """translations : translations translation"""
    p[0] = p[1]
    p[0].append(p[2])


def p_translation_function(p: Production) -> None:
    """translation : INTRAN ':' name name '(' name ')'
    | OUTTRAN ':' name name '(' name ')'
    """
    p[0] = nodes.Translation(_at(p, 1), p[1].lower(), (p[3], p[4], p[6]))


def p_translation_payload(p: Production) -> None:
    """translation : INTRANPAYLOAD ':' name name"""
    p[0] = nodes.Translation(_at(p, 1), "intranpayload", (p[3], p[4]))


def p_translation_destructor(p: Production) -> None:
    """translation : DESTRUCTOR ':' name '(' name ')'"""
    p[0] = nodes.Translation(_at(p, 1), "destructor", (p[3], p[5]))


def p_translation_c_type(p: Production) -> None:
    """translation : CTYPE ':' name"""
    p[0] = nodes.Translation(_at(p, 1), p[1].lower(), (p[3],))


def p_type_basic(p: Production) -> None:
    """type : MESSAGE_TYPE
    | NUMBER
    """
    p[0] = nodes.BasicType(_at(p, 1), _message_type(p, 1), None, None, ())


def p_type_basic_pair(p: Production) -> None:
    """type : message_type '|' message_type"""
    p[0] = nodes.BasicType(p[1].position, p[1], p[3], None, ())


def p_type_basic_sized(p: Production) -> None:
    """type : '(' message_type received ',' expression flags ')'"""
    p[0] = nodes.BasicType(_at(p, 1), p[2], p[3], p[5], tuple(p[6]))


def p_received(p: Production) -> None:
    """received :
    | '|' message_type
    """
    p[0] = p[2] if len(p) > 2 else None


def _message_type(p: Production, index: int) -> nodes.MessageTypeName:
    return nodes.MessageTypeName(_at(p, index), str(p[index]))


def p_message_type(p: Production) -> None:
    """message_type : MESSAGE_TYPE
    | NUMBER
    """
    p[0] = _message_type(p, 1)


def p_type_named(p: Production) -> None:
    """type : name"""
    p[0] = nodes.NamedType(p[1].position, p[1].text)


def p_type_indefinite(p: Production) -> None:
    """type : ARRAY '[' ']' OF type
    | ARRAY '[' '*' ']' OF type
    """
    p[0] = nodes.VariableArrayType(_at(p, 1), None, p[len(p) - 1])


def p_type_variable(p: Production) -> None:
    """type : ARRAY '[' '*' ':' expression ']' OF type"""
    p[0] = nodes.VariableArrayType(_at(p, 1), p[5], p[8])


def p_type_array(p: Production) -> None:
    """type : ARRAY '[' expression ']' OF type"""
    p[0] = nodes.ArrayType(_at(p, 1), p[3], p[6])


def p_type_pointer(p: Production) -> None:
    """type : '^' type"""
    p[0] = nodes.PointerType(_at(p, 1), p[2])


def p_type_struct_array(p: Production) -> None:
    """type : STRUCT '[' expression ']' OF type"""
    p[0] = nodes.StructArrayType(_at(p, 1), p[3], p[6])


def p_type_struct(p: Production) -> None:
    """type : STRUCT '{' members '}'"""
    p[0] = nodes.StructType(_at(p, 1), tuple(p[3]))


def p_members_first(p: Production) -> None:
    """members : member"""
    p[0] = [p[1]]


def p_members(p: Production) -> None:
    """members : members member"""
    p[0] = [*p[1], p[2]]


def p_member(p: Production) -> None:
    """member : name name ';'"""
    type_name: nodes.Name = p[1]
    named = nodes.NamedType(type_name.position, type_name.text)
    p[0] = nodes.StructMember(type_name.position, named, p[2])


def p_type_c_string(p: Production) -> None:
    """type : CSTRING '[' expression ']'
    | CSTRING '[' '*' ':' expression ']'
    """
    p[0] = nodes.CStringType(_at(p, 1), p[len(p) - 2], len(p) > 5)


def p_expression_operation(p: Production) -> None:
    """expression : expression '+' expression
    | expression '-' expression
    | expression '*' expression
    | expression '/' expression
    """
    p[0] = nodes.Operation(_at(p, 2), p[2], p[1], p[3])


def p_expression_number(p: Production) -> None:
    """expression : NUMBER"""
    p[0] = nodes.Number(_at(p, 1), p[1])


def p_expression_group(p: Production) -> None:
    """expression : '(' expression ')'"""
    p[0] = p[2]


def p_routine(p: Production) -> None:
    """statement : ROUTINE name '(' arguments ')'
    | SIMPLEROUTINE name '(' arguments ')'
    """
    simple = p.slice[1].type == "SIMPLEROUTINE"
    p[0] = nodes.Routine(_at(p, 1), p[2], simple, tuple(p[4]))


def p_arguments_none(p: Production) -> None:
    """arguments :"""
    p[0] = []


def p_arguments(p: Production) -> None:
    """arguments : argument_list"""
    p[0] = p[1]


def p_argument_list_first(p: Production) -> None:
    """argument_list : argument"""
    p[0] = [p[1]]


def p_argument_list(p: Production) -> None:
    """argument_list : argument_list ';' argument"""
    p[0] = [*p[1], p[3]]


def p_argument(p: Production) -> None:
    """argument : name ':' argument_type flags"""
    p[0] = nodes.Argument(p[1].position, None, p[1], p[3], tuple(p[4]))


def p_argument_directed(p: Production) -> None:
    """argument : DIRECTION name ':' argument_type flags"""
    p[0] = nodes.Argument(_at(p, 1), p[1].lower(), p[2], p[4], tuple(p[5]))


def p_argument_type_named(p: Production) -> None:
    """argument_type : name"""
    p[0] = nodes.NamedType(p[1].position, p[1].text)


def p_argument_type_definition(p: Production) -> None:
    """argument_type : definition"""
    p[0] = p[1]


def p_flags_none(p: Production) -> None:
    """flags :"""
    p[0] = []


def p_flags(p: Production) -> None:
    """flags : flags ',' FLAG
    | flags ',' FLAG '[' ']'
    """
    p[0] = [*p[1], nodes.Flag(_at(p, 3), p[3].lower(), len(p) > 4)]


def p_name(p: Production) -> None:
    """name : IDENTIFIER"""
    p[0] = _name(p, 1)


def _describe(token_type: str) -> str:
    if len(token_type) == 1:
        return f"'{token_type}'"
    return _TOKEN_NAMES.get(token_type, f"'{token_type.lower()}'")


def _expected(parser: Parser) -> str:
    """What would have been right instead, when that is short enough to help."""
    wanted = sorted({_describe(name) for name in parser.expected()})
    if not 0 < len(wanted) <= _MOST_EXPECTED:
        return ""
    return " or ".join(filter(None, (", ".join(wanted[:-1]), wanted[-1])))


def p_error(token: Any) -> None:
    """Nothing: PLY, which makes the tables, wants to see that errors are taken care of."""


def _report(lexer: Lexer, parser: Parser, token: Token | None) -> None:
    """Report a syntax error and let the lexer skip the rest of the statement."""
    expected = _expected(parser)
    if token is None:
        found, offset = "end of file", lexer.end
    else:
        found, offset = f"'{token.value}'", token.lexpos
        lexer.resynchronise(token)
    if expected:
        lexer.error(offset, f"syntax error: expected {expected} before {found}")
    else:
        lexer.error(offset, f"syntax error: unexpected {found}")


@cache
def _tables() -> Tables:
    return load_tables(sys.modules[__name__])


def write_tables(directory: str) -> None:
    """Write the module of parser tables into `directory`, for faster starts."""
    from pathlib import Path

    (Path(directory) / FILE).write_text(tables_text(sys.modules[__name__]), encoding="utf-8")


def parse(text: str, source: SourceMap, diagnostics: Diagnostics) -> nodes.Specification:
    """Parse preprocessed text.

    Errors go to `diagnostics`; what could be understood is returned all the same.
    """
    lexer = Lexer(text, source, diagnostics)
    parser = Parser(_tables(), globals(), lexer, partial(_report, lexer))
    tree: nodes.Specification | None = parser.parse()
    return tree if tree is not None else nodes.Specification(())
