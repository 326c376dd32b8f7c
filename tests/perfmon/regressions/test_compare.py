# SPDX-License-Identifier: GPL-2.0-or-later
"""Verdicts: what was put in is found, what was not is not, and too little is said to be so."""

from dataclasses import replace

import pytest

from perfmon.regressions.comparable import NotComparableError
from perfmon.regressions.compare import Settings, compare
from perfmon.regressions.findings import Comparison, Metric, Verdict
from tests.perfmon.regressions.made import COUNTING, ENVIRONMENT, counted, event, measurement, noisy

INTERLEAVED = Settings(interleaved=True)


def verdicts(comparison: Comparison) -> dict[tuple[str, Metric], Verdict]:
    return {(f.name, f.metric): f.verdict for f in comparison.findings}


@pytest.mark.parametrize("settings", [INTERLEAVED, Settings().with_effect(2)])
def test_a_slower_event_is_found_and_no_other(settings: Settings):
    before = measurement(noisy(), seed=1)
    found = compare(before, measurement(noisy(alloc=1080), seed=2), settings)
    assert found.verdict is Verdict.REGRESSION
    (regression,) = (f for f in found.of(Verdict.REGRESSION) if f.metric is Metric.TIME)
    assert (regression.name, regression.runs) == ("VM_ALLOC", (20, 20))
    assert 5 < regression.change_percent < 11
    assert regression.low_percent < 8 < regression.high_percent
    assert verdicts(found)["VM_FREE", Metric.TIME] is not Verdict.REGRESSION


def test_runs_apart_take_more_than_what_the_load_of_a_machine_does():
    before = measurement(noisy(), seed=1)
    slower, far_slower = (measurement(noisy(alloc=a), seed=2) for a in (1100, 1300))
    assert compare(before, slower).verdict is Verdict.UNCHANGED
    assert compare(before, far_slower).verdict is Verdict.REGRESSION


def test_a_faster_event_is_an_improvement():
    found = compare(
        measurement(noisy(), seed=1), measurement(noisy(alloc=900), seed=2), INTERLEAVED
    )
    assert found.verdict is Verdict.IMPROVEMENT or found.verdict is Verdict.UNCERTAIN
    assert verdicts(found)["VM_ALLOC", Metric.TIME] is Verdict.IMPROVEMENT


def test_more_work_for_the_same_workload_is_a_regression():
    before = measurement(lambda _: {2: event(1000, 200)})
    after = measurement(lambda _: {2: event(1000, 203)})
    assert verdicts(compare(before, after, INTERLEAVED))["VM_ALLOC", Metric.COUNT] is (
        Verdict.REGRESSION
    )


def test_in_windows_of_time_another_rate_is_a_change_and_no_regression():
    before = measurement(lambda _: {2: event(1000, 200)}, workload="")
    after = measurement(lambda _: {2: event(1000, 300)}, workload="")
    found = compare(before, after, INTERLEAVED)
    assert verdicts(found)["VM_ALLOC", Metric.COUNT] is Verdict.CHANGED
    assert found.verdict is Verdict.CHANGED


def test_how_long_threads_run_between_switches_is_no_cost():
    before = measurement(lambda _: {8: event(1000)})
    after = measurement(lambda _: {8: event(2000)})
    assert verdicts(compare(before, after, INTERLEAVED))["CONTEXT_SWITCH", Metric.TIME] is (
        Verdict.CHANGED
    )


def test_a_significant_change_below_the_minimum_effect_is_none():
    before, after = measurement(noisy(noise=0.001), seed=1), measurement(noisy(1010, noise=0.001))
    assert verdicts(compare(before, after, INTERLEAVED))["VM_ALLOC", Metric.TIME] is (
        Verdict.UNCHANGED
    )
    strict = INTERLEAVED.with_effect(0.5)
    assert verdicts(compare(before, after, strict))["VM_ALLOC", Metric.TIME] is Verdict.REGRESSION


def test_too_few_runs_are_said_to_be_too_few_and_how_many_it_takes():
    before, after = measurement(noisy(), runs=5), measurement(noisy(alloc=2000), runs=5)
    found = compare(before, after, INTERLEAVED)
    assert {f.verdict for f in found.findings} == {Verdict.NOT_ENOUGH_DATA}
    needed = max(f.runs_needed for f in found.findings if f.runs_needed)
    before, after = (measurement(noisy(alloc=a), runs=needed) for a in (1000, 2000))
    assert compare(before, after, INTERLEAVED).verdict is Verdict.REGRESSION


def test_noise_that_hides_the_minimum_effect_is_uncertain():
    before, after = measurement(noisy(noise=0.2), seed=1), measurement(noisy(noise=0.2), seed=2)
    (finding,) = (
        f
        for f in compare(before, after, INTERLEAVED).findings
        if (f.name, f.metric) == ("VM_FREE", Metric.TIME)
    )
    assert finding.verdict is Verdict.UNCERTAIN
    assert finding.runs_needed is not None
    assert finding.runs_needed > 20


def test_a_slower_tail_is_found_where_the_mean_is_not():
    def runs(slow: int):
        return lambda random: {
            2: replace(
                event(1000 + random.random()),
                buckets=(
                    *event(1000, 196).buckets,
                    replace(event(slow * (1 + random.random() / 50), 4).buckets[0]),
                ),
            )
        }

    found = compare(measurement(runs(5000)), measurement(runs(9000), seed=3), INTERLEAVED)
    assert verdicts(found)["VM_ALLOC", Metric.TAIL] is Verdict.REGRESSION
    assert verdicts(found)["VM_ALLOC", Metric.TIME] is not Verdict.REGRESSION


def test_the_null_experiment_in_short():
    alarms = 0
    for trial in range(100):
        before = measurement(noisy(noise=0.05), seed=2 * trial)
        after = measurement(noisy(noise=0.05), seed=2 * trial + 1)
        for settings in (Settings(), INTERLEAVED):
            alarms += compare(before, after, settings).verdict is Verdict.REGRESSION
    assert alarms <= 1


def test_only_the_events_asked_for_are_compared_and_corrected_for():
    before, after = measurement(noisy()), measurement(noisy(), seed=1)
    found = compare(before, after, replace(INTERLEAVED, events=frozenset({3})))
    assert {f.name for f in found.findings} == {"VM_FREE"}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("accelerator", "tcg", "accelerators differ (native, tcg)"),
        ("cpu", "another", "processors differ"),
        ("clock_hz", 2_000_000_000, "clocks differ"),
        ("sample_rate", 0, "sampling rates differ (1000, 0)"),
        ("event_mask", 1, "event masks differ (0xfff, 0x1)"),
        ("cpus", 2, "numbers of CPUs differ (1, 2)"),
    ],
)
def test_what_cannot_be_compared_says_why(field: str, value: object, said: str):
    before = measurement(noisy())
    after = measurement(noisy(), environment=replace(ENVIRONMENT, **{field: value}))
    with pytest.raises(NotComparableError) as error:
        compare(before, after)
    assert said in str(error.value)
    forced = compare(before, after, Settings(force=True))
    assert any(said in note for note in forced.notes)


def test_other_workloads_cannot_be_compared():
    with pytest.raises(NotComparableError, match="workloads differ"):
        compare(measurement(noisy()), measurement(noisy(), workload="tasks:5"))


def test_two_calibrations_of_one_clock_can_be_compared():
    other = replace(ENVIRONMENT, clock_hz=ENVIRONMENT.clock_hz + 1000)
    compare(measurement(noisy()), measurement(noisy(), environment=other))


# Exact mode.

ALLOC, FREE = (2, "4096 bytes"), (3, "4096 bytes")


def test_one_instruction_more_is_found_in_its_kind_of_call_alone():
    found = compare(
        counted(*[{ALLOC: 745, FREE: 3599}] * 2), counted(*[{ALLOC: 746, FREE: 3599}] * 2)
    )
    (regression,) = found.of(Verdict.REGRESSION)
    assert (regression.name, regression.detail) == ("VM_ALLOC", "4096 bytes")
    assert (regression.before, regression.after) == (745, 746)
    assert len(found.of(Verdict.UNCHANGED)) == 1


def test_one_instruction_less_is_an_improvement():
    assert compare(counted({ALLOC: 745}), counted({ALLOC: 744})).verdict is Verdict.IMPROVEMENT


def test_a_cost_that_depends_on_a_state_is_no_change():
    before = counted({ALLOC: 745}, {ALLOC: 747})
    after = counted({ALLOC: 746}, {ALLOC: 748})
    assert compare(before, after).verdict is Verdict.UNCHANGED


def test_a_steady_count_is_compared_exactly_and_an_unsteady_one_not_at_all():
    before = counted({ALLOC: 1}, {ALLOC: 1}, counts={2: 50})
    assert (
        verdicts(compare(before, counted({ALLOC: 1}, counts={2: 51})))["VM_ALLOC", Metric.COUNT]
        is Verdict.REGRESSION
    )
    unsteady = replace(before, runs=(before.runs[0], replace(before.runs[1], events={})))
    assert ("VM_ALLOC", Metric.COUNT) not in verdicts(compare(before, unsteady))


def test_exact_and_timed_measurements_cannot_be_compared():
    with pytest.raises(NotComparableError, match="accelerators"):
        compare(
            measurement(noisy()),
            measurement(
                noisy(), environment=replace(ENVIRONMENT, accelerator=COUNTING.accelerator)
            ),
        )
