# SPDX-License-Identifier: GPL-2.0-or-later
"""The grammar of the interface language, by PLY: tokens to syntax tree.

Every production builds one node and checks nothing; a syntax error is reported, the rest of its
statement skipped, and parsing goes on.
"""

from __future__ import annotations

import sys
from functools import cache

from ply import yacc

from mig.frontend import nodes
from mig.frontend.diagnostics import Diagnostics, Position, SourceMap
from mig.frontend.lexer import Lexer, tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["parse", "tokens", "write_tables"]

_TABLE_MODULE = "mig.frontend.parsetab"
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


def _at(p: Any, index: int) -> Position:
    position: Position = p.lexer.position(p.lexpos(index))
    return position


def _name(p: Any, index: int) -> nodes.Name:
    return nodes.Name(_at(p, index), p[index])


def p_specification(p: Any) -> None:
    """specification : statements"""
    p[0] = nodes.Specification(tuple(p[1]))


def p_statements_none(p: Any) -> None:
    """statements :"""
    p[0] = []


def p_statements(p: Any) -> None:
    """statements : statements statement ';'"""
    p[0] = p[1]
    p[0].append(p[2])


def p_statements_empty(p: Any) -> None:
    """statements : statements ';'
    | statements error ';'
    """
    p[0] = p[1]


def p_subsystem(p: Any) -> None:
    """statement : SUBSYSTEM modifiers name NUMBER"""
    p[0] = nodes.Subsystem(_at(p, 1), p[3], p[4], "KERNELUSER" in p[2], "KERNELSERVER" in p[2])


def p_modifiers_none(p: Any) -> None:
    """modifiers :"""
    p[0] = ()


def p_modifiers(p: Any) -> None:
    """modifiers : modifiers KERNELUSER
    | modifiers KERNELSERVER
    """
    p[0] = (*p[1], p.slice[2].type)


def p_wait_time(p: Any) -> None:
    """statement : WAITTIME WORD"""
    p[0] = nodes.WaitTime(_at(p, 1), p[2])


def p_no_wait_time(p: Any) -> None:
    """statement : NOWAITTIME"""
    p[0] = nodes.WaitTime(_at(p, 1), None)


def p_message_option(p: Any) -> None:
    """statement : MSGOPTION WORD"""
    p[0] = nodes.MessageOption(_at(p, 1), p[2])


def p_server_prefix(p: Any) -> None:
    """statement : SERVERPREFIX name"""
    p[0] = nodes.ServerPrefix(_at(p, 1), p[2])


def p_user_prefix(p: Any) -> None:
    """statement : USERPREFIX name"""
    p[0] = nodes.UserPrefix(_at(p, 1), p[2])


def p_server_demux(p: Any) -> None:
    """statement : SERVERDEMUX name"""
    p[0] = nodes.ServerDemux(_at(p, 1), p[2])


def p_import(p: Any) -> None:
    """statement : IMPORT HEADER
    | UIMPORT HEADER
    | SIMPORT HEADER
    """
    kind = p.slice[1].type
    p[0] = nodes.Import(_at(p, 1), kind != "SIMPORT", kind != "UIMPORT", p[2])


def p_rcs_id(p: Any) -> None:
    """statement : RCSID QUOTED"""
    p[0] = nodes.RcsId(_at(p, 1), p[2])


def p_skip(p: Any) -> None:
    """statement : SKIP
    | SKIP NUMBER
    """
    p[0] = nodes.Skip(_at(p, 1), p[2] if len(p) > 2 else 1)


def p_type_declaration(p: Any) -> None:
    """statement : TYPE definition"""
    p[0] = nodes.TypeDeclaration(_at(p, 1), p[2])


def p_definition(p: Any) -> None:
    """definition : name '=' type translations"""
    p[0] = nodes.TypeDefinition(p[1], p[3], tuple(p[4]))


def p_translations_none(p: Any) -> None:
    """translations :"""
    p[0] = []


def p_translations(p: Any) -> None:
    """translations : translations translation"""
    p[0] = p[1]
    p[0].append(p[2])


def p_translation_function(p: Any) -> None:
    """translation : INTRAN ':' name name '(' name ')'
    | OUTTRAN ':' name name '(' name ')'
    """
    p[0] = nodes.Translation(_at(p, 1), p[1].lower(), (p[3], p[4], p[6]))


def p_translation_payload(p: Any) -> None:
    """translation : INTRANPAYLOAD ':' name name"""
    p[0] = nodes.Translation(_at(p, 1), "intranpayload", (p[3], p[4]))


def p_translation_destructor(p: Any) -> None:
    """translation : DESTRUCTOR ':' name '(' name ')'"""
    p[0] = nodes.Translation(_at(p, 1), "destructor", (p[3], p[5]))


def p_translation_c_type(p: Any) -> None:
    """translation : CTYPE ':' name"""
    p[0] = nodes.Translation(_at(p, 1), p[1].lower(), (p[3],))


def p_type_basic(p: Any) -> None:
    """type : MESSAGE_TYPE
    | NUMBER
    """
    p[0] = nodes.BasicType(_at(p, 1), _message_type(p, 1), None, None, ())


def p_type_basic_pair(p: Any) -> None:
    """type : message_type '|' message_type"""
    p[0] = nodes.BasicType(p[1].position, p[1], p[3], None, ())


def p_type_basic_sized(p: Any) -> None:
    """type : '(' message_type received ',' expression flags ')'"""
    p[0] = nodes.BasicType(_at(p, 1), p[2], p[3], p[5], tuple(p[6]))


def p_received(p: Any) -> None:
    """received :
    | '|' message_type
    """
    p[0] = p[2] if len(p) > 2 else None


def _message_type(p: Any, index: int) -> nodes.MessageTypeName:
    return nodes.MessageTypeName(_at(p, index), str(p[index]))


def p_message_type(p: Any) -> None:
    """message_type : MESSAGE_TYPE
    | NUMBER
    """
    p[0] = _message_type(p, 1)


def p_type_named(p: Any) -> None:
    """type : name"""
    p[0] = nodes.NamedType(p[1].position, p[1].text)


def p_type_indefinite(p: Any) -> None:
    """type : ARRAY '[' ']' OF type
    | ARRAY '[' '*' ']' OF type
    """
    p[0] = nodes.VariableArrayType(_at(p, 1), None, p[len(p) - 1])


def p_type_variable(p: Any) -> None:
    """type : ARRAY '[' '*' ':' expression ']' OF type"""
    p[0] = nodes.VariableArrayType(_at(p, 1), p[5], p[8])


def p_type_array(p: Any) -> None:
    """type : ARRAY '[' expression ']' OF type"""
    p[0] = nodes.ArrayType(_at(p, 1), p[3], p[6])


def p_type_pointer(p: Any) -> None:
    """type : '^' type"""
    p[0] = nodes.PointerType(_at(p, 1), p[2])


def p_type_struct_array(p: Any) -> None:
    """type : STRUCT '[' expression ']' OF type"""
    p[0] = nodes.StructArrayType(_at(p, 1), p[3], p[6])


def p_type_struct(p: Any) -> None:
    """type : STRUCT '{' members '}'"""
    p[0] = nodes.StructType(_at(p, 1), tuple(p[3]))


def p_members_first(p: Any) -> None:
    """members : member"""
    p[0] = [p[1]]


def p_members(p: Any) -> None:
    """members : members member"""
    p[0] = [*p[1], p[2]]


def p_member(p: Any) -> None:
    """member : name name ';'"""
    type_name: nodes.Name = p[1]
    named = nodes.NamedType(type_name.position, type_name.text)
    p[0] = nodes.StructMember(type_name.position, named, p[2])


def p_type_c_string(p: Any) -> None:
    """type : CSTRING '[' expression ']'
    | CSTRING '[' '*' ':' expression ']'
    """
    p[0] = nodes.CStringType(_at(p, 1), p[len(p) - 2], len(p) > 5)


def p_expression_operation(p: Any) -> None:
    """expression : expression '+' expression
    | expression '-' expression
    | expression '*' expression
    | expression '/' expression
    """
    p[0] = nodes.Operation(_at(p, 2), p[2], p[1], p[3])


def p_expression_number(p: Any) -> None:
    """expression : NUMBER"""
    p[0] = nodes.Number(_at(p, 1), p[1])


def p_expression_group(p: Any) -> None:
    """expression : '(' expression ')'"""
    p[0] = p[2]


def p_routine(p: Any) -> None:
    """statement : ROUTINE name '(' arguments ')'
    | SIMPLEROUTINE name '(' arguments ')'
    """
    simple = p.slice[1].type == "SIMPLEROUTINE"
    p[0] = nodes.Routine(_at(p, 1), p[2], simple, tuple(p[4]))


def p_arguments_none(p: Any) -> None:
    """arguments :"""
    p[0] = []


def p_arguments(p: Any) -> None:
    """arguments : argument_list"""
    p[0] = p[1]


def p_argument_list_first(p: Any) -> None:
    """argument_list : argument"""
    p[0] = [p[1]]


def p_argument_list(p: Any) -> None:
    """argument_list : argument_list ';' argument"""
    p[0] = [*p[1], p[3]]


def p_argument(p: Any) -> None:
    """argument : name ':' argument_type flags"""
    p[0] = nodes.Argument(p[1].position, None, p[1], p[3], tuple(p[4]))


def p_argument_directed(p: Any) -> None:
    """argument : DIRECTION name ':' argument_type flags"""
    p[0] = nodes.Argument(_at(p, 1), p[1].lower(), p[2], p[4], tuple(p[5]))


def p_argument_type_named(p: Any) -> None:
    """argument_type : name"""
    p[0] = nodes.NamedType(p[1].position, p[1].text)


def p_argument_type_definition(p: Any) -> None:
    """argument_type : definition"""
    p[0] = p[1]


def p_flags_none(p: Any) -> None:
    """flags :"""
    p[0] = []


def p_flags(p: Any) -> None:
    """flags : flags ',' FLAG
    | flags ',' FLAG '[' ']'
    """
    p[0] = [*p[1], nodes.Flag(_at(p, 3), p[3].lower(), len(p) > 4)]


def p_name(p: Any) -> None:
    """name : IDENTIFIER"""
    p[0] = _name(p, 1)


def _describe(token_type: str) -> str:
    if len(token_type) == 1:
        return f"'{token_type}'"
    return _TOKEN_NAMES.get(token_type, f"'{token_type.lower()}'")


def _is_acceptable(parser: Any, terminal: str) -> bool:
    """Whether the parser, as it stands, would in the end shift `terminal`."""
    states = list(parser.statestack)
    while True:
        action = parser.action[states[-1]].get(terminal)
        if action is None or action >= 0:
            return action is not None
        production = parser.productions[-action]
        del states[len(states) - production.len :]
        states.append(parser.goto[states[-1]][production.name])


def _expected(parser: Any) -> str:
    """What would have been right instead, when that is short enough to help."""
    candidates = (name for name in parser.action[parser.state] if name != "error")
    wanted = sorted({_describe(name) for name in candidates if _is_acceptable(parser, name)})
    if not 0 < len(wanted) <= _MOST_EXPECTED:
        return ""
    return " or ".join(filter(None, (", ".join(wanted[:-1]), wanted[-1])))


def p_error(token: Any) -> None:
    """Report a syntax error; PLY calls this, and then looks for a production with `error`."""
    lexer, parser = _current.lexer, _parser()
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


class _Current:
    """The lexer of the parse under way; PLY does not hand it to `p_error` at end of file."""

    lexer: Lexer


_current = _Current()


@cache
def _parser() -> Any:
    """The parser, from the tables in `parsetab` when they are there and match the grammar."""
    return yacc.yacc(
        module=sys.modules[__name__],
        tabmodule=_TABLE_MODULE,
        write_tables=False,
        debug=False,
        errorlog=yacc.NullLogger(),
    )


def write_tables(directory: str) -> None:
    """Write the module of parser tables into `directory`, for faster starts."""
    yacc.yacc(
        module=sys.modules[__name__],
        tabmodule=_TABLE_MODULE,
        outputdir=directory,
        write_tables=True,
        debug=False,
        errorlog=yacc.NullLogger(),
    )


def parse(text: str, source: SourceMap, diagnostics: Diagnostics) -> nodes.Specification:
    """Parse preprocessed text.

    Errors go to `diagnostics`; what could be understood is returned all the same.
    """
    _current.lexer = Lexer(text, source, diagnostics)
    tree = _parser().parse(lexer=_current.lexer)
    return tree if tree is not None else nodes.Specification(())
