# SPDX-License-Identifier: GPL-2.0-or-later
"""A task that is left out: not counted, not sampled, not profiled, and no cause of an alert."""

from collections.abc import Iterator

import pytest

import perfmon
from perfmon import Event, Host
from perfmon.host import NameKind
from perfmon.kernel.boot import Guest

pytestmark = pytest.mark.kernel

BOOT_TASK = "relay"


@pytest.fixture
def host(guest: Guest) -> Iterator[Host]:
    """Monitoring everything, PROFILE included, nothing excluded yet."""
    with perfmon.connect(guest.address) as host:
        host.disable()
        host.configure(sample_rate=0, buffer_size=32768)
        host.set_events([*range(12), Event.PROFILE])
        host.enable()
        host.reset()
        yield host
        host.exclude_task(0)
        host.set_thresholds(latency_us=1000)
        host.disable()
        host.set_events(range(12))


def boot_task(host: Host) -> int:
    (found,) = (task.id for task in host.names(NameKind.TASKS) if task.name == BOOT_TASK)
    return found


def work(host: Host) -> None:
    """Some dozen clock ticks of work, all of the boot task's."""
    assert host.workload.workload_memory(400, 64) == 400


def test_a_task_that_is_left_out_is_in_no_figure_and_no_sample(host: Host) -> None:
    task = boot_task(host)
    host.exclude_task(task)
    host.reset()
    work(host)
    host.disable()
    assert {name: host.stats(name).count for name in ("VM_ALLOC", "VM_FREE", "PAGE_FAULT")} == {
        "VM_ALLOC": 0, "VM_FREE": 0, "PAGE_FAULT": 0,
    }  # fmt: skip
    samples = [sample for batch in host.samples() for sample in batch]
    assert {sample.task for sample in samples}.isdisjoint({task})
    assert all(sample.event in {Event.PROFILE, *range(12)} for sample in samples)


def test_the_profile_of_a_task_that_is_left_out_is_empty(host: Host) -> None:
    task = boot_task(host)
    work(host)
    hits = [s for batch in host.samples() for s in batch if s.event == Event.PROFILE]
    assert any(hit.task == task for hit in hits)
    host.exclude_task(task)
    host.reset()
    work(host)
    hits = [s for batch in host.samples() for s in batch if s.event == Event.PROFILE]
    assert not any(hit.task == task for hit in hits)


def test_a_task_that_is_left_out_raises_no_alert(host: Host) -> None:
    host.set_thresholds(latency_us=1, throughput=0, error_rate=0)
    with host.alerts(timeout=5) as alerts:
        work(host)
        assert next(alerts).threshold == 1000
    host.exclude_task(boot_task(host))
    host.reset()
    # What others are slow at is an alert still.
    host.set_events([Event.VM_ALLOC, Event.VM_FREE])
    with host.alerts(timeout=3) as alerts:
        work(host)
        assert next(alerts, None) is None
