# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures derived from figures: percentiles, changes and means."""

from random import Random

import pytest

from perfmon.statistics import Bucket, EventStatistics, Histogram


def histogram(*buckets: tuple[int, int | None, int]) -> Histogram:
    return Histogram(2, "VM_ALLOC", tuple(Bucket(*bucket) for bucket in buckets))


def statistics(count=0, *, errors=0, waits=0, timed=0, total=0, wait_total=0) -> EventStatistics:
    return EventStatistics(
        2, "VM_ALLOC", count, errors, waits, timed, total, wait_total, 1, 9, 0, 77
    )


def test_percentiles_are_within_a_buckets_width_of_those_of_the_values():
    random = Random(99)
    values = sorted(int(random.lognormvariate(6, 1)) for _ in range(5000))
    width = 16
    counts: dict[int, int] = {}
    for value in values:
        counts[value // width] = counts.get(value // width, 0) + 1
    found = histogram(*((k * width, (k + 1) * width, n) for k, n in sorted(counts.items())))
    assert found.count == 5000
    for percent, value in [(50, found.p50), (90, found.p90), (99, found.p99), (99.9, found.p99_9)]:
        exact = values[int(percent / 100 * len(values)) - 1]
        assert abs(value - exact) <= width


def test_percentiles_fall_into_the_right_one_of_distant_buckets():
    found = histogram((0, 10, 98), (1000, 1010, 1), (10**6, None, 1))
    assert found.percentile(0) == 0
    assert found.p50 < 10
    assert 1000 <= found.p99 <= 1010
    assert found.p99_9 == 10**6
    assert found.percentile(100) == 10**6


def test_an_empty_histogram_has_no_percentiles():
    assert histogram().p50 is None
    assert Histogram(2, "VM_ALLOC", (Bucket(1, 2, 0),)).p50 is None


def test_buckets_without_a_duration_hold_no_percentile():
    found = Histogram(2, "VM_ALLOC", (Bucket(0, 1, 0), Bucket(8, 9, 1), Bucket(20, 30, 0)))
    assert found.percentile(0) == 8
    assert found.percentile(100) == 9


def test_a_percentage_outside_its_range_is_refused():
    with pytest.raises(ValueError, match="expected 0-100"):
        histogram().percentile(101)


def test_a_bucket_without_upper_bound_says_so():
    assert Bucket.from_wire(1024, 2**64 - 1, 3) == Bucket(1024, None, 3)
    assert Bucket.from_wire(1024, 2048, 3) == Bucket(1024, 2048, 3)


def test_a_change_is_the_difference_of_two_readings():
    earlier = statistics(10, errors=1, waits=1, timed=10, total=1000, wait_total=400)
    later = statistics(30, errors=3, waits=2, timed=20, total=5000, wait_total=900)
    change = later.since(earlier)
    assert (change.count, change.errors, change.waits, change.timed) == (20, 2, 1, 10)
    assert change.mean_ns == 400
    assert change.wait_total_ns == 500


def test_after_a_reset_in_between_the_later_reading_is_the_change():
    change = statistics(5, timed=5, total=50).since(statistics(10, timed=10, total=1000))
    assert (change.count, change.mean_ns) == (5, 10)


def test_a_reset_is_seen_though_as_much_has_happened_since():
    earlier = statistics(10, errors=10, timed=10, total=1000)
    change = statistics(12, errors=1, timed=12, total=1200).since(earlier)
    assert (change.count, change.errors, change.timed, change.mean_ns) == (12, 1, 12, 100)


def test_means_of_nothing_are_zero():
    assert statistics().since(statistics()).mean_ns == 0
    assert statistics().wait_mean_ns == 0


def test_a_histogram_since_an_earlier_one_holds_what_was_added():
    earlier = Histogram(2, "VM_ALLOC", (Bucket(0, 16, 3), Bucket(16, 32, 5)))
    later = Histogram(2, "VM_ALLOC", (Bucket(0, 16, 3), Bucket(16, 32, 9), Bucket(64, None, 1)))
    assert later.since(earlier).buckets == (Bucket(16, 32, 4), Bucket(64, None, 1))
    assert later.since(later).count == 0


def test_a_histogram_that_was_reset_in_between_is_all_new():
    earlier = Histogram(2, "VM_ALLOC", (Bucket(0, 16, 3), Bucket(16, 32, 5)))
    later = Histogram(2, "VM_ALLOC", (Bucket(0, 16, 4),))
    assert later.since(earlier) == later
