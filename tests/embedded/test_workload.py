# SPDX-License-Identifier: GPL-2.0-or-later
"""What the workload does is counted, operation by operation."""

import threading

import pytest

from mig.rpc.errors import KernInvalidArgument

EVENTS = (
    "IPC_SEND",
    "IPC_RECEIVE",
    "VM_ALLOC",
    "VM_FREE",
    "TASK_CREATE",
    "TASK_TERMINATE",
    "THREAD_CREATE",
    "THREAD_TERMINATE",
)
PAGE_FAULT = 11
PAGES = 7

SLOPES = {
    "workload_messages": {"IPC_SEND": 1, "IPC_RECEIVE": 1},
    "workload_requests": {"IPC_SEND": 1, "IPC_RECEIVE": 1},
    "workload_memory": {"VM_ALLOC": 1, "VM_FREE": 1, "PAGE_FAULT": PAGES},
    "workload_tasks": {"TASK_CREATE": 1, "TASK_TERMINATE": 1},
    "workload_threads": {"THREAD_CREATE": 1, "THREAD_TERMINATE": 1},
    "workload_sleep": {},
}
CONSTANTS = {"workload_messages": {"THREAD_CREATE": 1, "THREAD_TERMINATE": 1}}
OF_THE_CALL = {"IPC_SEND": 2, "IPC_RECEIVE": 2}


def counts(host):
    names = {**dict(enumerate(EVENTS)), PAGE_FAULT: "PAGE_FAULT"}
    return {name: host.rpc.perf_get_event_stats(event).count for event, name in names.items()}


def perform(host, routine, count):
    """What one call recorded; the figures are asked for while disabled."""
    host.enable()
    # From here on the server's receive is one that began while enabled.
    host.workload.workload_sleep(0)
    host.reset()
    arguments = (count, PAGES) if routine == "workload_memory" else (count,)
    done = getattr(host.workload, routine)(*arguments)
    host.disable()
    assert done == (1 if routine == "workload_sleep" else count)
    return counts(host)


@pytest.mark.parametrize("routine", SLOPES)
def test_counts_grow_by_exactly_what_each_operation_does(host, routine):
    for count in (5, 10, 15):
        found = perform(host, routine, count)
        # Of the reset its reply is received, of disable its request is sent.
        expected = {"IPC_SEND": 1, "IPC_RECEIVE": 1}
        for part, times in ((SLOPES[routine], count), (CONSTANTS.get(routine, {}), 1)):
            for event, slope in part.items():
                expected[event] = expected.get(event, 0) + slope * times
        for event, number in OF_THE_CALL.items():
            expected[event] = expected.get(event, 0) + number
        assert {event: number for event, number in found.items() if number} == expected


def test_every_operation_is_timed(host):
    host.enable()
    host.workload.workload_memory(20, PAGES)
    host.workload.workload_threads(5)
    host.workload.workload_tasks(2)
    host.disable()
    for event in (2, 3, 4, 5, 6, 7, PAGE_FAULT):
        stats = host.rpc.perf_get_event_stats(event)
        assert stats.timed == stats.count > 0
        assert 0 < stats.min <= stats.mean <= stats.max < 10**9


def test_a_sleep_takes_its_time_and_shows_as_a_wait_of_the_caller(host):
    host.enable()
    host.workload.workload_sleep(30)
    host.disable()
    stats = host.rpc.perf_get_event_stats(1)
    assert stats.waits >= 1
    assert stats.wait_total >= 30_000_000


def test_memory_samples_name_address_size_and_thread(host):
    host.enable()
    host.workload.workload_memory(1, 3)
    host.disable()
    samples = [
        sample
        for cpu in range(8)
        for sample in host.rpc.perf_read_samples(cpu, 0, 32768).samples
        if sample.event in (2, 3, PAGE_FAULT)
    ]
    allocate, *faults, free = samples
    assert (allocate.event, free.event) == (2, 3)
    assert allocate.data1 == free.data1
    assert allocate.data2 == free.data2 == 3 * 4096
    assert [fault.data1 - allocate.data1 for fault in faults] == [0, 4096, 8192]
    assert len({(sample.task, sample.thread) for sample in samples}) == 1


def test_created_tasks_and_threads_have_ids_that_are_never_used_again(host):
    host.enable()
    host.workload.workload_tasks(3)
    host.workload.workload_threads(3)
    host.disable()
    created = {4: [], 5: [], 6: [], 7: []}
    for cpu in range(8):
        for sample in host.rpc.perf_read_samples(cpu, 0, 32768).samples:
            if sample.event in created:
                created[sample.event].append(sample.data1)
    assert created[4] == created[5]
    assert created[6] == created[7]
    assert all(len(set(ids)) == 3 and 0 not in ids for ids in created.values())


def test_more_threads_than_cpus_lose_nothing(host):
    host.enable()
    before = counts(host)["IPC_SEND"]
    workers = [
        threading.Thread(target=lambda: [host.interface() for _ in range(200)]) for _ in range(12)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert counts(host)["IPC_SEND"] - before >= 12 * 200
    host.disable()
    system = host.rpc.perf_get_system_stats()
    assert system.events == system.written == sum(counts(host).values())


def test_memory_of_no_page_is_refused(host):
    with pytest.raises(KernInvalidArgument):
        host.workload.workload_memory(1, 0)


@pytest.mark.parametrize("event", [2, 3, 4, 5, 6, 7, PAGE_FAULT])
def test_a_delay_lengthens_each_occurrence_of_its_event(host, event):
    routine = {4: "tasks", 5: "tasks", 6: "threads", 7: "threads"}.get(event, "memory")
    host.workload.workload_delay(event, 3_000_000)
    perform(host, f"workload_{routine}", 2)
    host.workload.workload_delay(event, 0)
    assert host.rpc.perf_get_event_stats(event).min >= 3_000_000


def test_a_delay_is_taken_back(host):
    host.workload.workload_delay(2, 60_000_000)
    host.workload.workload_delay(2, 0)
    perform(host, "workload_memory", 10)
    assert host.rpc.perf_get_event_stats(2).min < 60_000_000


@pytest.mark.parametrize(("event", "nanoseconds"), [(0, 1), (1, 1), (8, 1), (12, 1), (2**31, 1)])
def test_a_delay_of_what_the_workload_does_not_time_is_refused(host, event, nanoseconds):
    with pytest.raises(KernInvalidArgument):
        host.workload.workload_delay(event, nanoseconds)


def test_a_short_delay_takes_no_longer_than_it_says(host):
    def least(nanoseconds: int) -> int:
        host.workload.workload_delay(2, nanoseconds)
        perform(host, "workload_memory", 2000)
        return host.rpc.perf_get_event_stats(2).min

    without, with_one = (min(least(each) for _ in range(3)) for each in (0, 1))
    host.workload.workload_delay(2, 0)
    assert with_one - without < 120
