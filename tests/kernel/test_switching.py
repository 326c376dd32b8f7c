# SPDX-License-Identifier: GPL-2.0-or-later
"""Enabling changes exactly the hooked calls; disabling leaves the stock kernel's bytes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from perfmon import Event
from perfmon.kernel import paths
from perfmon.kernel.boot import Guest
from perfmon.kernel.detours import detour
from perfmon.kernel.hooks import hooks_of, parse_hooks, redirected
from perfmon.kernel.image import KernelImage
from perfmon.kernel.instrument import InstrumentReport
from perfmon.kernel.plan import WAYS_OUT
from perfmon.kernel.sites import call_sites
from tests.kernel.clients import Clients, connected
from tests.kernel.kernel_text import Memory
from tests.kernel.load import switched_under_load

pytestmark = pytest.mark.kernel


@pytest.fixture
def clients(guest: Guest) -> Iterator[Clients]:
    with connected(guest) as clients:
        clients.restart()
        yield clients


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


def test_enabling_and_disabling_under_load_leaves_counts_consistent(
    guest: Guest, request: pytest.FixtureRequest
):
    switched_under_load(guest, request.config.getoption("--switches", 20))


def test_enabling_twice_is_enabling_once(clients: Clients):
    before = clients.host.perf_get_event_stats(Event.SYSCALL).count
    clients.privileged.perf_monitor_enable(True)
    clients.privileged.perf_monitor_enable(True)
    assert clients.host.perf_get_event_stats(Event.SYSCALL).count > before
