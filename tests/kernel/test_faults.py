# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kernel may meet though nothing is wrong with the monitor: no memory, a clock set back."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import perfmon
from mig.rpc.errors import KernNoSpace
from mig.rpc.port import Port
from perfmon import Event, Flag, Host, Start
from perfmon.errors import KernResourceShortage
from perfmon.kernel import toolchain
from perfmon.kernel.boot import Guest, boot, open_guest, stop
from perfmon.kernel.image import KernelImage
from perfmon.kernel.instrument import InstrumentReport, instrument
from perfmon.recording.recorder import record
from perfmon.recording.trace import open_trace
from tests.kernel.injection import DEBUGGER, write_word
from tests.perfmon.recording.recording_contract import babeltrace

pytestmark = pytest.mark.kernel

LARGEST = 32768
RING = LARGEST * 32
CHUNK = 1 << 28
BEHIND = "db_last_line"
SET_BACK = 2_000_000_000
"""Ticks: more than pass while a call is in progress."""
LIMITER_SEES = 1 << 32
"""Ticks for which the rate limit may take a clock that was set back for one that is early."""


@pytest.fixture
def starved(
    report: InstrumentReport, mach_client: Callable[[str], Any]
) -> Iterator[tuple[Host, Callable[[], None], Callable[[], None]]]:
    """A host whose kernel's address space a task takes, and gives back."""
    mach_host, mach = mach_client("mach_host"), mach_client("mach")
    guest = boot(report.output, "starved")
    try:
        with open_guest(guest.name) as transport, perfmon.connect(guest.address) as host:
            privileged = mach_host(Port.offered(transport, "host-priv"), timeout=20)
            control = privileged.host_processor_set_priv(privileged.processor_set_default())
            tasks = mach_host(Port(transport, control), timeout=20).processor_set_tasks()
            maps = [mach(Port(transport, task), timeout=20) for task in tasks]
            # The kernel's own memory lies above that of every other task.
            kernel = max(maps, key=lambda each: int(each.vm_region(0).address))
            taken: list[tuple[int, int]] = []

            def take() -> None:
                size = CHUNK
                while size >= RING:
                    try:
                        taken.append((kernel.vm_allocate(0, size, True), size))
                    except KernNoSpace:
                        size //= 2

            def give_back() -> None:
                while taken:
                    kernel.vm_deallocate(*taken.pop())

            yield host, take, give_back
    finally:
        stop(guest.name)


def works(host: Host) -> bool:
    """Whether all is counted and sampled."""
    host.reset()
    host.enable()
    host.workload.workload_memory(100, 1)
    host.disable()
    allocated = [s for batch in host.samples() for s in batch if s.event == Event.VM_ALLOC]
    return host.stats(Event.VM_ALLOC).count == len(allocated) == 100


def test_a_configuration_without_memory_for_it_changes_nothing(
    starved: tuple[Host, Callable[[], None], Callable[[], None]],
) -> None:
    host, take, give_back = starved
    host.configure(sample_rate=0, buffer_size=8192)
    before = host.configuration()
    take()
    with pytest.raises(KernResourceShortage, match="perf_monitor_configure"):
        host.configure(sample_rate=1000, buffer_size=LARGEST)
    assert host.configuration() == before
    assert works(host)
    give_back()
    host.configure(sample_rate=0, buffer_size=LARGEST)
    assert host.configuration().buffer_size == LARGEST
    assert works(host)


def test_monitoring_that_finds_no_memory_can_be_enabled_when_there_is_some(
    starved: tuple[Host, Callable[[], None], Callable[[], None]],
) -> None:
    host, take, give_back = starved
    take()
    # For as long as nobody has enabled it, there is not even the usual ring.
    with pytest.raises(KernResourceShortage, match="perf_monitor_configure"):
        host.configure(buffer_size=LARGEST)
    assert not host.interface().enabled
    give_back()
    host.configure(sample_rate=0)
    assert works(host)


@pytest.fixture(scope="module")
def clockwork(
    stock_kernel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Guest, Callable[[int], None]]]:
    """A guest, and how to set its clock so many ticks behind the processor's."""
    kernel = tmp_path_factory.mktemp("clock") / "kernel"
    compile_ = toolchain.Build.compile
    with pytest.MonkeyPatch.context() as patch:
        header = Path(__file__).with_name("set_back.h")
        patch.setattr(
            toolchain.Build,
            "compile",
            lambda *args: compile_(*args, "-include", str(header), "-Wno-unused-function"),
        )
        instrument(stock_kernel, kernel)
    address = KernelImage(stock_kernel).symbols[BEHIND]
    guest = boot(kernel, "clockwork", options=DEBUGGER)

    def behind(ticks: int) -> None:
        for place in (0, 4):
            write_word(guest, address + place, ticks >> 8 * place & 0xFFFFFFFF)

    try:
        yield guest, behind
    finally:
        stop(guest.name)


@pytest.fixture
def set_back(clockwork: tuple[Guest, Callable[[int], None]]) -> Iterator[Callable[[int], None]]:
    """Sets back the clock by so many ticks; it is not when the test begins."""
    _, behind = clockwork
    behind(0)
    yield behind
    behind(0)


@pytest.fixture
def host(
    clockwork: tuple[Guest, Callable[[int], None]], set_back: Callable[[int], None]
) -> Iterator[Host]:
    del set_back  # the clock is right when monitoring is enabled
    with perfmon.connect(clockwork[0].address) as host:
        host.disable()
        host.configure(sample_rate=0, buffer_size=LARGEST)
        host.reset()
        host.enable()
        yield host
        host.disable()


def pass_time(host: Host, ticks: int) -> None:
    """Let so much time pass, so that monitoring was enabled before the clock that will be set."""
    end = host.clock().ticks_now + ticks
    while host.clock().ticks_now < end:
        time.sleep(0.05)


def test_a_clock_that_is_set_back_loses_no_event_and_makes_no_duration(
    host: Host, clockwork: tuple[Guest, Callable[[int], None]], set_back: Callable[[int], None]
) -> None:
    with perfmon.connect(clockwork[0].address) as other:
        sleeper = threading.Thread(target=lambda: other.workload.workload_sleep(300))
        begin = host.clock().ticks_now
        host.workload.workload_memory(100, 1)
        pass_time(host, SET_BACK)
        sleeper.start()
        time.sleep(0.1)
        set_back(SET_BACK)
        sleeper.join()
    host.workload.workload_memory(100, 1)
    end = host.clock().ticks_now + SET_BACK
    host.disable()
    for event in (Event.VM_ALLOC, Event.VM_FREE):
        assert host.stats(event).count == 200
    for cpu in host.cpus():
        assert cpu.events == cpu.written + cpu.rate_limited + cpu.refused
    samples = [sample for batch in host.samples() for sample in batch]
    assert all(sample.duration <= end - begin for sample in samples)
    # What was in progress did not take less than no time.
    clamped = [sample for sample in samples if sample.flags & Flag.SATURATED]
    assert Event.SYSCALL in {sample.event for sample in clamped}
    assert {sample.duration for sample in clamped} == {0}


def test_the_rate_limit_opens_again_long_before_a_clock_that_was_set_back_is_there(
    host: Host, set_back: Callable[[int], None]
) -> None:
    host.disable()
    host.configure(sample_rate=100)
    host.enable()
    pass_time(host, 2 * LIMITER_SEES)
    set_back(2 * LIMITER_SEES)
    begin = host.clock().ticks_now
    (before,) = (cpu.written for cpu in host.cpus())
    while host.clock().ticks_now < begin + LIMITER_SEES:
        host.workload.workload_sleep(10)
    host.workload.workload_messages(100)
    (after,) = (cpu.written for cpu in host.cpus())
    assert host.clock().ticks_now < begin + 2 * LIMITER_SEES
    assert after > before


def test_time_does_not_go_back_in_a_recording_of_a_clock_that_was_set_back(
    host: Host, set_back: Callable[[int], None], tmp_path: Path
) -> None:
    pass_time(host, SET_BACK)
    host.workload.workload_memory(100, 1)
    set_back(SET_BACK)
    host.workload.workload_memory(100, 1)
    host.disable()
    recording = record(host, tmp_path / "trace", 0.0, start=Start.OLDEST)
    lines, _ = babeltrace(tmp_path / "trace")
    assert len(lines) == recording.cpus[0].recorded
    times = [sample.timestamp for sample in open_trace(tmp_path / "trace").samples()]
    assert times == sorted(times)
