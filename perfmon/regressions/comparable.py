# SPDX-License-Identifier: GPL-2.0-or-later
"""Can two measurements be compared at all?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from perfmon.errors import PerfmonError
from perfmon.regressions.measurement import Measurement

_CLOCK_TOLERANCE: Final = 0.01
"""Clocks are calibrated; two calibrations of one clock differ by far less."""


class NotComparableError(PerfmonError):
    """Two measurements differ in what they were made with, and not only in what they found."""

    def __init__(self, obstacles: tuple[str, ...]) -> None:
        super().__init__(
            "these measurements cannot be compared: "
            + "; ".join(obstacles)
            + " (--force compares them all the same)"
        )
        self.obstacles = obstacles


def obstacles(before: Measurement, after: Measurement) -> tuple[str, ...]:
    """Everything in which they differ that makes a difference; what is not known does not count."""
    return tuple(_obstacles(before, after))


def _obstacles(before: Measurement, after: Measurement) -> Iterator[str]:
    a, b = before.environment, after.environment
    if before.workload != after.workload:
        kinds = [m.workload or "windows of time" for m in (before, after)]
        yield f"the workloads differ ({kinds[0]}; {kinds[1]})"
    for what, first, second in (
        ("accelerators", a.accelerator, b.accelerator),
        ("architectures", a.machine, b.machine),
        ("numbers of CPUs", a.cpus, b.cpus),
        ("interface versions", a.interface_version, b.interface_version),
        ("modes", a.mode, b.mode),
    ):
        if first and second and first != second:
            yield f"the {what} differ ({first}, {second})"
    exact = a.counts_instructions and b.counts_instructions
    if not exact and a.cpu and b.cpu and a.cpu != b.cpu:
        yield f"the processors differ ({a.cpu}, {b.cpu})"
    clocks = sorted((a.clock_hz, b.clock_hz))
    if clocks[0] and clocks[1] - clocks[0] > _CLOCK_TOLERANCE * clocks[1]:
        yield f"the clocks differ ({a.clock_hz} Hz, {b.clock_hz} Hz)"
    if a.interface_version and b.interface_version:  # there is a configuration
        if a.sample_rate != b.sample_rate:
            yield f"the sampling rates differ ({a.sample_rate}, {b.sample_rate})"
        if a.event_mask and b.event_mask and a.event_mask != b.event_mask:
            yield f"the event masks differ ({a.event_mask:#x}, {b.event_mask:#x})"
