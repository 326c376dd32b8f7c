# SPDX-License-Identifier: GPL-2.0-or-later
"""Recording from boot: perf=... on the kernel's command line."""

import contextlib
from collections.abc import Iterator

import pytest

import perfmon
from perfmon import Event, Mode, NameKind
from perfmon.cli import main
from perfmon.kernel.boot import Guest, boot, find, stop
from perfmon.kernel.instrument import InstrumentReport

pytestmark = pytest.mark.kernel


@contextlib.contextmanager
def booted(report: InstrumentReport, options: str) -> Iterator[Guest]:
    guest = boot(report.output, "early", command_line=f"perf={options}")
    try:
        yield guest
    finally:
        stop(guest.name)


def test_a_systems_start_is_recorded_from_its_first_thread_on(report: InstrumentReport) -> None:
    options = "perf=rate:0,buffer:32768,mode:stop"
    arguments = ["kernel", "boot", "early", "--kernel", str(report.output)]
    assert main([*arguments, "--perf", options.removeprefix("perf=")]) == 0
    try:
        with perfmon.connect("qemu:early") as host:
            now = host.configuration()
            host.disable()
            samples = [sample for batch in host.samples() for sample in batch]
            names = {name.id: name.name for name in host.names(NameKind.TASKS)}
            clock = host.clock()
        assert "ignored" not in find("early").console.read_text(errors="replace")
    finally:
        stop("early")
    assert (now.sample_rate, now.buffer_size, now.mode) == (0, 32768, Mode.STOP)
    assert now.event_mask == 0xFFF
    kinds = {sample.event for sample in samples}
    # Threads of the kernel, the boot task, its first system call: all before there was a relay.
    assert kinds >= {Event.THREAD_CREATE, Event.TASK_CREATE, Event.CONTEXT_SWITCH, Event.SYSCALL}
    first_call = next(s for s in samples if s.event == Event.SYSCALL)
    created = [s for s in samples if s.event == Event.THREAD_CREATE]
    assert len(created) >= 5
    assert created[0].timestamp < first_call.timestamp
    assert samples[0].thread == 0  # there was none yet
    assert "relay" in {name.strip("()") for name in names.values()}
    # The clock was measured later than it was read.
    assert 1e8 < clock.ticks_per_second < 1e10


def test_options_are_those_of_the_command_line_and_others_are_named(
    report: InstrumentReport,
) -> None:
    wanted = "events:IPC_SEND+PAGE_FAULT+NOTHING,rate:7,buffer:2048,mode:never,colour:red"
    with booted(report, wanted) as guest, perfmon.connect(guest.address) as host:
        now = host.configuration()
        assert now.event_mask == 1 << Event.IPC_SEND | 1 << Event.PAGE_FAULT
        assert (now.sample_rate, now.buffer_size, now.mode) == (1000, 2048, Mode.OVERWRITE)
        assert host.interface().enabled
        assert host.stats("PAGE_FAULT").count > 0
        console = guest.console.read_text(errors="replace")
    for item in ("NOTHING is no event", "rate:7 is not 0 or 100-5000", "mode:never is not on",
                 "colour:red is not on"):  # fmt: skip
        assert f"perf=: {item}" in console
