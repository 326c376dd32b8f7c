# SPDX-License-Identifier: GPL-2.0-or-later
"""What leaves its recent behaviour twice is told, a spike is not, and a new level is learnt."""

from collections import Counter
from random import Random

from perfmon.analysis.anomalies import IN_A_ROW, RECENT, WARM_UP, AnomalyDetector, Quantity
from perfmon.statistics import Bucket, EventStatistics, Histogram, Snapshot, SystemStatistics

SYSTEM = SystemStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, regression=False)


class Watched:
    """A host whose windows the test makes."""

    def __init__(self) -> None:
        self.detector = AnomalyDetector()
        self.count = self.seconds = 0
        self.work: Counter[int] = Counter()
        self.last = self.snapshot()

    def snapshot(self) -> Snapshot:
        stats = EventStatistics(2, "VM_ALLOC", self.count, 0, 0, self.count, 0, 0, 0, 0, 0, 0)
        return Snapshot(self.seconds * 10**9, {2: stats}, SYSTEM, ())

    def window(self, count: int, ns: float, slow: int = 0) -> list[Quantity]:
        """So many calls, of which some were slow: a hundred times as long."""
        self.seconds += 1
        self.count += count
        self.work[round(ns)] += count - slow
        self.work[round(ns) * 100] += slow
        now = self.snapshot()
        buckets = tuple(Bucket(at, at, n) for at, n in sorted(self.work.items()) if n)
        work = {2: Histogram(2, "VM_ALLOC", buckets)}
        found = self.detector.observe(now, self.last, work)
        self.last = now
        return [anomaly.quantity for anomaly in found]


def steady(watched: Watched, windows: int, seed: int = 1) -> int:
    random = Random(seed)
    return sum(
        len(watched.window(round(1000 * random.lognormvariate(0, 0.05)), random.gauss(800, 20)))
        for _ in range(windows)
    )


def test_steady_windows_are_no_anomaly():
    assert steady(Watched(), 300) == 0


def test_a_slower_event_is_told_from_the_third_window_on():
    watched = Watched()
    steady(watched, 40)
    told = [watched.window(1000, 2400) for _ in range(4)]
    assert told == [[], [], [Quantity.LATENCY], [Quantity.LATENCY]]


def test_an_event_that_behaves_like_that_at_times_is_told_once():
    watched = Watched()
    steady(watched, 40)
    told = 0
    for seed in range(4):
        away = [watched.window(1000, 2400) for _ in range(IN_A_ROW)]
        told += bool(away[-1])
        told += steady(watched, 8, seed)
    assert told == 1


def test_another_rate_is_told_up_and_down():
    for count in (4000, 100):
        watched = Watched()
        steady(watched, 40)
        found = [watched.window(count, 800) for _ in range(IN_A_ROW)]
        assert found[-1] == [Quantity.RATE]


def test_a_single_spike_is_none():
    watched = Watched()
    steady(watched, 40)
    assert watched.window(1000, 9000) == []
    assert steady(watched, 40, seed=2) == 0


def test_calls_that_were_interrupted_are_no_anomaly_however_often():
    watched = Watched()
    steady(watched, 40)
    assert [watched.window(1000, 800, slow=200) for _ in range(5)] == [[]] * 5


def test_what_stays_becomes_the_new_behaviour():
    watched = Watched()
    steady(watched, 40)
    told = [bool(watched.window(1000, 2400)) for _ in range(RECENT + 20)]
    assert told == [False] * (IN_A_ROW - 1) + [True] * (RECENT - IN_A_ROW) + [False] * 21


def test_nothing_is_told_before_there_is_a_behaviour():
    watched = Watched()
    steady(watched, WARM_UP - 3)
    assert watched.window(9000, 9000) == watched.window(9000, 9000) == []


def test_a_latency_of_few_events_is_not_looked_at():
    watched = Watched()
    for _ in range(40):
        watched.window(5, 800)
    assert watched.window(5, 90_000) == watched.window(5, 90_000) == []
