# SPDX-License-Identifier: GPL-2.0-or-later
"""The language as a grammar in PLY's notation: what the parser is held against.

Says which texts belong to the language and draws such texts; builds nothing, explains nothing.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from ply import lex, yacc

from mig.frontend.lexer import KEYWORDS

literals = ";,:=()[]{}*+-/|^"
tokens = (
    *sorted(set(KEYWORDS.values())),
    *("IDENTIFIER", "NUMBER", "STRING", "HEADER", "WORD"),
)
states = (("word", "exclusive"),)

t_ANY_ignore = " \t\n\f\v"
t_STRING = r'"[^"\n]*"'
t_HEADER = r"<[^>\n]*>"


def is_reserved(word: str) -> bool:
    """Whether a word is no identifier."""
    return word.lower() in KEYWORDS or word.startswith("MACH_MSG_TYPE_")


def t_NUMBER(t: Any) -> Any:
    r"[0-9]+"
    return t


def t_IDENTIFIER(t: Any) -> Any:
    r"[A-Za-z_][A-Za-z_0-9]*"
    t.type = KEYWORDS.get(t.value.lower(), "IDENTIFIER")
    if t.value.startswith("MACH_MSG_TYPE_"):
        t.type = "MESSAGE_TYPE"
    if t.type in ("WAITTIME", "MSGOPTION"):
        t.lexer.begin("word")
    return t


def t_word_WORD(t: Any) -> Any:
    r"[-/._$A-Za-z0-9]+"
    t.lexer.begin("INITIAL")
    if t.value.isdigit():
        t.type = "NUMBER"
    elif t.value.isidentifier() and not is_reserved(t.value):  # it may be an argument's
        t.type = "IDENTIFIER"
    return t


def t_word_other(t: Any) -> Any:
    r"[;:]"
    t.type = t.value
    t.lexer.begin("INITIAL")
    return t


class OutsideError(Exception):
    """A text does not belong to the language."""


def t_ANY_error(t: Any) -> None:
    """No token begins here."""
    raise OutsideError(t.value[:1])


precedence = (("left", "+", "-"), ("left", "*", "/"))


def p_language(p: Any) -> None:
    """
    specification :
                  | specification ';'
                  | specification statement ';'

    statement : SUBSYSTEM modifiers IDENTIFIER NUMBER
              | TYPE definition
              | ROUTINE IDENTIFIER '(' arguments ')'
              | SIMPLEROUTINE IDENTIFIER '(' arguments ')'
              | SKIP
              | SKIP NUMBER
              | IMPORT header
              | UIMPORT header
              | SIMPORT header
              | SERVERPREFIX IDENTIFIER
              | USERPREFIX IDENTIFIER
              | SERVERDEMUX IDENTIFIER
              | WAITTIME word
              | NOWAITTIME
              | MSGOPTION word
              | RCSID STRING
    modifiers :
              | modifiers KERNELUSER
              | modifiers KERNELSERVER
    header : HEADER
           | STRING
    word : WORD
         | IDENTIFIER
         | NUMBER

    definition : IDENTIFIER '=' type translations
    translations :
                 | translations translation
    translation : INTRAN ':' IDENTIFIER IDENTIFIER '(' IDENTIFIER ')'
                | OUTTRAN ':' IDENTIFIER IDENTIFIER '(' IDENTIFIER ')'
                | INTRANPAYLOAD ':' IDENTIFIER IDENTIFIER
                | DESTRUCTOR ':' IDENTIFIER '(' IDENTIFIER ')'
                | CTYPE ':' IDENTIFIER

    type : IDENTIFIER
         | message_types
         | '(' message_types ',' expression flags ')'
         | ARRAY '[' ']' OF type
         | ARRAY '[' '*' ']' OF type
         | ARRAY '[' '*' ':' expression ']' OF type
         | ARRAY '[' expression ']' OF type
         | '^' type
         | STRUCT '[' expression ']' OF type
         | STRUCT '{' members '}'
         | CSTRING '[' expression ']'
         | CSTRING '[' '*' ':' expression ']'
    message_types : message_type
                  | message_type '|' message_type
    message_type : MESSAGE_TYPE
                 | NUMBER
    members : member
            | members member
    member : IDENTIFIER IDENTIFIER ';'

    arguments :
              | argument_list
    argument_list : argument
                  | argument_list ';' argument
    argument : direction IDENTIFIER ':' IDENTIFIER flags
             | direction IDENTIFIER ':' definition flags
    direction :
              | DIRECTION
              | WAITTIME
              | MSGOPTION
    flags :
          | flags ',' FLAG
          | flags ',' FLAG '[' ']'

    expression : NUMBER
               | '(' expression ')'
               | expression '+' expression
               | expression '-' expression
               | expression '*' expression
               | expression '/' expression
    """


def p_error(p: Any) -> None:
    """No text goes on like this."""
    raise OutsideError(p and p.value)


_lexer = lex.lex()
_parser = yacc.yacc(start="specification", debug=False, write_tables=False)


def belongs(text: str) -> bool:
    """Whether a text belongs to the language."""
    lexer = _lexer.clone()
    lexer.begin("INITIAL")
    try:
        _parser.parse(text, lexer=lexer)
    except OutsideError:
        return False
    return True


_SPELLINGS = {
    "IDENTIFIER": ("a", "int", "port_t", "_x1"),
    "NUMBER": ("0", "7", "2049"),
    "STRING": ('"file.h"', '"$Id$"'),
    "HEADER": ("<mach/types.h>",),
    "WORD": ("1.5", "MACH-SEND"),
    "MESSAGE_TYPE": ("MACH_MSG_TYPE_BOOLEAN", "polymorphic"),
}


@st.composite
def sentences(draw: st.DrawFn) -> list[str]:
    """Texts of the language, as lists of words."""
    rules: dict[str, list[tuple[str, ...]]] = {}
    for rule in _parser.productions[1:]:
        rules.setdefault(rule.name, []).append(tuple(rule.prod))

    def expand(symbol: str, depth: int) -> list[str]:
        if symbol not in rules:
            if symbol in literals:
                return [symbol]
            keywords = [word for word, kind in KEYWORDS.items() if kind == symbol]
            return [draw(st.sampled_from(_SPELLINGS.get(symbol, keywords)))]
        bodies = sorted(rules[symbol], key=len)
        if depth > 12:  # the shortest ones end
            bodies = bodies[:1]
        body = draw(st.sampled_from(bodies))
        return [word for part in body for word in expand(part, depth + 1)]

    return expand("specification", 0)
