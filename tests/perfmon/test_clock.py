# SPDX-License-Identifier: GPL-2.0-or-later
"""Ticks, nanoseconds and wall-clock time."""

from datetime import UTC, datetime

from perfmon.clock import Clock

CLOCK = Clock(
    ticks_per_second=3_000_000_000,
    ticks_now=30_000_000_000,
    boot_ticks=6_000_000_000,
    wall_ns=1_700_000_000_000_000_000,
)


def test_durations_convert_both_ways():
    assert CLOCK.ns(3) == 1
    assert CLOCK.ticks(1) == 3
    assert CLOCK.ns(CLOCK.ticks(123_456_789)) == 123_456_789


def test_a_large_count_of_ticks_is_not_rounded():
    assert CLOCK.ns(3 * (2**62 + 1)) == 2**62 + 1


def test_a_timestamp_is_placed_since_boot_and_on_the_wall():
    timestamp = 27_000_000_000
    assert CLOCK.since_boot_ns(timestamp) == 7_000_000_000
    assert CLOCK.wall_ns_at(timestamp) == 1_699_999_999_000_000_000
    assert CLOCK.wall(timestamp) == datetime(2023, 11, 14, 22, 13, 19, tzinfo=UTC)
