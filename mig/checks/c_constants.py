# SPDX-License-Identifier: GPL-2.0-or-later
"""The value of C's integer constant expressions.

What depends on types is asked of a `Sizes`; whoever lays out types is one.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any, Protocol

from pycparser import c_ast


class NotConstantError(Exception):
    """The expression is not one that has a value here."""


class Sizes(Protocol):
    """What expressions ask about types and names."""

    def size_of(self, node: c_ast.Node) -> int:
        """``sizeof`` of a type name or an expression."""

    def alignment_of(self, node: c_ast.Node) -> int:
        """``_Alignof`` a type name."""

    def offset_of(self, kind: c_ast.Node, member: c_ast.Node) -> int:
        """``offsetof``."""

    def enumerator(self, name: str) -> int:
        """The value of an enumeration constant.

        Raises:
            NotConstantError: when there is none of that name.
        """

    def cast(self, kind: c_ast.Node, value: int) -> int:
        """The value converted to a type."""


_ESCAPES = {"n": 10, "t": 9, "r": 13, "0": 0, "a": 7, "b": 8, "f": 12, "v": 11}
_INTEGER = re.compile(r"(0[xX][0-9a-fA-F]+|0[bB][01]+|0[0-7]*|[1-9][0-9]*)[uUlL]*")


def _quotient(left: int, right: int) -> int:
    if right == 0:
        raise NotConstantError("division by zero")
    value = abs(left) // abs(right)
    return value if (left < 0) == (right < 0) else -value


def _shift(left: int, right: int, *, to_left: bool) -> int:
    if not 0 <= right < 128:
        raise NotConstantError(f"a shift by {right}")
    return left << right if to_left else left >> right


_BINARY: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _quotient,
    "%": lambda left, right: left - right * _quotient(left, right),
    "<<": lambda left, right: _shift(left, right, to_left=True),
    ">>": lambda left, right: _shift(left, right, to_left=False),
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "==": lambda left, right: int(left == right),
    "!=": lambda left, right: int(left != right),
    "<": lambda left, right: int(left < right),
    ">": lambda left, right: int(left > right),
    "<=": lambda left, right: int(left <= right),
    ">=": lambda left, right: int(left >= right),
    "&&": lambda left, right: int(bool(left) and bool(right)),
    "||": lambda left, right: int(bool(left) or bool(right)),
}
_UNARY: dict[str, Callable[[int], int]] = {
    "-": operator.neg,
    "+": operator.pos,
    "~": operator.invert,
    "!": lambda value: int(not value),
}


def evaluate(node: Any, sizes: Sizes) -> int:
    """The value of an expression; integers are as large as they need to be.

    Raises:
        NotConstantError: when it has none.
    """
    match node:
        case c_ast.Constant():
            value = _literal(node)
        case c_ast.ID():
            value = sizes.enumerator(node.name)
        case c_ast.UnaryOp(op="sizeof"):
            value = sizes.size_of(node.expr)
        case c_ast.UnaryOp(op="_Alignof"):
            value = sizes.alignment_of(node.expr)
        case c_ast.UnaryOp() if node.op in _UNARY:
            value = _UNARY[node.op](evaluate(node.expr, sizes))
        case c_ast.BinaryOp() if node.op in _BINARY:
            value = _BINARY[node.op](evaluate(node.left, sizes), evaluate(node.right, sizes))
        case c_ast.TernaryOp():
            chosen = node.iftrue if evaluate(node.cond, sizes) else node.iffalse
            value = evaluate(chosen, sizes)
        case c_ast.Cast():
            value = sizes.cast(node.to_type, evaluate(node.expr, sizes))
        case c_ast.FuncCall(name=c_ast.ID(name="offsetof")):
            kind, member = node.args.exprs
            value = sizes.offset_of(kind, member)
        case _:
            raise NotConstantError(f"a {type(node).__name__}")
    return value


def _literal(node: Any) -> int:
    text: str = node.value
    if node.type == "char":
        inside = text[text.index("'") + 1 : -1]
        if len(inside) == 1:
            return ord(inside)
        if inside[1:] in _ESCAPES:
            return _ESCAPES[inside[1:]]
        if inside[0] == "\\" and len(inside) == 2:
            return ord(inside[1])
        raise NotConstantError(text)
    match = _INTEGER.fullmatch(text)
    if match is None:
        raise NotConstantError(text)
    digits = match[1]
    return int(digits, 8 if re.fullmatch("0[0-7]+", digits) else 0)
