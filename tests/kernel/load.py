# SPDX-License-Identifier: GPL-2.0-or-later
"""Work that goes on in the guest while something else is done to it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mig.rpc.errors import CallTimeout
from perfmon import Event
from perfmon.kernel.boot import Guest
from tests.kernel.clients import connected

PAGES = 2
OPERATIONS_PER_SWITCH = 200
HANDED_OVER, FINISHED = 0.2, 900.0
"""Seconds: after the first nobody waits for the reply, and the server works on."""


@contextmanager
def loaded(guest: Guest, operations: int) -> Iterator[None]:
    """So many pieces of memory are allocated, touched and freed meanwhile; ends with the last."""
    with connected(guest) as worker:
        worker.workload.timeout = HANDED_OVER
        with suppress(CallTimeout):
            worker.workload.workload_memory(operations, PAGES)
        yield
        worker.workload.timeout = FINISHED
        assert worker.workload.workload_messages(3) == 3


def switched_under_load(guest: Guest, times: int, cpus: int = 1) -> None:
    """Disable and enable so many times, then hold the counts against each other."""
    operations = OPERATIONS_PER_SWITCH * times
    with connected(guest) as control:
        control.restart()
        with loaded(guest, operations):
            for _ in range(times):
                control.privileged.perf_monitor_enable(False)
                control.privileged.perf_monitor_enable(True)
        allocated, freed = control.counts([Event.VM_ALLOC, Event.VM_FREE])
        assert 0 < allocated <= operations
        # What began before an enable or ended after a disable is in one of the two alone.
        assert abs(allocated - freed) <= 2 * times
        control.privileged.perf_monitor_enable(False)
        for cpu in range(cpus):
            account = control.host.perf_get_info(16 + cpu)
            events, written, overwritten, limited, refused, readable = account[:6]
            assert events == written + limited + refused
            assert written == readable + overwritten
