# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a series of values changed its level, and between which two of them.  Arithmetic only.

The largest rank-sum statistic over all ways to cut the series in two is held against its own
distribution under permutation; a cut that passes is made, and both parts are looked at again
(binary segmentation).  Ranks make a single spike one value out of place and no change.  But they
do not see how far apart two levels are, and prefer parts of like length; so each cut is moved to
where the values between its neighbours lie closest to the medians of their levels.

Vostrikova: Detection of disorder in multidimensional random processes (1981); Pettitt: A
non-parametric approach to the change-point problem (1979).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from random import Random
from statistics import median
from typing import Final

MIN_SEGMENT: Final = 4
"""Values on either side of a change."""
ALPHA: Final = 0.001
"""Probability of a false change in a series that has none."""

_PERMUTATIONS: Final = 1999


@dataclass(frozen=True, slots=True)
class Change:
    """A change of level.

    Attributes:
        at: index of the first value of the new level.
        before, after: medians of the levels.
        p: probability of a cut at least as clear in a series without a change.
    """

    at: int
    before: float
    after: float
    p: float

    @property
    def percent(self) -> float:
        """Relative to before; positive is more."""
        return 100 * (self.after - self.before) / self.before if self.before else float("inf")


def changes(values: Sequence[float], alpha: float = ALPHA, seed: int = 0) -> list[Change]:
    """The changes of level of a series that scatters, in order.

    Args:
        values: one for each label, in the order in which they were made.
        alpha: probability of a false change; p is never below 1 / 2000.
        seed: of the permutations, so that the same series has the same changes.
    """
    cuts = sorted(_segment(values, 0, len(values), alpha, Random(seed)))
    bounds = [0, *(at for at, _ in cuts), len(values)]
    for n in range(1, len(bounds) - 1):
        bounds[n] = _closest(values, *bounds[n - 1 : n + 2])
    return [
        Change(at, median(values[before:at]), median(values[at:end]), p)
        for before, at, end, (_, p) in zip(bounds, bounds[1:], bounds[2:], cuts, strict=False)
    ]


def steps(values: Sequence[float]) -> list[Change]:
    """The changes of a series that does not scatter: each value that is not the one before."""
    return [
        Change(at, values[at - 1], values[at], 0.0)
        for at in range(1, len(values))
        if values[at] != values[at - 1]
    ]


def _segment(
    values: Sequence[float], begin: int, end: int, alpha: float, random: Random
) -> Iterator[tuple[int, float]]:
    ranks = _ranks(values[begin:end])
    cut, clearest = _clearest(ranks)
    if not cut:
        return
    p = _probability(ranks, clearest, alpha, random)
    if p <= alpha:
        yield begin + cut, p
        yield from _segment(values, begin, begin + cut, alpha, random)
        yield from _segment(values, begin + cut, end, alpha, random)


def _clearest(ranks: Sequence[float]) -> tuple[int, float]:
    """The cut whose rank sum is furthest from its mean, and how far; 0: there is none."""
    n = len(ranks)
    best, clearest = 0, 0.0
    mean = (n + 1) / 2
    total = 0.0
    for size, rank in enumerate(ranks, 1):
        total += rank - mean
        if MIN_SEGMENT <= size <= n - MIN_SEGMENT:
            distance = abs(total) / sqrt(size * (n - size))
            if distance > clearest:
                best, clearest = size, distance
    return best, clearest


def _closest(values: Sequence[float], begin: int, cut: int, end: int) -> int:
    """The cut, moved to where the values lie closest to the levels on either side of it."""
    before, after = median(values[begin:cut]), median(values[cut:end])
    allowed = range(begin + MIN_SEGMENT, end - MIN_SEGMENT + 1)
    # What a cut gains over that at the beginning: each value that it leaves to the first level.
    gains = [0.0]
    for value in values[begin:end]:
        gains.append(gains[-1] + abs(value - after) - abs(value - before))
    return max(allowed, key=lambda at: (gains[at - begin], at == cut))


def _probability(ranks: list[float], clearest: float, alpha: float, random: Random) -> float:
    """Of a cut as clear among permutations; it stops where alpha is out of reach."""
    as_clear = 1
    shuffled = ranks[:]
    allowed = alpha * (_PERMUTATIONS + 1)
    for _ in range(_PERMUTATIONS):
        random.shuffle(shuffled)
        as_clear += _clearest(shuffled)[1] >= clearest - 1e-12
        if as_clear > allowed:
            return 1.0
    return as_clear / (_PERMUTATIONS + 1)


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    begin = 0
    while begin < len(order):
        end = begin
        while end < len(order) and values[order[end]] == values[order[begin]]:
            end += 1
        for at in order[begin:end]:
            ranks[at] = (begin + 1 + end) / 2
        begin = end
    return ranks
