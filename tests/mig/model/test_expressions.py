# SPDX-License-Identifier: GPL-2.0-or-later
"""Integer expressions have C's values, or an error at the place of the fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig.frontend.diagnostics import Position
from mig.frontend.nodes import Number, Operation
from mig.model.expressions import LIMIT, ExpressionError, evaluate

HERE = Position("t.defs", 1, 1)
THERE = Position("t.defs", 1, 5)


def number(value):
    return Number(HERE, value)


EXPRESSIONS = st.recursive(
    st.integers(0, 1000).map(number),
    lambda inner: st.builds(Operation, st.just(THERE), st.sampled_from("+-*/"), inner, inner),
    max_leaves=12,
)


def in_python(expression):
    if isinstance(expression, Number):
        return str(expression.value)
    left, right = in_python(expression.left), in_python(expression.right)
    if expression.operator == "/":
        return f"divide({left}, {right})"
    return f"({left} {expression.operator} {right})"


def divide(left, right):
    return int(left / right)  # exact: no operand has more than 31 bits


@given(EXPRESSIONS)
def test_values_are_those_of_c_or_an_error(expression):
    try:
        value = evaluate(expression)
    except ExpressionError as error:
        assert error.position in (HERE, THERE)
        assert "division by zero" in error.message or "does not fit" in error.message
    else:
        assert value == eval(in_python(expression), {"divide": divide})


def test_division_by_zero_is_reported_at_the_operator():
    with pytest.raises(ExpressionError) as caught:
        evaluate(Operation(THERE, "/", number(3), Operation(HERE, "-", number(2), number(2))))
    assert (caught.value.position, caught.value.message) == (THERE, "division by zero")


@pytest.mark.parametrize("value", [LIMIT + 1, 99999999999])
def test_numbers_that_no_int_holds_are_refused(value):
    with pytest.raises(ExpressionError, match=f"{value} does not fit in an int"):
        evaluate(number(value))


def test_the_largest_int_is_a_value():
    assert evaluate(number(LIMIT)) == LIMIT
