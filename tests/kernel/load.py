# SPDX-License-Identifier: GPL-2.0-or-later
"""Work that goes on while something else is done to the guest."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from perfmon import Event
from perfmon.kernel.boot import Guest
from tests.kernel.clients import connected

PAGES, BATCH = 2, 20


@dataclass
class Load:
    """How many pieces of memory were allocated and freed so far."""

    operations: int = 0


@contextmanager
def loaded(guest: Guest) -> Iterator[Load]:
    """Memory and messages, without end until the context ends."""
    load, done = Load(), threading.Event()
    with connected(guest) as worker:

        def work() -> None:
            while not done.is_set():
                load.operations += worker.workload.workload_memory(BATCH, PAGES)
                worker.workload.workload_messages(5)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield load
        finally:
            done.set()
            thread.join()


def switched_under_load(guest: Guest, times: int, cpus: int = 1) -> None:
    """Disable and enable so many times, then hold the counts against each other."""
    with connected(guest) as control:
        control.restart()
        with loaded(guest) as load:
            for _ in range(times):
                control.privileged.perf_monitor_enable(False)
                control.privileged.perf_monitor_enable(True)
        allocated, freed = control.counts([Event.VM_ALLOC, Event.VM_FREE])
        assert load.operations > 0
        # What began before an enable or ended after a disable is in one of the two alone.
        assert abs(allocated - freed) <= 2 * times
        assert allocated <= load.operations
        control.privileged.perf_monitor_enable(False)
        for cpu in range(cpus):
            account = control.host.perf_get_info(16 + cpu)
            events, written, overwritten, limited, refused, readable = account[:6]
            assert events == written + limited + refused
            assert written == readable + overwritten
        assert control.workload.workload_messages(3) == 3
