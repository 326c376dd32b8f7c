# SPDX-License-Identifier: GPL-2.0-or-later
"""Records behave as frozen slotted dataclasses do."""

import copy

import pytest

from mig.record import record, replace


@record
class Point:
    """A place."""

    x: int
    y: int = 2

    @property
    def sum(self) -> int:
        return self.x + self.y


@record
class Other:
    x: int
    y: int


def test_fields_are_given_in_order_or_by_name() -> None:
    assert Point(1, 2) == Point(x=1) == Point(1, y=2) == Point(y=2, x=1)
    assert (Point(5).x, Point(5).y, Point(5).sum) == (5, 2, 7)


def test_values_of_different_fields_or_classes_differ() -> None:
    assert Point(1, 2) != Point(1, 3)
    assert Point(1, 2) != Other(1, 2)
    assert len({Point(1), Point(1), Point(2)}) == 2


@pytest.mark.parametrize(
    "arguments", [((), {}), ((1, 2, 3), {}), ((1,), {"x": 1}), ((1,), {"z": 1})]
)
def test_a_wrong_field_is_refused(arguments: tuple[tuple[int, ...], dict[str, int]]) -> None:
    positional, named = arguments
    with pytest.raises(TypeError, match=r"Point\(\) "):
        Point(*positional, **named)


def test_a_field_cannot_change() -> None:
    point = Point(1)
    for change in (lambda: setattr(point, "x", 2), lambda: delattr(point, "x")):
        with pytest.raises(AttributeError, match=r"Point\.x cannot change"):
            change()
    with pytest.raises(AttributeError):
        point.z = 1  # type: ignore[attr-defined]
    assert not hasattr(point, "__dict__")


def test_a_copy_may_differ() -> None:
    assert replace(Point(1), y=5) == Point(1, 5)
    assert copy.deepcopy(Point(1)) == Point(1)
    with pytest.raises(TypeError, match="'z'"):
        replace(Point(1), z=5)


def test_it_says_what_it_is_and_can_be_matched() -> None:
    assert repr(Point(1)) == "Point(x=1, y=2)"
    assert Point.__doc__ == "A place."
    match Point(3, 4):
        case Point(x, y):
            assert (x, y) == (3, 4)
