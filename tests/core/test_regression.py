# SPDX-License-Identifier: GPL-2.0-or-later
"""Regression of the mean work time: definition, sign, and when there is no verdict."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

FAILURE, INVALID_ARGUMENT = 5, 4
WAITED = 2


def windows(core, baseline, current):
    core.record_every_event()
    for ticks in baseline:
        core.time(3, ticks)
    core.lib.perf_baseline_set()
    for ticks in current:
        core.time(3, ticks)


def report(core, event=3):
    figures = core.ffi.new("perf_regression_t *")
    return core.lib.perf_regression_report(event, figures), figures


def detected(core, percent, event=3):
    found = core.ffi.new("_Bool *")
    code = core.lib.perf_regression_check(event, percent, found)
    return found[0] if code == 0 else code


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [(100, 150, 5000), (100, 50, -5000), (100, 100, 0), (1000, 1001, 10), (0, 0, 0)],
)
def test_the_change_is_signed_and_in_hundredths_of_a_percent(core, before, after, change):
    windows(core, [before] * 40, [after] * 50)
    code, figures = report(core)
    assert code == 0
    assert figures.change == change
    assert (figures.baseline_count, figures.current_count) == (40, 50)
    assert (figures.baseline_mean, figures.current_mean) == (before, after)


@given(
    st.lists(st.integers(1, 2**33), min_size=30, max_size=40),
    st.lists(st.integers(1, 2**33), min_size=30, max_size=40),
    st.integers(0, 300),
)
def test_it_is_detected_exactly_when_the_mean_rose_by_more(compiled_core, before, after, percent):
    windows(compiled_core, before, after)
    base, now = sum(before) / len(before), sum(after) / len(after)
    assume(abs(now - base * (1 + percent / 100)) > base * 1e-3)
    assert detected(compiled_core, percent) == (now > base * (1 + percent / 100))


def test_faster_is_never_a_regression(core):
    windows(core, [1000] * 30, [10] * 30)
    assert detected(core, 0) is False


def test_waits_are_left_out(core):
    windows(core, [100] * 30, [100] * 30)
    for _ in range(100):
        core.time(3, 10**6, flags=WAITED)
    assert report(core)[1].change == 0


@pytest.mark.parametrize(("before", "after"), [(29, 30), (30, 29), (0, 100)])
def test_with_fewer_than_thirty_events_in_a_window_there_is_no_verdict(core, before, after):
    windows(core, [100] * before, [500] * after)
    assert detected(core, 20) == report(core)[0] == FAILURE


def test_without_a_baseline_there_is_no_verdict(core):
    core.record_every_event()
    for _ in range(100):
        core.time(3, 100)
    assert detected(core, 20) == FAILURE
    core.lib.perf_baseline_set()
    core.lib.perf_control_reset()
    for _ in range(100):
        core.time(3, 100)
    assert detected(core, 20) == FAILURE


def test_the_baseline_survives_disabling_and_enabling(core):
    windows(core, [100] * 40, [150] * 20)
    core.lib.perf_control_enable(False)
    assert report(core)[0] == FAILURE
    core.lib.perf_control_enable(True)
    for _ in range(20):
        core.time(3, 150)
    core.lib.perf_control_enable(False)
    code, figures = report(core)
    assert (code, figures.change) == (0, 5000)
    assert (figures.baseline_count, figures.current_count) == (40, 40)


def test_a_new_baseline_replaces_the_old_and_begins_a_new_window(core):
    windows(core, [100] * 40, [200] * 40)
    core.lib.perf_baseline_set()
    assert detected(core, 20) == FAILURE
    for _ in range(40):
        core.time(3, 150)
    code, figures = report(core)
    assert (code, figures.baseline_mean, figures.change) == (0, 150, 0)


def test_an_unknown_event_is_refused(core):
    core.lib.perf_baseline_set()
    assert detected(core, 20, event=13) == detected(core, 20, event=64) == INVALID_ARGUMENT


def test_from_nothing_to_something_is_the_largest_change(core):
    windows(core, [0] * 30, [1] * 30)
    assert report(core)[1].change == 2**63 - 1


def test_the_flag_uses_the_options_percent_at_most_once_a_second(core):
    windows(core, [100] * 30, [110] * 30)
    assert not core.system().regression
    for _ in range(1000):
        core.time(3, 200)
    assert not core.system().regression
    core.advance(1_000_000_000)
    assert core.system().regression
    core.lib.perf_control_reset()
    assert not core.system().regression


def test_the_flag_follows_the_option(core):
    windows(core, [100] * 30, [150] * 30)
    assert core.lib.perf_control_set_option(3, 60) == 0
    assert not core.system().regression
    assert core.lib.perf_control_set_option(3, 40) == 0
    core.advance(1_000_000_000)
    assert core.system().regression
