# SPDX-License-Identifier: GPL-2.0-or-later
"""Small ids: given once, found again, gone at death, and never two for one key."""

from hypothesis import given
from hypothesis import strategies as st

TASKS, THREADS = 1, 2
PLACES = 64


def test_tasks_and_threads_are_numbered_from_one(core):
    lib = core.lib
    assert [lib.perf_task_id(key) for key in (0x100, 0x200, 0x100)] == [1, 2, 1]
    assert lib.perf_thread_id(0x100, 0x200) == 1
    assert lib.perf_task_id(0) == lib.perf_thread_id(0, 0x100) == 0


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 40)), max_size=200))
def test_an_id_is_never_given_twice(compiled_core, steps):
    compiled_core.boot()
    lib, alive, given_out = compiled_core.lib, {}, set()
    for dies, number in steps:
        key = number * 0x90
        if dies:
            lib.perf_task_forget(key)
            alive.pop(key, None)
            continue
        task = lib.perf_task_id(key)
        assert task == alive.get(key, task) != 0
        if key not in alive:
            assert task not in given_out
        alive[key] = task
        given_out.add(task)
    named = compiled_core.names(TASKS)
    assert set(alive.values()) <= set(named)


def test_a_full_table_counts_who_found_no_place(core):
    ids = [core.lib.perf_task_id(0x10 * (key + 1)) for key in range(3 * PLACES)]
    without = ids.count(0)
    assert without >= 2 * PLACES
    assert len(set(ids) - {0}) == 3 * PLACES - without
    assert core.system().table_overflows == without
    core.lib.perf_control_reset()
    assert core.system().table_overflows == 0


def test_samples_name_the_task_and_thread_that_run(core):
    core.record_every_event()
    for task, thread in ((0x1000, 0x2000), (0x1000, 0x2100), (0x3000, 0x4000), (0x1000, 0x2000)):
        core.lib.harness_be(task, thread)
        core.record()
    ids = [(sample.task, sample.thread) for sample in core.read().samples]
    assert ids == [(1, 1), (1, 2), (2, 3), (1, 1)]


def test_a_key_that_is_used_again_after_death_is_somebody_else(core):
    core.record_every_event(cpus=2)
    core.record(cpu=0)
    core.record(cpu=1)
    core.lib.perf_thread_forget(0x2000)
    core.lib.perf_task_forget(0x1000)
    core.record(cpu=0)
    core.record(cpu=1)
    for cpu in (0, 1):
        ids = [(sample.task, sample.thread) for sample in core.read(cpu=cpu).samples]
        assert ids == [(1, 1), (2, 2)]


def test_enabling_forgets_everybody_because_deaths_went_unseen(core):
    core.record_every_event()
    core.record()
    core.disable()
    core.enable()
    core.record()
    assert [sample.task for sample in core.read().samples] == [1, 2]


def test_names_come_with_their_ids_and_the_reader_among_them(core):
    core.enable()
    core.lib.harness_be(0x1010, 0x2020)
    core.lib.perf_thread_id(0x30, 0x40)
    assert core.names(THREADS) == {1: (1, "thread d"), 2: (2, "thread u")}
    assert core.names(TASKS) == {1: (0, "task e"), 2: (0, "task x")}


def test_an_excluded_task_leaves_no_trace_until_it_dies(core):
    core.record_every_event()
    core.record(3)
    assert core.lib.perf_control_set_option(2, 1) == 0
    assert core.info(1)[4] == 1
    core.record(3)
    core.time(3, 10)
    assert core.stats(3).count == core.info(16)[0] == 1
    core.lib.perf_task_forget(0x1000)
    assert core.info(1)[4] == 0
    core.record(3)
    assert core.stats(3).count == 2


def test_only_a_task_that_has_an_id_can_be_excluded(core):
    core.enable()
    for task in (1, 5, 2**32 - 1, 2**32 + 1, 2**64 - 1):
        assert core.lib.perf_control_set_option(2, task) == 4
    assert core.info(1)[4] == 0
    assert core.lib.perf_control_set_option(2, 0) == 0


def test_threads_that_insert_the_same_keys_at_once_agree_on_ids(core):
    for round_ in range(20):
        core.boot(cpus=4)
        assert core.lib.harness_insert_together(4, 20, 0x10000 + 0x1000 * round_) == 0
