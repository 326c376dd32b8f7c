# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel for several processors, on several: each records, all stand still for a switch."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from mig.rpc.errors import KernFailure
from perfmon import Event
from perfmon._generated.perf_monitor.types import PerfSample
from perfmon.kernel.boot import Guest, boot, stop
from perfmon.kernel.image import KernelImage
from perfmon.kernel.images import kernel_image
from perfmon.kernel.instrument import instrument
from tests.kernel.clients import Clients, connected
from tests.kernel.injection import write_word
from tests.kernel.kernel_text import Memory
from tests.kernel.load import switched_under_load

pytestmark = pytest.mark.kernel

KIND = "i386-smp"
OLDEST = 0
CPU = 16
DEBUGGER = ("-gdb", "unix:gdb,server=on,wait=off")


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("smp") / "kernel"
    instrument(kernel_image(KIND), output)
    return output


@pytest.fixture(scope="module")
def pair(kernel: Path) -> Iterator[Guest]:
    """A guest with two processors; the workload server runs on the second."""
    guest = boot(kernel, "pair", cpus=2, options=DEBUGGER)
    yield guest
    stop(guest.name)


@pytest.fixture
def clients(pair: Guest) -> Iterator[Clients]:
    with connected(pair) as clients:
        clients.workload.workload_memory(1, 1)
        clients.restart()
        yield clients


def samples(clients: Clients, cpu: int) -> list[PerfSample]:
    read = clients.privileged.perf_read_samples(cpu, OLDEST, 32768)
    assert read.lost == 0
    return list(read.samples)


def test_each_processor_records_what_happens_on_it(clients: Clients):
    clients.workload.workload_memory(50, 2)
    clients.privileged.perf_monitor_enable(False)
    first, second = samples(clients, 0), samples(clients, 1)
    assert {s.cpu for s in first} == {0}
    assert {s.cpu for s in second} == {1}
    assert [s.event for s in second].count(Event.VM_ALLOC) == 50
    assert [s.event for s in first].count(Event.VM_ALLOC) == 0
    for recorded in (first, second):
        assert all(a.timestamp <= b.timestamp for a, b in pairwise(recorded))
        switches = [s for s in recorded if s.event == Event.CONTEXT_SWITCH]
        assert all(b.data1 == a.data2 for a, b in pairwise(switches))


def test_nothing_is_lost_or_counted_twice_between_processors(clients: Clients):
    clients.workload.workload_threads(40)
    clients.workload.workload_messages(200)
    clients.privileged.perf_monitor_enable(False)
    accounts = [clients.host.perf_get_info(CPU + cpu) for cpu in range(2)]
    for cpu, (events, written, overwritten, limited, refused, readable, *_) in enumerate(accounts):
        assert events > 0
        assert events == written + limited + refused
        assert written == readable + overwritten
        assert len(samples(clients, cpu)) == readable
    assert sum(clients.counts(list(range(12)))) == sum(account[0] for account in accounts)


def test_a_message_between_processors_is_sent_on_one_and_received_on_the_other(clients: Clients):
    clients.workload.workload_messages(1)
    clients.privileged.perf_monitor_enable(False)
    request = [s for cpu in range(2) for s in samples(clients, cpu) if s.data1 == 4900]
    assert [(s.event, s.cpu) for s in request] == [(Event.IPC_SEND, 0), (Event.IPC_RECEIVE, 1)]
    assert request[0].thread != request[1].thread


def test_disabled_text_is_that_of_the_image_on_all_processors(
    clients: Clients, pair: Guest, kernel: Path, tmp_path: Path
):
    memory = Memory(KernelImage(kernel), pair, tmp_path)
    assert memory.changed_text()
    clients.privileged.perf_monitor_enable(False)
    assert memory.changed_text() == set()
    assert memory.traps_are_stock()


def test_switching_under_load_leaves_the_guest_alive_and_its_counts_consistent(
    pair: Guest, request: pytest.FixtureRequest
):
    switched_under_load(pair, request.config.getoption("--switches", 20), cpus=2)


def test_a_processor_that_does_not_come_fails_the_enable_and_nothing_changes(
    clients: Clients, pair: Guest, kernel: Path, tmp_path: Path
):
    image = KernelImage(kernel)
    memory = Memory(image, pair, tmp_path)
    clients.privileged.perf_monitor_enable(False)
    # A third processor that the kernel takes for running, but that is not there.
    slot = image.symbols["machine_slot"] + 2 * image.structure_size("machine_slot", "cpu_up")
    running = slot + image.member_offset("machine_slot", "running", "cpu_up")
    write_word(pair, image.symbols["smp_info"], 3)
    write_word(pair, running, 1)
    clients.privileged.timeout = 60
    with pytest.raises(KernFailure):
        clients.privileged.perf_monitor_enable(True)
    assert memory.changed_text() == set()
    assert memory.traps_are_stock()
    write_word(pair, running, 0)
    write_word(pair, image.symbols["smp_info"], 2)
    clients.privileged.perf_monitor_enable(True)
    assert clients.workload.workload_messages(3) == 3


def test_four_processors_record(kernel: Path):
    guest = boot(kernel, "four", cpus=4)
    try:
        with connected(guest) as clients:
            clients.restart()
            assert clients.workload.workload_threads(10) == 10
            clients.privileged.perf_monitor_enable(False)
            assert clients.counts([Event.THREAD_CREATE, Event.THREAD_TERMINATE]) == [10, 10]
            assert all(clients.host.perf_get_info(CPU + cpu)[0] for cpu in range(4))
    finally:
        stop(guest.name)
