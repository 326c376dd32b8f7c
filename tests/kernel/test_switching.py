# SPDX-License-Identifier: GPL-2.0-or-later
"""Enabling changes exactly the hooked calls; disabling leaves the stock kernel's bytes."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from perfmon import Event
from perfmon.kernel import paths
from perfmon.kernel.boot import Guest
from perfmon.kernel.detours import detour
from perfmon.kernel.hooks import hooks_of, parse_hooks, redirected
from perfmon.kernel.image import KernelImage, Section
from perfmon.kernel.instrument import WAYS_OUT, InstrumentReport
from perfmon.kernel.sites import call_sites
from tests.kernel.clients import Clients, connected
from tests.kernel.qmp import physical_memory

pytestmark = pytest.mark.kernel


@pytest.fixture
def clients(guest: Guest) -> Iterator[Clients]:
    with connected(guest) as clients:
        clients.restart()
        yield clients


class Memory:
    """The kernel's text and trap table, as the image has them and as the guest has them."""

    def __init__(self, image: KernelImage, guest: Guest, directory: Path) -> None:
        self._image = image
        self._guest = guest
        self._directory = directory
        self._base = image.segments[-1].address - image.segments[-1].physical

    @property
    def text(self) -> Section:
        return next(s for s in self._image.sections if s.name == ".text")

    def changed_text(self) -> set[int]:
        """Addresses of bytes of text that are not those of the image that was booted.

        Left out are the segment descriptors, which lie in the text and which every kernel fills
        in when it boots.
        """
        now = self._read(self.text.address, len(self.text.data))
        different = (
            self.text.address + at
            for at, (a, b) in enumerate(zip(self.text.data, now, strict=True))
            if a != b
        )
        return {
            address
            for address in different
            if not self._image.label_at(address).name.startswith(("boot_gdt", "boot_percpu"))
        }

    def traps_are_stock(self) -> bool:
        table = self._image.symbols["mach_trap_table"]
        size = self._image.sizes["mach_trap_table"]
        return self._read(table, size) == self._image.read(table, size)

    def _read(self, address: int, size: int) -> bytes:
        return physical_memory(self._guest, address - self._base, size, self._directory)


@pytest.fixture
def memory(report: InstrumentReport, guest: Guest, tmp_path: Path) -> Memory:
    return Memory(KernelImage(report.output), guest, tmp_path)


def test_disabled_text_and_trap_table_are_those_of_the_image(clients: Clients, memory: Memory):
    for _ in range(3):
        clients.privileged.perf_monitor_enable(True)
        clients.privileged.perf_monitor_enable(False)
        assert memory.changed_text() == set()
        assert memory.traps_are_stock()


def test_enabled_text_differs_in_the_hooked_calls_and_the_way_to_user_mode_alone(
    clients: Clients, memory: Memory, stock_kernel: Path
):
    image = KernelImage(stock_kernel)
    listed = parse_hooks((paths.sources() / "csrc" / "gnumach" / "hooks.list").read_text())
    hooks = hooks_of(image, listed)
    calls = redirected(image, call_sites(image, [hook.function for hook in hooks]), hooks)
    displacements = [range(call.operand, call.operand + 4) for call in calls]
    changed = memory.changed_text()
    assert all(changed.intersection(displacement) for displacement in displacements)
    for label in WAYS_OUT[image.machine.name]:
        leave = detour(image, label)
        assert leave.address in changed
        displacements.append(range(leave.address, leave.address + len(leave.overwritten)))
    assert changed <= {address for displacement in displacements for address in displacement}
    assert not memory.traps_are_stock()
    clients.privileged.perf_monitor_enable(False)
    assert memory.changed_text() == set()


def test_enabling_and_disabling_under_load_leaves_counts_consistent(guest: Guest):
    with connected(guest) as control, connected(guest) as worker:
        control.restart()
        done = threading.Event()
        operations = 0

        def work() -> None:
            nonlocal operations
            while not done.is_set():
                operations += worker.workload.workload_memory(20, 2)
                operations += worker.workload.workload_messages(5)

        thread = threading.Thread(target=work)
        thread.start()
        for _ in range(20):
            control.privileged.perf_monitor_enable(False)
            control.privileged.perf_monitor_enable(True)
        done.set()
        thread.join()
        allocated, freed = control.counts([Event.VM_ALLOC, Event.VM_FREE])
        assert operations > 0
        assert abs(allocated - freed) <= 2 * 20
        control.privileged.perf_monitor_enable(False)
        account = control.host.perf_get_info(16)
        events, written, overwritten, limited, refused, readable = account[:6]
        assert events == written + limited + refused
        assert written == readable + overwritten


def test_enabling_twice_is_enabling_once(clients: Clients):
    before = clients.host.perf_get_event_stats(Event.SYSCALL).count
    clients.privileged.perf_monitor_enable(True)
    clients.privileged.perf_monitor_enable(True)
    assert clients.host.perf_get_event_stats(Event.SYSCALL).count > before
