# SPDX-License-Identifier: GPL-2.0-or-later
"""The parser's tables: from the module that the build writes, or from the grammar by PLY.

The only module that uses PLY, and only where tables are missing or older than the grammar.
"""

from __future__ import annotations

from importlib import import_module

from mig.frontend.parser import Rule, Tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

#: What the build writes, beside this module.
FILE = "parsetab.py"
_MODULE = "mig.frontend.parsetab"


def load_tables(grammar: ModuleType) -> Tables:
    """The tables of a grammar.

    Raises:
        ImportError: when they have to be made and there is no PLY.
    """
    try:
        written = import_module(_MODULE)
    except ModuleNotFoundError:
        return _build(grammar)
    if getattr(written, "SIGNATURE", None) != _signature(grammar):
        return _build(grammar)
    return _tables(written.ACTIONS, written.GOTO, written.RULES)


def tables_text(grammar: ModuleType) -> str:
    """The module that `load_tables` looks for."""
    tables = _build(grammar)
    lines = [
        '"""Parser tables, generated from the grammar; made anew by every build."""',
        f"SIGNATURE: str = {_signature(grammar)!r}",
        f"ACTIONS: list[dict[str, int]] = {tables.actions!r}",
        f"GOTO: list[dict[str, int]] = {tables.goto!r}",
        "RULES: list[tuple[str, int, str]] = "
        + repr([(rule.name, rule.length, rule.action) for rule in tables.rules]),
    ]
    return "\n".join(lines) + "\n"


def _signature(grammar: ModuleType) -> str:
    """All that the tables depend on."""
    productions = (
        str(value.__doc__) for name, value in vars(grammar).items() if name.startswith("p_")
    )
    return "".join((*productions, *grammar.tokens, repr(grammar.precedence)))


def _build(grammar: ModuleType) -> Tables:
    from ply import yacc

    parser = yacc.yacc(
        module=grammar,
        tabmodule="no_tables",  # else it would take the written ones for its own kind
        write_tables=False,
        debug=False,
        errorlog=yacc.NullLogger(),
    )
    states = range(len(parser.action))
    return _tables(
        [parser.action[state] for state in states],
        [parser.goto.get(state, {}) for state in states],
        [(rule.name, rule.len, str(rule.func)) for rule in parser.productions],
    )


def _tables(
    actions: list[dict[str, int]], goto: list[dict[str, int]], rules: list[tuple[str, int, str]]
) -> Tables:
    defaults = {}
    for state, by_terminal in enumerate(actions):
        if len(by_terminal) == 1 and (rule := next(iter(by_terminal.values()))) < 0:
            defaults[state] = rule
    return Tables(actions, goto, [Rule(*rule) for rule in rules], defaults)
