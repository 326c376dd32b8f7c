# SPDX-License-Identifier: GPL-2.0-or-later
"""Arrays of structures over the bytes of a message."""

import struct
from typing import NamedTuple

import pytest

from mig.rpc.arrays import StructArray, StructLayout


class Pair(NamedTuple):
    a: int
    b: int


PAIR = StructLayout("<HxxI", Pair)
PAIRS = [Pair(1, 2), Pair(3, 4), Pair(5, 6)]


@pytest.fixture
def pairs() -> StructArray[Pair]:
    return StructArray(PAIR, PAIR.pack(PAIRS))


def test_it_is_a_sequence_of_structures(pairs: StructArray[Pair]) -> None:
    assert len(pairs) == 3
    assert list(pairs) == PAIRS
    assert pairs[0].b == 2
    assert pairs[-1] == Pair(5, 6)
    assert Pair(3, 4) in pairs
    assert pairs.index(Pair(3, 4)) == 1


def test_slices_are_arrays(pairs: StructArray[Pair]) -> None:
    assert list(pairs[1:]) == PAIRS[1:]
    assert list(pairs[::-1]) == PAIRS[::-1]
    assert list(pairs[2:1]) == []
    assert pairs[:2].buffer == pairs.buffer[:16]


def test_an_index_beyond_the_end_is_an_index_error(pairs: StructArray[Pair]) -> None:
    with pytest.raises(IndexError):
        pairs[3]


def test_the_buffer_is_the_bytes_that_came() -> None:
    raw = memoryview(PAIR.pack(PAIRS))
    assert StructArray(PAIR, raw).buffer is raw


def test_a_broken_buffer_is_refused() -> None:
    with pytest.raises(ValueError, match="9 bytes are not a multiple of the 8"):
        StructArray(PAIR, bytes(9))


def test_arrays_compare_by_their_bytes(pairs: StructArray[Pair]) -> None:
    again = StructArray(PAIR, bytearray(pairs.buffer))
    assert again == pairs
    assert hash(again) == hash(pairs)
    assert pairs != pairs[1:]
    assert pairs != PAIRS


def test_packing_an_array_copies_its_bytes(pairs: StructArray[Pair]) -> None:
    assert PAIR.pack(pairs) == pairs.buffer


def test_a_member_out_of_range_is_struct_errors_business() -> None:
    with pytest.raises(struct.error):
        PAIR.pack([Pair(1 << 16, 0)])


def test_long_arrays_are_shown_in_part(pairs: StructArray[Pair]) -> None:
    assert repr(pairs[:1]) == "StructArray([Pair(a=1, b=2)])"
    assert repr(StructArray(PAIR, bytes(80))).endswith(", ...)")
