# SPDX-License-Identifier: GPL-2.0-or-later
"""What is counted of each event, whatever becomes of its sample."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

ERROR, WAITED, SATURATED, MIGRATED, INSTANT = (1 << bit for bit in range(5))

timed = st.tuples(st.integers(0, 2**33), st.sampled_from((0, ERROR, WAITED, ERROR | WAITED)))


@given(st.lists(st.tuples(timed, st.integers(0, 3)), max_size=40))
def test_totals_are_those_of_the_events_over_all_cpus(compiled_core, events):
    core = compiled_core
    core.record_every_event(cpus=4)
    for (ticks, flags), cpu in events:
        core.time(10, ticks, cpu=cpu, flags=flags)
    work = [ticks for (ticks, flags), _ in events if not flags & WAITED]
    waits = [ticks for (ticks, flags), _ in events if flags & WAITED]
    stats = core.stats(10)
    assert stats.count == len(events)
    assert stats.errors == sum(bool(flags & ERROR) for (_, flags), _ in events)
    assert (stats.timed, stats.total) == (len(work), sum(work))
    assert (stats.waits, stats.wait_total) == (len(waits), sum(waits))
    assert (stats.min, stats.max) == ((min(work), max(work)) if work else (0, 0))
    assert stats.mean == (sum(work) // len(work) if work else 0)


def test_an_event_without_a_duration_counts_and_is_not_timed(core):
    core.record_every_event()
    core.record(4, flags=ERROR)
    core.record(4, flags=WAITED)
    stats = core.stats(4)
    assert (stats.count, stats.timed, stats.waits, stats.errors) == (2, 0, 1, 1)
    assert (stats.total, stats.min, stats.max, stats.mean) == (0, 0, 0, 0)
    assert [s.flags for s in core.read().samples] == [INSTANT | ERROR, INSTANT | WAITED]


def test_figures_are_in_nanoseconds_and_last_counts_from_boot(core):
    core.lib.scripted.frequency = 2_000_000_000
    core.configure(0, 1024)
    core.enable()
    core.time(3, 3000)
    stats = core.stats(3)
    assert (stats.total, stats.min, stats.max, stats.mean) == (1500, 1500, 1500, 1500)
    assert stats.last == 1500


def test_a_negative_duration_counts_as_zero_and_is_flagged(core):
    core.record_every_event()
    core.time(3, -5)
    assert (core.stats(3).timed, core.stats(3).total) == (1, 0)
    (sample,) = core.read().samples
    assert (sample.duration, sample.flags) == (0, SATURATED)


def test_a_duration_beyond_32_bits_saturates_the_sample_alone(core):
    core.record_every_event()
    core.time(3, 2**32 + 7)
    assert core.stats(3).total == core.stats(3).max == 2**32 + 7
    (sample,) = core.read().samples
    assert (sample.duration, sample.flags) == (2**32 - 1, SATURATED)


def test_an_event_that_ends_on_another_cpu_is_counted_there_and_flagged(core):
    core.record_every_event(cpus=2)
    stamp = core.ffi.new("struct perf_stamp *")
    core.lib.harness_begin(0, 3, stamp)
    core.lib.harness_end(1, 3, stamp)
    assert core.read(cpu=0).samples == []
    (sample,) = core.read(cpu=1).samples
    assert (sample.cpu, sample.flags) == (1, MIGRATED)


def test_the_rate_limit_touches_samples_and_not_statistics(core):
    core.configure(100, 1024)
    core.enable()
    for _ in range(1000):
        core.time(3, 10)
    assert core.stats(3).count == 1000
    assert core.system().written < 1000


def test_only_events_of_the_mask_are_recorded(core):
    core.record_every_event()
    assert core.lib.perf_control_set_option(0, 1 << 3) == 0
    core.record(2)
    core.record(3)
    assert (core.stats(2).count, core.stats(3).count) == (0, 1)
    assert core.info(16)[0] == 1


def test_nothing_is_recorded_before_enable_or_after_disable(core):
    core.record(2)
    core.enable()
    core.record(2)
    core.disable()
    core.record(2)
    assert core.stats(2).count == 1


def test_a_start_from_before_a_disable_is_discarded(core):
    core.record_every_event()
    stamp = core.ffi.new("struct perf_stamp *")
    core.lib.harness_begin(0, 3, stamp)
    core.disable()
    core.lib.harness_end(0, 3, stamp)
    core.enable()
    core.lib.harness_end(0, 3, stamp)
    assert core.stats(3).count == 0


def test_a_start_while_the_event_was_not_in_the_mask_is_discarded(core):
    core.record_every_event()
    stamp = core.ffi.new("struct perf_stamp *")
    assert core.lib.perf_control_set_option(0, 0) == 0
    core.lib.harness_begin(0, 3, stamp)
    assert core.lib.perf_control_set_option(0, 0xFFF) == 0
    core.lib.harness_end(0, 3, stamp)
    assert core.stats(3).count == 0


def test_an_idempotent_enable_keeps_open_starts(core):
    core.record_every_event()
    stamp = core.ffi.new("struct perf_stamp *")
    core.lib.harness_begin(0, 3, stamp)
    core.enable()
    core.lib.harness_end(0, 3, stamp)
    assert core.stats(3).count == 1


def test_the_macros_record_what_they_are_given(core):
    core.record_every_event()
    core.lib.harness_macros(11, 40, 7)
    instant, block = core.read().samples
    assert (instant.data1, instant.data2, instant.flags) == (40, 7, INSTANT)
    assert (block.data1, block.data2, block.duration, block.flags) == (40, 8, 40, 0)


def test_a_reset_clears_every_cpu_before_it_records_again(core):
    core.record_every_event(cpus=2)
    core.time(3, 100, cpu=0)
    core.time(3, 100, cpu=1)
    core.lib.perf_control_reset()
    assert core.stats(3).count == 0
    assert core.histogram(3) == []
    assert core.info(16)[:4] == [0, 0, 0, 0]
    core.time(3, 50, cpu=1)
    stats = core.stats(3)
    assert (stats.count, stats.total, stats.max) == (1, 50, 50)
    assert [count for _, _, count in core.histogram(3)] == [1]


def test_configure_keeps_statistics_and_totals(core):
    core.record_every_event()
    for _ in range(5):
        core.time(3, 100)
    core.disable()
    core.configure(0, 2048)
    assert core.stats(3).count == 5
    system = core.system()
    assert (system.events, system.written, system.overwritten) == (5, 5, 5)
    assert core.info(16)[:2] == [0, 0]
    core.enable()
    core.time(3, 100)
    system = core.system()
    assert (system.events, system.written, system.overwritten) == (6, 6, 5)


def test_interrupts_are_unmasked_after_every_way_through(core):
    core.record_every_event()
    core.lib.harness_be(0x5000, 0x6000)
    core.record(3)
    task = core.lib.perf_task_id(0x5000)
    assert core.lib.perf_control_set_option(2, task) == 0
    core.record(3)
    assert core.stats(3).count == 1
    assert core.lib.scripted.masked == 0
    assert core.lib.scripted.locked == 0


@pytest.mark.parametrize("event", [13, 15, 63, 64, 2**32 - 1])
def test_unknown_events_are_refused(core, event):
    assert core.lib.perf_report_event(event, core.ffi.new("perf_event_stats_t *")) == 4


@pytest.mark.parametrize("rate", [0, 100])
@given(
    st.lists(st.tuples(st.integers(0, 2**33) | st.integers(0, 300), st.integers(0, 3)), max_size=40)
)
# A sum carries, and a burst ends.
@example([(1, 0), (1 << 29 | 1, 0), *[(1 << 29, 0)] * 12, *[(100, 0)] * 30])
def test_a_hook_that_knows_its_event_records_what_any_other_would(compiled_core, rate, events):
    def recorded(time):
        core = compiled_core
        core.record_every_event(cpus=4)
        core.record()
        core.lib.harness_be(0x5000, 0x6000)
        for number in range(4 * 64):  # what was in the rings before is another task's
            core.record(cpu=number % 4)
        core.boot(4)
        core.configure(rate, 1024)
        core.lib.perf_control_set_thresholds(0, 0, 0)  # long is usual
        core.enable()
        for number, (ticks, cpu) in enumerate(events):
            time(cpu, 10, ticks, number)
        stats = core.stats(10)
        samples = [
            [(s.event, s.cpu, s.flags, s.duration, s.task, s.thread, s.data1) for s in samples]
            for samples in (core.read(cpu=cpu).samples for cpu in range(4))
        ]
        figures = (stats.count, stats.timed, stats.total, stats.min, stats.max, stats.last)
        return figures, samples, core.histogram(10), [core.info(16 + cpu)[:6] for cpu in range(4)]

    lib = compiled_core.lib
    assert recorded(
        lambda cpu, event, ticks, data1: lib.harness_time_usual(cpu, event, ticks, data1, 0)
    ) == recorded(lambda cpu, event, ticks, data1: lib.harness_time(cpu, event, 0, ticks, data1, 0))
