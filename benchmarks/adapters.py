# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of the benchmarks that are programs of their own, as the others give them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import guest_calls, kernel_cost, mig_speed, tool_speed
from benchmarks.figures import Figure

_CALLS = 20_000
_PAIRS = {"off": "", "default": "10 %, mixed 2 %", "every": "15 %, mixed 5 %"}


def mig() -> Iterator[Figure]:
    """A job, and all jobs of a GNU Mach build, beside GNU MIG."""
    for title, who, values in mig_speed.measure():
        yield Figure("mig beside GNU MIG", title, who, "ms", values)


def kernel() -> Iterator[Figure]:
    """Instructions of operations in a kernel: off, at the default rate, with every event."""
    from perfmon.kernel.images import kernel_image
    from perfmon.kernel.instrument import instrument
    from perfmon.kernel.kinds import DEFAULT
    from perfmon.kernel.machines import I386, machine_of

    with tempfile.TemporaryDirectory(prefix="perfmon-") as name:
        directory = Path(name)
        image = kernel_image(DEFAULT)
        machine = machine_of(image) or I386
        kernel_cost.build(machine, directory)
        report = instrument(image, directory / "kernel")
        found = list(kernel_cost.costs(kernel_cost.run(machine, directory)))
    for cost in found:
        yield Figure(
            "an operation in a kernel, exactly", cost.work, f"perfmon, {cost.mode}",
            "instructions", (cost.ticks / cost.operations,), _PAIRS.get(cost.mode, ""),
        )  # fmt: skip
    section = "memory of the monitor in a kernel"
    yield Figure(section, "code and data", "perfmon", "bytes", (float(report.file_size),), "16 KB")
    yield Figure(section, "in all, without rings", "perfmon", "bytes", (float(report.memory_size),))


def guest() -> Iterator[Figure]:
    """Calls to a guest's kernel, and reading its samples."""
    import perfmon
    from perfmon.kernel.boot import boot, stop
    from perfmon.kernel.images import kernel_image
    from perfmon.kernel.instrument import instrument
    from perfmon.kernel.kinds import DEFAULT

    with tempfile.TemporaryDirectory(prefix="perfmon-") as name:
        image = Path(name) / "kernel"
        instrument(kernel_image(DEFAULT), image)
        guest = boot(image, "bench")
        try:
            with perfmon.connect(guest.address) as host:
                median, late = guest_calls.calls(host, _CALLS)
                section = "from Python to a guest's kernel"
                yield Figure(section, "a call", "perfmon", "us", (median,), "10 us")
                yield Figure(section, "a call, p99", "perfmon", "us", (late,))
                rate = guest_calls.reading(host)
                yield Figure(section, "reading", "perfmon", "samples/s", (rate,), "500,000")
        finally:
            stop(guest.name)


def tool() -> Iterator[Figure]:
    """The command line, calls, samples, recordings and exports."""
    for part in (
        tool_speed.start,
        tool_speed.calls,
        tool_speed.samples,
        lambda: tool_speed.reports(10_000_000),
    ):
        for figure in part():
            if figure.unit == "MB":
                continue  # getrusage begins with the memory of this process: see growth
            bound = "at most" if figure.at_most else "at least"
            target = f"{bound} {figure.target:g}" if figure.target else ""
            yield Figure("the tool", figure.name, "perfmon", figure.unit, (figure.value,), target)
