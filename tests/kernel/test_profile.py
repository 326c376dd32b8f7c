# SPDX-License-Identifier: GPL-2.0-or-later
"""PROFILE on a real kernel, and what the command profile makes of it."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import perfmon
from perfmon import Event, Host
from perfmon.analysis.profile import Hit
from perfmon.analysis.symbols import SymbolTable
from perfmon.cli import main
from perfmon.kernel.boot import Guest
from perfmon.kernel.image import KernelImage
from perfmon.kernel.symbols import MONITOR, kernel_functions

pytestmark = pytest.mark.kernel

TICKS_PER_SECOND = 100


@pytest.fixture
def host(guest: Guest) -> Iterator[Host]:
    with perfmon.connect(guest.address) as host:
        host.disable()
        host.reset()
        yield host
        host.disable()
        host.set_events(range(12))


def work(host: Host) -> int:
    """So much that some hundred ticks hit it; one thread does it, in the kernel for the most."""
    return host.workload.workload_memory(3000, 64)


def test_every_clock_tick_is_a_sample_of_what_it_hit(host: Host, guest: Guest) -> None:
    host.set_events([Event.PROFILE])
    host.enable()
    begin = host.clock()
    work(host)
    host.disable()
    end = host.clock()
    samples = [sample for batch in host.samples() for sample in batch]
    ticks = end.ns(end.ticks_now - begin.ticks_now) / 1e9 * TICKS_PER_SECOND
    assert {sample.event for sample in samples} == {Event.PROFILE}
    assert len(samples) == host.stats(Event.PROFILE).count
    # QEMU makes up for ticks that it was late with, not for all.
    assert 0.3 * ticks < len(samples) < 2 * ticks + 5

    kernel = KernelImage(guest.kernel)
    hits = [Hit.of(sample.data1, sample.data2) for sample in samples]
    low, high = kernel.symbols["_start"], max(segment.end for segment in kernel.segments)
    assert all(low <= hit.pc < high for hit in hits if not hit.user and hit.pc)
    assert all(0 < hit.pc < low for hit in hits if hit.user)
    table = SymbolTable(kernel_functions(guest.kernel))
    names = {hit.place(table) for hit in hits if not hit.user}
    assert names & {"memset", "vm_fault_page", "vm_fault", "pmap_enter", "t_page_fault"}


def test_it_is_not_among_the_default_events(host: Host) -> None:
    assert host.interface().hooked >> Event.PROFILE & 1
    assert not host.configuration().event_mask >> Event.PROFILE & 1


def test_the_functions_of_an_image_are_those_of_the_kernel_and_what_was_added(
    guest: Guest,
) -> None:
    image = KernelImage(guest.kernel)
    table = SymbolTable(kernel_functions(guest.kernel))
    place = table.find(image.symbols["vm_fault"] + 1)
    assert place == ("vm_fault", 1)
    added = table.find(image.segments[-1].address)
    assert added is not None and added.function == MONITOR


def test_the_command_shows_where_the_time_went_and_leaves_all_as_it_was(
    host: Host, guest: Guest, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    busy = threading.Thread(target=work, args=(host,))
    busy.start()
    folded = tmp_path / "folded"
    try:
        arguments = ["-H", guest.address, "profile", "-d", "1", "--folded", str(folded), "--json"]
        assert main(arguments) == 0
    finally:
        busy.join()
    found = json.loads(capsys.readouterr().out)
    assert found["samples"] == sum(stack["samples"] for stack in found["stacks"]) > 10
    assert any(stack["task"].startswith("relay") for stack in found["stacks"])
    lines = folded.read_text().splitlines()
    assert sum(int(line.rsplit(" ", 1)[1]) for line in lines) == found["samples"]
    assert not host.interface().enabled
    assert host.configuration().event_mask == 0xFFF
