# SPDX-License-Identifier: GPL-2.0-or-later
"""What leaves its recent behaviour twice is told, a spike is not, and a new level is learnt."""

from random import Random

from perfmon.analysis.anomalies import IN_A_ROW, RECENT, WARM_UP, AnomalyDetector, Quantity
from perfmon.statistics import EventStatistics, Snapshot, SystemStatistics

SYSTEM = SystemStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, regression=False)


class Watched:
    """A host whose windows the test makes."""

    def __init__(self) -> None:
        self.detector = AnomalyDetector()
        self.count = self.total = self.seconds = 0
        self.last = self.snapshot()

    def snapshot(self) -> Snapshot:
        stats = EventStatistics(
            2, "VM_ALLOC", self.count, 0, 0, self.count, self.total, 0, 0, 0, 0, 0
        )
        return Snapshot(self.seconds * 10**9, {2: stats}, SYSTEM, ())

    def window(self, count: int, mean_ns: float) -> list[Quantity]:
        self.seconds += 1
        self.count += count
        self.total += round(count * mean_ns)
        now = self.snapshot()
        found = self.detector.observe(now, self.last)
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


def test_a_slower_event_is_told_from_the_second_window_on():
    watched = Watched()
    steady(watched, 40)
    assert watched.window(1000, 2400) == []
    assert watched.window(1000, 2400) == [Quantity.LATENCY]


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
