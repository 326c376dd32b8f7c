# SPDX-License-Identifier: GPL-2.0-or-later
"""Drives the grammar over tokens: an LR parser with recovery from syntax errors.

Works from tables alone; how they are made and what productions build is known elsewhere.
"""

from __future__ import annotations

from mig.frontend.lexer import Lexer, Token
from mig.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

END = "$end"
ERROR = "error"
#: So many tokens have to be shifted after an error before the next one is reported.
_QUIET_SHIFTS = 3


@record
class Rule:
    """A production: the nonterminal it makes, the number of its symbols, its action's name."""

    name: str
    length: int
    action: str


@record
class Tables:
    """An LR automaton.

    Attributes:
        actions: by state and terminal: the state to shift to, or minus the rule to reduce by;
            0 accepts.
        goto: by state and nonterminal: the state after a reduction.
        rules: by number.
        defaults: the rule of each state that reduces whatever comes.
    """

    actions: Sequence[Mapping[str, int]]
    goto: Sequence[Mapping[str, int]]
    rules: Sequence[Rule]
    defaults: Mapping[int, int]


class Symbol:
    """A nonterminal on the stack, or the place of an error."""

    __slots__ = ("lexpos", "type", "value")

    def __init__(self, kind: str, offset: int = 0) -> None:
        self.type = kind
        self.value: Any = None
        self.lexpos = offset


class Production:
    """What an action sees: the value of its nonterminal at 0, those of its symbols from 1."""

    __slots__ = ("lexer", "slice")

    def __init__(self, lexer: Lexer, symbols: list[Any]) -> None:
        self.lexer = lexer
        self.slice = symbols

    def __getitem__(self, index: int) -> Any:
        return self.slice[index].value

    def __setitem__(self, index: int, value: Any) -> None:
        self.slice[index].value = value

    def __len__(self) -> int:
        return len(self.slice)

    def lexpos(self, index: int) -> int:
        """The offset of a token among the symbols."""
        offset: int = self.slice[index].lexpos
        return offset


class Parser:
    """One parse."""

    def __init__(
        self,
        tables: Tables,
        actions: Mapping[str, Callable[[Production], None]],
        lexer: Lexer,
        report: Callable[[Parser, Token | None], None],
    ) -> None:
        """Prepare.

        Args:
            tables: the automaton.
            actions: functions by the names that rules have for them.
            lexer: the source of tokens.
            report: called for each syntax error with the token in the way, None at the end.
        """
        self._tables = tables
        self._actions = actions
        self._lexer = lexer
        self._report = report
        self._states = [0]
        self._symbols: list[Any] = [Symbol(END)]
        self._quiet = 0

    def parse(self) -> Any:
        """The value of the start symbol; None when the parser could not recover."""
        defaults, actions, goto = self._tables.defaults, self._tables.actions, self._tables.goto
        rules = [(r.name, r.length, self._actions.get(r.action)) for r in self._tables.rules]
        states, symbols, lexer = self._states, self._symbols, self._lexer
        pending: list[Any] = []
        while True:
            state = states[-1]
            action = defaults.get(state)
            if action is None:
                if not pending:
                    pending.append(lexer.token() or Symbol(END))
                action = actions[state].get(pending[-1].type)
            if action is None:
                if not self._recover(pending):
                    return None
            elif action > 0:
                states.append(action)
                symbols.append(pending.pop())
                if self._quiet:
                    self._quiet -= 1
            elif action < 0:
                name, length, build = rules[-action]
                made = Symbol(name)
                first = len(symbols) - length
                production = Production(lexer, [made, *symbols[first:]])
                del symbols[first:], states[first:]
                assert build is not None, "only the start rule has no action"
                build(production)
                symbols.append(made)
                states.append(goto[states[-1]][name])
            else:
                return symbols[-1].value

    def _recover(self, pending: list[Any]) -> bool:
        """Report an error and make a step towards a state that can shift one; False: give up."""
        wrong = pending[-1]
        if self._quiet == 0:
            self._report(self, None if wrong.type == END else wrong)
        self._quiet = _QUIET_SHIFTS
        if wrong.type == ERROR:
            if len(self._states) == 1:
                pending.pop()
            else:
                self._symbols.pop()
                self._states.pop()
            return True
        if wrong.type == END:
            return False
        if self._symbols[-1].type == ERROR or len(self._states) == 1:
            pending.pop()
        else:
            pending.append(Symbol(ERROR, wrong.lexpos))
        return True

    def expected(self) -> list[str]:
        """The terminals that could come next."""
        terminals = self._tables.actions[self._states[-1]]
        return [name for name in terminals if name != ERROR and self._is_acceptable(name)]

    def _is_acceptable(self, terminal: str) -> bool:
        """Whether the parser, as it stands, would in the end shift `terminal`."""
        states = list(self._states)
        while True:
            action = self._tables.actions[states[-1]].get(terminal)
            if action is None or action >= 0:
                return action is not None
            rule = self._tables.rules[-action]
            del states[len(states) - rule.length :]
            states.append(self._tables.goto[states[-1]][rule.name])
