# SPDX-License-Identifier: GPL-2.0-or-later
"""False alarms and power of change points in a history, and of live anomalies, on made-up series.

    python benchmarks/regressions/series.py

Three kinds of noise of 2 %: normal; with outliers, 8 % of the values up to twice as large; and
correlated from value to value (0.4), as when a machine is busy for a while.  With apache-otava or
ruptures installed, they find change points in the same series.
"""

import argparse
import math
import sys
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from itertools import product
from random import Random

from perfmon.analysis.anomalies import DEVIATIONS, IN_A_ROW, AnomalyDetector
from perfmon.regressions.changes import ALPHA, changes
from perfmon.statistics import Bucket, EventStatistics, Histogram, Snapshot, SystemStatistics

LABELS = 40
STEP_AT = 25
LEAST_PERCENT = 2
_SYSTEM = SystemStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, regression=False)

Noise = Callable[[Random, float], float]

NOISES: dict[str, Noise] = {
    "normal": lambda random, _: random.gauss(0, 0.02),
    "outliers": lambda random, _: (
        random.gauss(0, 0.02) + (random.random() < 0.08) * random.random() * math.log(2)
    ),
    "correlated": lambda random, last: 0.4 * last + random.gauss(0, 0.02),
}


def values(noise: Noise, length: int, random: Random, step: float = 0) -> list[float]:
    """A series around 1000, higher by a part of `step` from STEP_AT on."""
    found, last = [], 0.0
    for at in range(length):
        last = noise(random, last)
        found.append(1000 * math.exp(last) * (1 + step * (at >= STEP_AT)))
    return found


def found_at(series: list[float]) -> list[int]:
    """Where the history would say that something changed."""
    return [each.at for each in changes(series) if abs(each.percent) >= LEAST_PERCENT]


def otava(series: list[float]) -> list[int]:
    """What apache-otava finds, at the same probability and the same least change."""
    from otava.analysis import compute_change_points

    points, _ = compute_change_points(series, max_pvalue=ALPHA, min_magnitude=LEAST_PERCENT / 100)
    return [point.index for point in points]


def ruptures_ranks(series: list[float]) -> list[int]:
    """What ruptures finds with its cost of ranks, the usual penalty, and the same least change."""
    import numpy
    import ruptures

    signal = numpy.array(series)
    *cuts, _ = ruptures.Pelt("rank", min_size=4).fit(signal).predict(pen=3 * math.log(len(series)))
    edges = [0, *cuts, len(series)]
    return [
        cut
        for cut, before, after in zip(cuts, edges, edges[2:], strict=False)
        if abs(numpy.median(signal[cut:after]) / numpy.median(signal[before:cut]) - 1)
        >= LEAST_PERCENT / 100
    ]


METHODS: dict[str, Callable[[list[float]], list[int]]] = {"ours": found_at}
METHODS |= {"otava": otava} if find_spec("otava") else {}
METHODS |= {"ruptures": ruptures_ranks} if find_spec("ruptures") else {}


def anomalies(noise: Noise, windows: int, random: Random) -> int:
    """Windows of which an anomaly is told; rate and latency both have the noise."""
    detector = AnomalyDetector()
    count = told = 0
    durations: Counter[int] = Counter()
    last = Snapshot(0, {}, _SYSTEM, ())
    rates, latencies = (values(noise, windows, random) for _ in range(2))
    for second, (rate, latency) in enumerate(zip(rates, latencies, strict=True)):
        count += round(rate)
        durations[round(latency)] += round(rate)
        stats = EventStatistics(2, "", count, 0, 0, count, 0, 0, 0, 0, 0, 0)
        buckets = tuple(Bucket(ns, ns, calls) for ns, calls in sorted(durations.items()))
        now = Snapshot((second + 1) * 10**9, {2: stats}, _SYSTEM, ())
        told += bool(detector.observe(now, last, {2: Histogram(2, "", buckets)}))
        last = now
    return told


def main() -> int:
    """Print a line for each kind of noise."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--windows", type=int, default=20_000)
    args = parser.parse_args()
    print(f"change points: {LABELS} labels, alpha {ALPHA}, changes of at least {LEAST_PERCENT} %")
    for (method, find), (name, noise) in product(METHODS.items(), NOISES.items()):
        random = Random(1)
        false = sum(bool(find(values(noise, LABELS, random))) for _ in range(args.trials))
        steps = [find(values(noise, LABELS, random, 0.05)) for _ in range(args.trials)]
        hits = sum(any(abs(at - STEP_AT) <= 2 for at in each) for each in steps)
        print(
            f"  {method:<9}{name:<11} false in {false} of {args.trials} series; a step of 5 % "
            f"found within 2 labels in {hits}",
            flush=True,
        )
    print(f"anomalies: beyond {DEVIATIONS:g} deviations, {IN_A_ROW} windows in a row")
    for name, noise in NOISES.items():
        told = anomalies(noise, args.windows, Random(1))
        print(f"  {name:<11} told of {told} of {args.windows} windows of rate and latency")
    return 0


if __name__ == "__main__":
    sys.exit(main())
