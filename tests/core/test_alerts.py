# SPDX-License-Identifier: GPL-2.0-or-later
"""Thresholds, window by window, with a clock that the test moves: a tick is a nanosecond."""

import pytest

LATENCY, THROUGHPUT, ERROR_RATE, REGRESSION = range(4)
ERROR = 1
WAITED = 2
EVENT = 5
SECOND = 1_000_000_000


@pytest.fixture
def find(core):
    """End a window of a second; what was found in it: kind, event, value and threshold."""

    def end_window():
        core.advance(SECOND)
        alert = core.ffi.new("struct perf_alert *")
        if not core.lib.perf_alerts_find(alert):
            return None
        assert alert.timestamp > 0
        return alert.kind, alert.event, alert.value, alert.threshold

    return end_window


def watch(core, find, *, latency_us=0, throughput=0, error_rate=0):
    core.boot()
    core.lib.perf_control_set_thresholds(latency_us, throughput, error_rate)
    core.enable()
    assert find() is None


def test_an_event_that_took_too_long_is_found_once(core, find):
    watch(core, find, latency_us=500)
    core.time(EVENT, 500_000)
    assert find() is None
    core.time(EVENT, 700_000)
    core.time(EVENT, 600_000)
    assert find() == (LATENCY, EVENT, 700_000, 500_000)
    assert find() is None
    core.time(EVENT, 600_000)
    assert find() == (LATENCY, EVENT, 600_000, 500_000)


def test_time_that_an_event_waited_is_not_latency(core, find):
    watch(core, find, latency_us=500)
    core.time(EVENT, 900_000, flags=WAITED)
    assert find() is None


def test_a_rate_is_told_once_when_it_falls_and_not_before_it_was_there(core, find):
    watch(core, find, throughput=10)
    assert find() is None
    for _ in range(20):
        core.record(EVENT)
    assert find() is None
    for _ in range(3):
        core.record(EVENT)
    assert find() == (THROUGHPUT, EVENT, 3, 10)
    assert find() is None
    for _ in range(10):
        core.record(EVENT)
    assert find() is None
    assert find() == (THROUGHPUT, EVENT, 0, 10)


def test_a_share_of_failures_is_told_as_long_as_it_lasts(core, find):
    watch(core, find, error_rate=5)
    for window in range(3):
        for number in range(100):
            core.record(EVENT, flags=ERROR if number < 6 + window else 0)
        assert find() == (ERROR_RATE, EVENT, 600 + 100 * window, 500)
    for number in range(100):
        core.record(EVENT, flags=ERROR if number < 5 else 0)
    assert find() is None
    assert find() is None


def test_what_is_found_takes_turns(core, find):
    watch(core, find, latency_us=1, error_rate=5)
    seen = []
    for _ in range(6):
        for event in (3, 7):
            core.record(event, flags=ERROR)
        core.time(9, 5_000)
        found = find()
        seen.append(found[:2])
    assert set(seen[:3]) == {(ERROR_RATE, 3), (ERROR_RATE, 7), (LATENCY, 9)}
    assert seen[3:] == seen[:3]


def test_a_threshold_of_zero_is_off(core, find):
    watch(core, find)
    core.time(EVENT, 10 * SECOND, flags=ERROR)
    assert find() is None


def test_an_event_outside_the_mask_is_not_looked_at(core, find):
    watch(core, find, latency_us=1, error_rate=1)
    core.time(EVENT, 5_000, flags=ERROR)
    assert core.lib.perf_control_set_option(0, 1 << 2) == 0
    assert find() is None


def test_nothing_is_found_while_disabled_nor_left_over_from_before(core, find):
    watch(core, find, latency_us=1)
    core.time(EVENT, 5_000)
    core.disable()
    assert find() is None
    core.enable()
    assert find() is None


def test_nothing_is_left_over_from_before_a_reset(core, find):
    watch(core, find, latency_us=1)
    core.time(EVENT, 5_000)
    core.lib.perf_control_reset()
    assert find() is None


@pytest.mark.parametrize(("ticks", "told"), [(1_200, False), (1_201, True)])
def test_a_change_is_told_only_above_its_threshold(core, find, ticks, told):
    watch(core, find)
    for _ in range(40):
        core.time(EVENT, 1_000)
    core.lib.perf_baseline_set()
    for _ in range(40):
        core.time(EVENT, ticks)
    assert find() == ((REGRESSION, EVENT, 10 * (ticks - 1_000), 2_000) if told else None)


def test_an_event_slower_than_its_baseline_is_told_with_the_change(core, find):
    watch(core, find)
    for _ in range(40):
        core.time(EVENT, 1_000)
    core.lib.perf_baseline_set()
    assert find() is None
    for _ in range(40):
        core.time(EVENT, 1_500)
    kind, event, value, threshold = find()
    assert (kind, event, threshold) == (REGRESSION, EVENT, 2_000)
    assert value == pytest.approx(5_000, abs=10)
