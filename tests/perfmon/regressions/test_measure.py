# SPDX-License-Identifier: GPL-2.0-or-later
"""Measuring the embedded host: exact counts, whatever else the host has seen, and no trace left."""

import statistics
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import perfmon
from mig.rpc.port import Port
from perfmon import Event, Host
from perfmon.errors import MigBadId, PerfmonError
from perfmon.interface import Mode
from perfmon.reader import Start
from perfmon.recording.recorder import record
from perfmon.recording.trace import open_trace
from perfmon.regressions.compare import Settings, compare
from perfmon.regressions.findings import Metric, Verdict
from perfmon.regressions.measure import (
    Pass,
    Subject,
    _durations,
    measure_interleaved,
    measure_since_reset,
    measure_windows,
    measure_workload,
    run_of,
)
from perfmon.regressions.traces import measurement_of
from perfmon.samples import Sample
from perfmon.workloads import WorkloadError, parse_workload, workload_text
from tests.perfmon.scripted import ScriptedTransport

WORK = parse_workload("memory:20:2,messages:10")


@pytest.fixture
def host() -> Iterator[Host]:
    with perfmon.connect("embedded:") as host:
        host.disable()
        host.configure(sample_rate=1000, buffer_size=8192)
        host.set_events(range(Event.PROFILE))
        host.reset()
        yield host
        host.disable()


def test_each_run_counts_what_its_passes_did(host: Host):
    measured = measure_workload(Subject("x", host), WORK, 3, 4)
    for run in measured.runs:
        assert run.events[Event.VM_ALLOC].count == 4 * 20
        assert run.events[Event.PAGE_FAULT].count == 4 * 20 * 2
        buckets = run.events[Event.VM_ALLOC].buckets
        assert sum(bucket.count for bucket in buckets) == 4 * 20
        assert run.elapsed_ns > run.events[Event.VM_ALLOC].total_ns > 0
    assert measured.workload == "memory:20:2,messages:10"
    assert measured.environment.accelerator == "native"


def test_interleaved_runs_of_one_host_are_told_apart(host: Host):
    slow = Subject("slow", host, lambda h: h.workload.workload_delay(Event.VM_ALLOC, 300_000))
    fast = Subject("fast", host, lambda h: h.workload.workload_delay(Event.VM_ALLOC, 0))
    before, after = measure_interleaved([fast, slow], WORK, 2, 2)
    host.workload.workload_delay(Event.VM_ALLOC, 0)
    for run in before.runs:
        assert run.events[Event.VM_ALLOC].count == 40
    assert min(run.events[Event.VM_ALLOC].typical_ns for run in after.runs) >= 300_000
    assert min(run.events[Event.VM_ALLOC].typical_ns for run in before.runs) < 300_000


def test_none_of_two_hosts_is_first_more_often_and_the_order_is_another_each_time(host: Host):
    def turns() -> list[str]:
        told: list[str] = []
        subjects = [Subject(x, host, lambda _, x=x: told.append(x)) for x in "ab"]
        measure_interleaved(subjects, parse_workload("memory:1:1"), 3, 16)
        return told

    first = turns()
    assert len(first) == 2 * 3 * 16
    assert first[::2].count("a") == first[1::2].count("a") == 3 * 8
    assert first != turns()


def test_a_call_that_was_interrupted_does_not_move_the_time_of_a_run(host: Host):
    passes = iter([0, 50_000_000, 0, 0])  # of which each has one call
    subject = Subject("x", host, lambda h: h.workload.workload_delay(Event.VM_FREE, next(passes)))
    (run,) = measure_workload(subject, parse_workload("memory:1:1"), 1, 4).runs
    host.workload.workload_delay(Event.VM_FREE, 0)
    assert run.events[Event.VM_FREE].count == 4
    assert run.events[Event.VM_FREE].mean_ns > 50_000_000 / 4
    assert run.events[Event.VM_FREE].typical_ns < run.events[Event.VM_FREE].mean_ns / 2


def test_a_host_that_stops_when_its_ring_is_full_is_measured_all_the_same(host: Host):
    host.set_mode(Mode.STOP)
    host.configure(sample_rate=0, buffer_size=1024)
    (run,) = measure_workload(Subject("x", host), parse_workload("memory:500:4"), 1, 2).runs
    allocation = run.events[Event.VM_ALLOC]
    assert host.configuration().mode is Mode.STOP
    assert 0 < allocation.typical_ns < allocation.mean_ns
    host.set_mode(Mode.OVERWRITE)


def test_the_hosts_own_figures_and_state_stay(host: Host):
    host.enable()
    host.workload.workload_memory(40, 1)
    host.set_baseline()
    configuration = host.configuration()
    measure_workload(Subject("x", host), WORK, 2, 2)
    assert host.interface().enabled
    generation = host.configuration().generation  # samples begin anew, and that is all
    assert host.configuration() == replace(configuration, generation=generation)
    host.workload.workload_memory(40, 1)
    assert host.regression(Event.VM_ALLOC).baseline_count == 40


def test_a_host_is_as_it_was_after_another_refused_to_be_measured(host: Host):
    host.enable()
    configuration = host.configuration()
    answers = {"perf_get_info": lambda *_: ([1, 32, 64, 0, 0, 0, 1, 0, 0, 0],)}
    transport = ScriptedTransport(answers)
    other = Host(transport, Port(transport, 2), timeout=1, privileged=True)
    with pytest.raises(MigBadId):
        measure_interleaved([Subject("x", host), Subject("y", other)], WORK, 1, 1)
    assert host.interface().enabled
    generation = host.configuration().generation
    assert host.configuration() == replace(configuration, generation=generation)


def test_windows_take_a_host_that_monitors(host: Host):
    with pytest.raises(PerfmonError, match="monitoring is off"):
        measure_windows(Subject("x", host), 0.01, 2)
    host.enable()
    measured = measure_windows(Subject("x", host), 0.01, 3)
    assert len(measured.runs) == 3
    assert not measured.fixed_work
    assert all(run.elapsed_ns >= 10_000_000 for run in measured.runs)


def test_figures_since_the_reset_are_one_run(host: Host):
    host.enable()
    host.workload.workload_memory(40, 1)
    host.disable()
    (run,) = measure_since_reset(Subject("x", host)).runs
    assert run.events[Event.VM_ALLOC].count == 40


def test_a_trace_is_cut_into_windows_that_hold_all_its_samples(host: Host, tmp_path: Path):
    host.configure(sample_rate=0, buffer_size=32768)
    host.enable()
    host.workload.workload_memory(500, 1)
    host.disable()
    record(host, tmp_path / "trace", 0.01, start=Start.OLDEST)
    measured = measurement_of(open_trace(tmp_path / "trace"), "trace")
    assert measured.environment.event_mask == host.configuration().event_mask
    assert len(measured.runs) == 20
    allocations = [r.events[2].count for r in measured.runs if 2 in r.events]
    assert sum(allocations) == 500
    means = [r.events[2].mean_ns for r in measured.runs if 2 in r.events]
    assert min(means) <= host.stats(2).mean_ns <= max(means)


def test_the_power_experiment_in_short(host: Host):
    """A delay that hides what a busy machine does; small ones are for `make power-experiment`."""

    def delayed(ns: int) -> Subject:
        return Subject(str(ns), host, lambda h: h.workload.workload_delay(Event.VM_FREE, ns))

    before, after = measure_interleaved(
        [delayed(0), delayed(150_000_000)], parse_workload("memory:1:1"), 14, 1
    )
    host.workload.workload_delay(Event.VM_FREE, 0)
    settings = Settings(interleaved=True, events=frozenset({Event.VM_FREE}))
    found = {f.metric: f for f in compare(before, after, settings).findings}
    assert found[Metric.TIME].verdict is Verdict.REGRESSION
    assert found[Metric.TIME].change_percent > 50
    assert found[Metric.COUNT].verdict is Verdict.UNCHANGED


def test_costs_are_those_of_calls_that_simply_ran():
    def sample(duration: int, flags: int = 0, data1: int = 28) -> Sample:
        return Sample(0, Event.SYSCALL, 0, flags, duration, 1, 1, data1, 0)

    samples = [sample(9), sample(7), sample(9), sample(1, flags=2), sample(5, data1=25)]
    found = run_of([Pass(0, {}, {}, _durations(samples))]).costs
    assert [(c.detail, c.calls, c.least, c.typical) for c in found] == [
        ("trap 25", 1, 5, 5),
        ("trap 28", 3, 7, 9),
    ]
    assert statistics.median([c.least for c in found]) == 6


@pytest.mark.parametrize(
    "text", ["", "memory", "memory:0", "tasks:1:2", "fly:3", "memory:1:2:3", "memory:x", "tasks:-1"]
)
def test_a_workload_that_cannot_be_read_says_what_was_expected(text: str):
    with pytest.raises(WorkloadError, match="expected"):
        parse_workload(text)


def test_a_workload_is_written_as_it_is_read():
    text = "messages:300,memory:200:4,tasks:5,paging:10:2"
    assert workload_text(parse_workload(text)) == text
