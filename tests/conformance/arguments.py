# SPDX-License-Identifier: GPL-2.0-or-later
"""Vectors from hypothesis: any valid arguments of a routine, and anything that it may return.

Knows no message and no compiler.
"""

from hypothesis import strategies as st

from tests.conformance.shapes import Argument, Form, Leaf, Role, Routine
from tests.conformance.vectors import ERRORS, SUCCESS, Datum, Vector

#: Elements that are drawn; longer arrays repeat them, so that they cost hypothesis nothing.
_DRAWN = 5
#: Elements of what goes out of line whatever its size.
_LONGEST_REGION = 700


@st.composite
def vectors_of(draw: st.DrawFn, routine: Routine) -> Vector:
    """A call of a routine."""
    arguments = {
        a.name: draw(_data(a)) for a in routine.arguments if a.sent or a.role is not Role.DATA
    }
    code = draw(st.just(SUCCESS) | st.sampled_from(ERRORS))
    results, capacities = {}, {}
    for a in routine.arguments:
        if a.returned:
            results[a.name] = draw(_data(a))
            # The count of what goes in is at once the room for what comes back.
            both = a.sent and a.has_count
            capacities[a.name] = len(arguments[a.name].elements) if both else draw(_room(a))
    return Vector(routine, "drawn", arguments, code, results if code == SUCCESS else {}, capacities)


def _room(argument: Argument) -> st.SearchStrategy[int]:
    """How many elements of a result the client has room for."""
    if argument.form is Form.BOUNDED:
        return st.integers(0, argument.count)
    return st.just(argument.count)


@st.composite
def _data(draw: st.DrawFn, argument: Argument) -> Datum:
    right, dealloc = draw(st.sampled_from(argument.rights)), draw(st.booleans())
    if argument.role is Role.MESSAGE_OPTION:
        return Datum(((draw(st.sampled_from((0, 0x10))),),))
    if argument.form is Form.STRING:
        return Datum(draw(_strings(argument.count)))
    if argument.role in {Role.REQUEST_PORT, Role.REPLY_PORT}:
        return Datum(((draw(st.integers(1, (1 << 24) - 1)),),), right, dealloc)
    count = draw(_counts(argument))
    some = draw(st.lists(_elements(argument), min_size=min(count, 1), max_size=min(count, _DRAWN)))
    elements = (some * (count // max(1, len(some)) + 1))[:count]
    return Datum(tuple(elements), right, dealloc)


def _elements(argument: Argument) -> st.SearchStrategy[tuple[int, ...]]:
    leaves = argument.element.leaves
    if len(leaves) <= 2 * _DRAWN:
        return st.tuples(*map(_integers, leaves))
    # Large structs repeat what is in them, too.
    few = st.lists(_integers(Leaf(0, 8)), min_size=1, max_size=_DRAWN)
    return few.map(
        lambda drawn: tuple(
            drawn[i % len(drawn)] & 1 if leaf.boolean else drawn[i % len(drawn)]
            for i, leaf in enumerate(leaves)
        )
    )


def _integers(leaf: Leaf) -> st.SearchStrategy[int]:
    if leaf.boolean:
        return st.integers(0, 1)
    bits = 8 * leaf.size
    return st.integers(-(1 << bits - 1), (1 << bits) - 1)


def _counts(argument: Argument) -> st.SearchStrategy[int]:
    if argument.form in {Form.VALUE, Form.ARRAY}:
        return st.just(argument.count)
    if argument.form is Form.BOUNDED:
        return st.integers(0, argument.count)
    if argument.form is Form.INDEFINITE:
        # On both sides of the size beyond which it goes out of line.
        return st.integers(0, 4) | st.integers(max(0, argument.count - 1), argument.count + 2)
    return st.integers(0, 4) | st.just(_LONGEST_REGION)


@st.composite
def _strings(draw: st.DrawFn, size: int) -> tuple[tuple[int, ...], ...]:
    length = draw(st.integers(0, size - 1) | st.just(size - 1))
    some = draw(st.lists(st.integers(1, 255), min_size=min(length, 1), max_size=min(length, 8)))
    characters = (some * (length // max(1, len(some)) + 1))[:length]
    return tuple((c,) for c in characters + [0] * (size - length))
