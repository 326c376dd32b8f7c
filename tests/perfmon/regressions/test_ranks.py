# SPDX-License-Identifier: GPL-2.0-or-later
"""Rank tests: exact, in bounds that cover what they promise, corrected for their number."""

from collections.abc import Iterable
from itertools import combinations, product
from math import comb, inf
from random import Random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfmon.regressions.ranks import (
    fewest_pairs,
    fewest_runs,
    holm,
    paired_shift,
    unpaired_shift,
)

SMALL = st.integers(-4, 4)


def ranks(values: Iterable[float]) -> list[float]:
    found = list(values)
    return [sum(w < v for w in found) + (sum(w == v for w in found) + 1) / 2 for v in found]


def both_tails(statistics: list[float], seen: float) -> float:
    below = sum(s <= seen + 1e-9 for s in statistics) / len(statistics)
    above = sum(s >= seen - 1e-9 for s in statistics) / len(statistics)
    return min(1.0, 2 * min(below, above))


@given(st.lists(SMALL, min_size=1, max_size=8))
def test_the_paired_test_is_that_of_all_ways_to_sign_the_ranks(differences: list[int]):
    moved = [d for d in differences if d]
    of = ranks(map(abs, moved))
    seen = sum(r for r, d in zip(of, moved, strict=True) if d > 0)
    every = [
        sum(r for r, positive in zip(of, signs, strict=True) if positive)
        for signs in product((False, True), repeat=len(moved))
    ]
    assert paired_shift(differences, 0.95).p == pytest.approx(both_tails(every, seen))


@given(st.lists(SMALL, min_size=1, max_size=5), st.lists(SMALL, min_size=1, max_size=5))
def test_the_test_of_runs_apart_is_that_of_all_ways_to_divide_them(first: list[int], second):
    of = ranks([*first, *second])
    seen = sum(of[len(first) :])
    every = [sum(chosen) for chosen in combinations(of, len(second))]
    assert unpaired_shift(first, second, 0.95).p == pytest.approx(both_tails(every, seen))


def test_the_shift_is_the_median_of_all_averages_or_differences():
    assert paired_shift([1, 2, 6], 0.95).estimate == median([1, 2, 6, 1.5, 3.5, 4])
    assert unpaired_shift([1, 2], [4, 8], 0.95).estimate == median([3, 7, 2, 6])


def test_few_runs_bound_nothing():
    assert paired_shift([1.0, 2.0, 3.0], 0.95).low == -inf
    assert unpaired_shift([1.0, 2.0], [3.0, 4.0], 0.95).high == inf
    assert paired_shift([1.0] * 6, 0.95).low == 1.0


@pytest.mark.parametrize("paired", [True, False])
def test_intervals_cover_the_shift_as_often_as_they_promise(paired: bool):
    random, covered, trials = Random(1), 0, 400
    for _ in range(trials):
        if paired:
            shift = paired_shift([random.gauss(0.5, 1) for _ in range(12)], 0.95)
        else:
            first = [random.gauss(0, 1) for _ in range(9)]
            shift = unpaired_shift(first, [random.gauss(0.5, 1) for _ in range(11)], 0.95)
        covered += shift.low <= 0.5 <= shift.high
    assert 0.93 < covered / trials < 0.99


@pytest.mark.parametrize("runs", [50, 61, 90])
def test_many_runs_give_about_the_exact_probability(runs: int):
    random = Random(runs)
    p = [paired_shift([random.gauss(0, 1) for _ in range(runs)], 0.95).p for _ in range(40)]
    assert 0.2 < median(p) < 0.8
    assert paired_shift([1.0] * runs, 0.95).p < 1e-9


def test_it_is_known_how_many_runs_a_verdict_takes():
    assert 2 / 2 ** fewest_pairs(0.001) <= 0.001 < 2 / 2 ** (fewest_pairs(0.001) - 1)
    runs = fewest_runs(0.001)
    assert 2 / comb(2 * runs, runs) <= 0.001 < 2 / comb(2 * runs - 2, runs - 1)
    assert fewest_runs(0.001, 20) < runs


def test_holm_corrects_in_steps_and_keeps_the_order():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_nothing_to_compare_is_an_error():
    with pytest.raises(ValueError, match="at least one"):
        paired_shift([], 0.95)
    with pytest.raises(ValueError, match="either side"):
        unpaired_shift([], [1.0], 0.95)
