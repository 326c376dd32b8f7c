# SPDX-License-Identifier: GPL-2.0-or-later
"""What PROFILE samples say, and how addresses get names."""

import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfmon import Sample
from perfmon.analysis.profile import IN_INTERRUPT, UNKNOWN, Hit, Profile, Stack, stacks
from perfmon.analysis.symbols import SymbolTable
from perfmon.cli.profile import _symbols
from perfmon.errors import MissingExtraError
from perfmon.events import Event

TABLE = SymbolTable([(0xC1000000, 0x10, "first"), (0xC1000010, 0x30, "second")])


def data(pc: int, user: bool) -> tuple[int, int]:
    """perf_profile_data2() of perf_monitor.h, and what goes into data1."""
    return pc & 0xFFFFFFFF, (pc >> 32 << 1 & 0xFFFFFFFF) | user


def sample(pc: int, user: bool = False, *, event: int = Event.PROFILE) -> Sample:
    return Sample(1, event, 0, 16, 0, 2, 3, *data(pc, user))


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_an_address_of_32_bits_is_itself(pc: int, user: bool) -> None:
    assert Hit.of(*data(pc, user)) == (pc, user)


@given(st.integers(-(2**62), 2**62 - 1), st.booleans())
def test_an_address_of_64_bits_is_itself_if_it_is_canonical(signed: int, user: bool) -> None:
    pc = signed % 2**64
    assert Hit.of(*data(pc, user)) == (pc, user)


@pytest.mark.parametrize(
    ("pc", "user", "place"),
    [
        (0xC1000000, False, "first"),
        (0xC100000F, False, "first"),
        (0xC1000010, False, "second"),
        (0xC1000040, False, UNKNOWN),
        (0xC0FFFFFF, False, UNKNOWN),
        (0, False, IN_INTERRUPT),
        (0x8048000, True, "0x8048000"),
        (0xC1000000, True, "0xc1000000"),
    ],
)
def test_an_address_of_the_kernel_is_named_by_its_function(pc: int, user: bool, place: str) -> None:
    assert Hit(pc, user).place(TABLE) == place


def test_a_place_tells_how_far_into_its_function_it_is() -> None:
    assert [str(TABLE.find(pc)) for pc in (0xC1000010, 0xC1000013)] == ["second", "second+0x3"]


def test_only_profile_samples_are_counted() -> None:
    found = list(
        stacks(
            [sample(0xC1000001), sample(1, event=Event.SYSCALL), sample(0x8048000, True)],
            TABLE,
            tasks={2: "ext;fs"},
            threads={},
        )
    )
    assert found == [
        Stack("ext,fs (2)", "thread 3", "kernel", "first"),
        Stack("ext,fs (2)", "thread 3", "user", "0x8048000"),
    ]


def test_counts_come_with_the_largest_first_and_folded_by_name() -> None:
    one, other = Stack("a", "t", "kernel", "x"), Stack("b", "t", "user", "x")
    profile = Profile(Counter({one: 2, other: 3}))
    assert profile.samples == 5
    assert profile.by("task") == [(("b",), 3), (("a",), 2)]
    assert profile.by("place") == [(("x",), 5)]
    assert list(profile.folded()) == ["a;t;kernel;x 2", "b;t;user;x 3"]


def test_symbols_without_what_reads_images_say_which_extra_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("symbols", "image"):
        monkeypatch.delitem(sys.modules, f"perfmon.kernel.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "elftools.dwarf.die", None)
    with pytest.raises(MissingExtraError, match=r"perfmon\[kernel\]"):
        _symbols(Path("gnumach"))
