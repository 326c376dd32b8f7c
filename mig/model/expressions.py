# SPDX-License-Identifier: GPL-2.0-or-later
"""The value of integer expressions."""

from __future__ import annotations

from mig.frontend.diagnostics import Position
from mig.frontend.nodes import Expression, Number

#: Numbers of the language are C ints.
LIMIT = 2**31 - 1


class ExpressionError(Exception):
    """An expression has no value.

    Attributes:
        position: of the number or operator at fault.
        message: why.
    """

    def __init__(self, position: Position, message: str) -> None:
        super().__init__(message)
        self.position = position
        self.message = message


def evaluate(expression: Expression) -> int:
    """The value of an expression; division rounds towards zero as in C.

    Raises:
        ExpressionError: on a division by zero or a value that does not fit in an int.
    """
    if isinstance(expression, Number):
        return _checked(expression.position, expression.value)
    left, right = evaluate(expression.left), evaluate(expression.right)
    if expression.operator == "/":
        if right == 0:
            raise ExpressionError(expression.position, "division by zero")
        quotient = abs(left) // abs(right)
        value = quotient if (left < 0) == (right < 0) else -quotient
    elif expression.operator == "*":
        value = left * right
    elif expression.operator == "+":
        value = left + right
    else:
        value = left - right
    return _checked(expression.position, value)


def _checked(position: Position, value: int) -> int:
    if not -LIMIT - 1 <= value <= LIMIT:
        raise ExpressionError(position, f"{value} does not fit in an int")
    return value
