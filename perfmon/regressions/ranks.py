# SPDX-License-Identifier: GPL-2.0-or-later
"""Exact rank tests and the shifts and intervals that belong to them.  Arithmetic only.

Paired runs: Wilcoxon's signed-rank test, the pseudomedian of the differences (the median of their
Walsh averages) and its interval.  Runs that were not interleaved: the rank-sum test, the median of
all differences (Hodges and Lehmann) and its interval.  Both are exact, also with ties: the
distribution is that of the very ranks that were found, under relabelling.

Hodges, Lehmann: Estimates of location based on rank tests (1963); Hollander, Wolfe: Nonparametric
statistical methods, chapters 3 and 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import ceil, comb, erfc, log2, sqrt
from statistics import median
from typing import Final

_EXACT_MOST: Final = 60
"""Runs of a side up to which the distribution is enumerated."""


@dataclass(frozen=True, slots=True)
class Shift:
    """How far the second sample lies above the first.

    Attributes:
        estimate: in the unit of the samples.
        low, high: bounds of the interval at the confidence that was asked for; infinite where so
            few runs cannot bound it.
        p: two-sided probability of a result at least as extreme when nothing differs.
    """

    estimate: float
    low: float
    high: float
    p: float


def paired_shift(differences: Sequence[float], confidence: float) -> Shift:
    """The shift behind differences of pairs; each pair was measured in random order.

    Raises:
        ValueError: there is none.
    """
    n = len(differences)
    if not n:
        raise ValueError("expected at least one pair")
    walsh = sorted((differences[i] + differences[j]) / 2 for i in range(n) for j in range(i, n))
    outside = _outside(_signed_rank(tuple(range(2, 2 * n + 1, 2))), confidence)
    low, high = _bounds(walsh, outside)
    moved = [d for d in differences if d]
    ranks = _double_ranks([abs(d) for d in moved])
    positive = sum(rank for rank, d in zip(ranks, moved, strict=True) if d > 0)
    p = _two_sided(_signed_rank(tuple(sorted(ranks))), positive) if moved else 1.0
    return Shift(median(walsh), low, high, p)


def unpaired_shift(first: Sequence[float], second: Sequence[float], confidence: float) -> Shift:
    """The shift from the first to the second of two samples that were measured apart.

    Raises:
        ValueError: one is empty.
    """
    n, m = len(first), len(second)
    if not n or not m:
        raise ValueError("expected at least one run on either side")
    differences = sorted(b - a for a in first for b in second)
    outside = _outside(_rank_sum(tuple(range(2, 2 * (n + m) + 1, 2)), m), confidence)
    low, high = _bounds(differences, outside)
    ranks = _double_ranks([*first, *second])
    p = _two_sided(_rank_sum(tuple(sorted(ranks)), m), sum(ranks[n:]))
    return Shift(median(differences), low, high, p)


def fewest_pairs(alpha: float) -> int:
    """Pairs from which on the paired test can reach a two-sided probability of `alpha`."""
    return ceil(1 - log2(alpha))


def fewest_runs(alpha: float, other: int | None = None) -> int:
    """Runs of each side, or of one beside `other` of the other, for the test of runs apart."""
    runs = 1
    while 2 / comb(runs + (other or runs), runs) > alpha:
        runs += 1
        if runs > 1000:
            break
    return runs


def holm(probabilities: Sequence[float]) -> list[float]:
    """Probabilities corrected for their number, after Holm; in the order given."""
    order = sorted(range(len(probabilities)), key=probabilities.__getitem__)
    steps = (min(1.0, (len(order) - step) * probabilities[at]) for step, at in enumerate(order))
    corrected = dict(zip(order, accumulate(steps, max), strict=True))
    return [corrected[at] for at in range(len(probabilities))]


# Distributions.  Ranks are doubled, because those of ties end in a half.


@dataclass(frozen=True, slots=True)
class _Distribution:
    """Of a statistic that takes whole numbers from `least` on.

    Attributes:
        below: probability of at most least + index.
        above: probability of at least least + index.
    """

    least: int
    below: tuple[float, ...]
    above: tuple[float, ...]

    def at_most(self, value: int) -> float:
        return self.below[min(value - self.least, len(self.below) - 1)]

    def at_least(self, value: int) -> float:
        return self.above[min(value - self.least, len(self.above) - 1)]


@lru_cache(maxsize=256)
def _signed_rank(ranks: tuple[int, ...]) -> _Distribution:
    """Of the sum of those ranks whose sign is positive; each sign is as likely as the other."""
    if len(ranks) > _EXACT_MOST:
        return _normal(sum(ranks) / 2, sqrt(sum(rank**2 for rank in ranks)) / 2, sum(ranks))
    ways = [1]
    for rank in ranks:
        grown = ways + [0] * rank
        for value, count in enumerate(ways):
            grown[value + rank] += count
        ways = grown
    return _counted(ways, 1 << len(ranks))


@lru_cache(maxsize=256)
def _rank_sum(ranks: tuple[int, ...], chosen: int) -> _Distribution:
    """Of the sum of `chosen` of the ranks; each choice is as likely as any other."""
    total, n = sum(ranks), len(ranks)
    if n > 2 * _EXACT_MOST:
        mean = total / n
        spread = sum((rank - mean) ** 2 for rank in ranks) / n
        deviation = sqrt(chosen * (n - chosen) * spread / max(n - 1, 1))
        return _normal(chosen * mean, deviation, total)
    ways: list[dict[int, int]] = [{} for _ in range(chosen + 1)]
    ways[0][0] = 1
    for seen, rank in enumerate(ranks):
        for size in range(min(seen + 1, chosen), 0, -1):
            row = ways[size]
            for value, count in ways[size - 1].items():
                row[value + rank] = row.get(value + rank, 0) + count
    found = ways[chosen]
    return _counted([found.get(value, 0) for value in range(total + 1)], comb(n, chosen))


def _counted(ways: Sequence[int], all_: int) -> _Distribution:
    least = next(value for value, count in enumerate(ways) if count)
    below = list(accumulate(ways[least:]))
    return _Distribution(
        least,
        tuple(count / all_ for count in below),
        tuple((all_ - count) / all_ for count in (0, *below[:-1])),
    )


def _normal(mean: float, deviation: float, most: int) -> _Distribution:
    scale = deviation * sqrt(2) or 1.0
    below = tuple(erfc((mean - value - 1) / scale) / 2 for value in range(most + 1))
    above = tuple(erfc((value - mean - 1) / scale) / 2 for value in range(most + 1))
    return _Distribution(0, below, above)


def _two_sided(distribution: _Distribution, value: int) -> float:
    return min(1.0, 2 * min(distribution.at_most(value), distribution.at_least(value)))


def _outside(distribution: _Distribution, confidence: float) -> int:
    """How many of the sorted averages lie outside the interval on each side."""
    tail = (1 - confidence) / 2
    # Without ties the statistic is a whole number: every second of the doubled ones.
    outside = 0
    while distribution.at_most(distribution.least + 2 * outside) <= tail:
        outside += 1
    return outside


def _bounds(values: Sequence[float], outside: int) -> tuple[float, float]:
    """From the sorted averages, which the statistic counts; none outside: no bound at all."""
    if not outside:
        return float("-inf"), float("inf")
    return values[outside - 1], values[-outside]


def _double_ranks(values: Sequence[float]) -> list[int]:
    """Twice the rank of each value; equal ones share the mean of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0] * len(values)
    begin = 0
    while begin < len(order):
        end = begin
        while end < len(order) and values[order[end]] == values[order[begin]]:
            end += 1
        for at in order[begin:end]:
            ranks[at] = begin + 1 + end
        begin = end
    return ranks
