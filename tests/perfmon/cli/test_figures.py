# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of statistics, from figures made up for the purpose."""

import re

import pytest

from perfmon.cli.figures import histogram_chart, loss_line, rate_table, statistics_table
from perfmon.info import Interface
from perfmon.statistics import Bucket, EventStatistics, Histogram, Snapshot, SystemStatistics
from perfmon.text import Medium

INTERFACE = Interface(1, 32, 64, 0b1111, 0b0111, 0b0111, 1, enabled=True)
NAMES = ["IPC_SEND", "IPC_RECEIVE", "VM_ALLOC", "VM_FREE"]


def snapshot(taken_ns: int, count: int, overflows: int = 0) -> Snapshot:
    events = {
        event: EventStatistics(
            event, name, count, 1, 2, count, count * 1000, 0, 500, 1500, 1000, 77
        )
        for event, name in enumerate(NAMES)
    }
    system = SystemStatistics(count, 0, count - 9, 4, 9, 0, overflows, 1, 1, 0, regression=False)
    return Snapshot(taken_ns, events, system, ())


def test_a_percentile_is_not_shown_above_the_longest_that_was_measured():
    histogram = Histogram(2, "VM_ALLOC", (Bucket(1024, 2048, 10),))
    line = statistics_table(INTERFACE, snapshot(0, 10), {2: histogram}).splitlines()[3]
    assert line.split() == [
        "2", "VM_ALLOC", "10", "1", "2", "1.00", "us", "1.50", "us", "1.50", "us", "10.0", "us",
    ]  # fmt: skip


def test_events_that_the_host_cannot_record_are_named_below():
    lines = statistics_table(INTERFACE, snapshot(0, 10), {}).splitlines()
    assert [line.split()[1] for line in lines[1:4]] == NAMES[:3]
    assert lines[-1] == "not recorded by this host: VM_FREE"


def test_what_was_added_since_an_earlier_reading_has_a_column():
    text = statistics_table(INTERFACE, snapshot(0, 1500), {}, snapshot(0, 300))
    assert text.splitlines()[0].split()[3] == "ADDED"
    assert text.splitlines()[1].split()[2:4] == ["1,500", "+1,200"]


def test_rates_are_per_second_of_the_hosts_own_time_between_two_readings():
    lines = rate_table(INTERFACE, snapshot(2_500_000_000, 800), snapshot(500_000_000, 300))
    assert lines.splitlines()[1].split() == [
        "0", "IPC_SEND", "250", "0", "1.00", "us", "1.50", "us", "800",
    ]  # fmt: skip


def test_the_loss_and_the_overflows_stand_below_the_table():
    assert loss_line(snapshot(0, 2000).system) == (
        "samples: 1,991 of 2,000 events; rate-limited 9, refused 0, overwritten 4"
    )
    assert "id table overflows: 3" in statistics_table(INTERFACE, snapshot(0, 10, 3), {})


def test_the_bars_of_a_histogram_are_in_proportion_and_never_empty():
    buckets = (Bucket(0, 16, 1000), Bucket(16, 32, 500), Bucket(1024, None, 1))
    histogram = Histogram(2, "VM_ALLOC", buckets)
    lines = histogram_chart(histogram, width=20).splitlines()
    assert [line.count("█") for line in lines] == [0, 20, 10, 0]
    assert lines[3].endswith("▏")
    assert "more" in lines[3]
    assert [line.split("  ")[-2].strip() for line in lines[1:]] == ["66.6 %", "99.9 %", "100.0 %"]
    plain = histogram_chart(histogram, Medium(blocks=False), width=20).splitlines()
    assert [line.count("#") for line in plain] == [0, 20, 10, 1]


@pytest.mark.parametrize("width", [60, 80, 100])
def test_nothing_is_wider_than_the_terminal(width):
    medium = Medium(width, colour=True)
    histogram = Histogram(2, "VM_ALLOC", (Bucket(1024, 2048, 10), Bucket(10**9, None, 10**9)))
    one = snapshot(2_500_000_000, 10**9)
    for text in (
        statistics_table(INTERFACE, one, {2: histogram}, medium=medium).partition("\n\n")[0],
        rate_table(INTERFACE, one, snapshot(500_000_000, 300), medium),
        histogram_chart(histogram, medium),
    ):
        lines = re.sub(r"\x1b\[\d+m", "", text).splitlines()
        assert max(map(len, lines)) <= width
        assert "\x1b[1m" in text
