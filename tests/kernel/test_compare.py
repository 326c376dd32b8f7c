# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels compared by instructions: one more in a function is found, and nothing in none."""

from pathlib import Path

import pytest

import perfmon
from benchmarks.regressions.guests import padded
from perfmon import Event
from perfmon.regressions.compare import compare
from perfmon.regressions.findings import Metric, Verdict
from perfmon.regressions.kernels import Clock, Plan, measure_kernels
from perfmon.regressions.measurement import Measurement
from perfmon.workloads import parse_workload

pytestmark = pytest.mark.kernel

PLAN = Plan(parse_workload("memory:12:1,messages:12"), Clock.INSTRUCTIONS, 2, 1, 1, timeout=300)


@pytest.fixture(scope="module")
def measured(stock_kernel: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Measurement]:
    directory = tmp_path_factory.mktemp("compared")
    kernels = [padded(stock_kernel, directory / f"added{more}", more) for more in (0, 1)]
    return measure_kernels([kernels[0], kernels[0], kernels[1]], ["before", "again", "after"], PLAN)


def test_one_instruction_more_per_call_is_found_and_nothing_else(measured: list[Measurement]):
    before, _, after = measured
    found = compare(before, after).of(Verdict.REGRESSION)
    (allocation,) = (f for f in found if f.name == "VM_ALLOC")
    assert allocation.metric is Metric.INSTRUCTIONS
    assert allocation.after - allocation.before == 1
    # The request that makes the call takes it along.
    assert {f.name for f in found} <= {"VM_ALLOC", "IPC_RECEIVE"}
    assert all(f.after - f.before == 1 for f in found)


def test_two_boots_of_one_kernel_do_not_differ(measured: list[Measurement]):
    before, again, _ = measured
    found = compare(before, again)
    assert len(found.findings) > 5
    assert found.verdict is Verdict.UNCHANGED


def test_guests_whose_clocks_tell_time_agree_with_this_machines(stock_kernel: Path):
    plan = Plan(parse_workload("memory:12:1"), Clock.TIME, 2, 4, 1, timeout=300)
    before, after = measure_kernels([stock_kernel, stock_kernel], ["before", "after"], plan)
    with perfmon.connect("embedded:") as host:  # reads the same counter
        ours = host.clock().ticks_per_second
    for each in (before, after):
        assert each.environment.clock_hz == pytest.approx(ours, rel=0.001)
    assert [len(each.runs) for each in (before, after)] == [2, 2]
    assert all(run.events[Event.VM_ALLOC].count >= 4 * 12 for run in before.runs + after.runs)
    for event in (event for run in before.runs + after.runs for event in run.events.values()):
        assert sum(bucket.count for bucket in event.buckets) == event.timed
        assert event.total_ns > 0 or not event.timed
