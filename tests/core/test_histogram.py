# SPDX-License-Identifier: GPL-2.0-or-later
"""Log-linear buckets: where a time goes, how wide that is, and how far a bucket counts."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

WAITED = 2
LAST_COUNT = 2**39 - 1


@given(st.integers(0, 2**64 - 1))
@example(0)
@example(2**32 - 1)
@example(2**32)
def test_a_bucket_holds_the_times_between_its_bounds(compiled_core, ticks):
    lib = compiled_core.lib
    for bucket, number, shift in (
        (lib.perf_work_bucket(ticks), lib.PERF_WORK_BUCKETS, lib.PERF_WORK_SHIFT),
        (lib.perf_wait_bucket(ticks), lib.PERF_WAIT_BUCKETS, lib.PERF_WAIT_SHIFT),
    ):
        assert bucket < number
        assert lib.perf_bucket_lower(bucket, shift) <= ticks
        assert bucket == number - 1 or ticks < lib.perf_bucket_lower(bucket + 1, shift)


def test_buckets_are_at_most_a_quarter_as_wide_as_they_are_high(compiled_core):
    lib = compiled_core.lib
    for shift, number in (
        (lib.PERF_WORK_SHIFT, lib.PERF_WORK_BUCKETS),
        (lib.PERF_WAIT_SHIFT, lib.PERF_WAIT_BUCKETS),
    ):
        bounds = [lib.perf_bucket_lower(i, shift) for i in range(number + 1)]
        assert bounds[:5] == [i << shift for i in range(5)]
        assert all(upper - lower <= lower / 4 for lower, upper in pairwise(bounds[4:]))


def test_work_below_two_to_the_32_ticks_is_never_in_the_open_bucket_by_clamping(compiled_core):
    lib = compiled_core.lib
    assert lib.perf_bucket_lower(lib.PERF_WORK_BUCKETS, lib.PERF_WORK_SHIFT) == 2**32


@given(st.lists(st.integers(0, 2**34), min_size=1, max_size=60), st.sampled_from((0, WAITED)))
def test_a_histogram_counts_every_duration_between_its_bounds(compiled_core, durations, flags):
    core = compiled_core
    core.record_every_event()
    for ticks in durations:
        core.time(3, ticks, flags=flags)
    buckets = core.histogram(3, selector=1 if flags else 0)
    assert core.histogram(3, selector=0 if flags else 1) == []
    assert [b[0] for b in buckets] == sorted(b[0] for b in buckets)
    for lower, upper, count in buckets:
        assert count == sum(lower <= ticks < upper for ticks in durations)
    assert sum(count for _, _, count in buckets) == len(durations)
    assert all(upper == 2**64 - 1 or upper > lower for lower, upper, _ in buckets)


@pytest.mark.parametrize(
    ("low", "carry", "count"),
    [
        (0, 0, 1),
        (2**31 - 1, 0, 2**31),
        (5, 3, 3 * 2**31 + 6),
        (2**31 + 2**26, 0, 2**31 + 2**26 + 1),
        (2**31 - 2, 255, LAST_COUNT),
        (2**31 - 1, 255, LAST_COUNT),
        (2**31 + 2**26, 255, LAST_COUNT),
    ],
)
def test_a_bucket_counts_on_beyond_31_bits_and_never_wraps(core, low, carry, count):
    core.enable()
    core.time(3, 100)
    bucket = core.lib.perf_work_bucket(100)
    core.lib.harness_fill_bucket(0, 3, bucket, low, carry)
    assert [entry[2] for entry in core.histogram(3)] == [count]
    assert core.stats(3).timed == carry * 2**31 + low + 1


def test_unknown_events_and_selectors_are_refused(core):
    buckets, count = core.ffi.new("perf_bucket_t[128]"), core.ffi.new("uint32_t *", 128)
    for event, selector in ((13, 0), (64, 0), (2**32 - 1, 0), (3, 2)):
        assert core.lib.perf_report_histogram(event, selector, buckets, count) == 4
