# SPDX-License-Identifier: GPL-2.0-or-later
"""Measuring two kernels against each other: each boots in a guest of its own.

Under a clock that counts instructions nothing outside the guest shows in a figure, so that one
kernel is measured after the other.  Under a clock that tells time both run at once, and their
passes are interleaved.  A boot has an influence of its own, as large as what is looked for, that
all its runs share; so a boot of each is one run, and as many boots as runs are compared.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from random import sample
from typing import Final

from perfmon.host import Host, connect
from perfmon.kernel import boot
from perfmon.kernel.prepared import prepare
from perfmon.regressions.measure import Progress, Subject, measure_interleaved
from perfmon.regressions.measurement import Measurement
from perfmon.workloads import Work


class Clock(StrEnum):
    """What a guest's clock counts."""

    INSTRUCTIONS = "instructions"
    TIME = "time"


QEMU_OPTIONS: Final = {
    Clock.INSTRUCTIONS: ("-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01,clock=vm"),
    Clock.TIME: (),
}
DEFAULT_RUNS: Final = {Clock.INSTRUCTIONS: 5, Clock.TIME: 20}
DEFAULT_PASSES: Final = {Clock.INSTRUCTIONS: 1, Clock.TIME: 16}
DEFAULT_WORKLOADS: Final = {
    Clock.INSTRUCTIONS: "messages:50,requests:50,memory:30:4,tasks:10,threads:10",
    Clock.TIME: "messages:100,requests:100,memory:50:4,tasks:5,threads:5",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """How to measure.

    Attributes:
        work: what a pass does.
        clock: what the guests' clocks count.
        runs: of each kernel.
        passes: of each run.
        boots: of each kernel, among which its runs are divided where instructions are counted.
        memory: MiB of each guest.
        timeout: seconds that a boot, or a call to a guest, may take.
    """

    work: tuple[Work, ...]
    clock: Clock
    runs: int
    passes: int
    boots: int
    memory: int = 256
    timeout: float = 120.0


def measure_kernels(
    kernels: Sequence[Path],
    labels: Sequence[str],
    plan: Plan,
    progress: Progress | None = None,
) -> list[Measurement]:
    """Boot the kernels, instrumented if need be, and measure them.

    Raises:
        KernelError: an image cannot be instrumented or booted.
        MachError, WorkloadError: a guest failed.
    """
    with tempfile.TemporaryDirectory(prefix="perfmon-") as directory:
        images = [
            prepare(kernel, Path(directory) / f"kernel{at}") for at, kernel in enumerate(kernels)
        ]
        if plan.clock is Clock.INSTRUCTIONS:
            return _one_after_the_other(images, labels, plan, progress)
        return _interleaved(images, labels, plan, progress)


def _one_after_the_other(
    images: Sequence[Path], labels: Sequence[str], plan: Plan, progress: Progress | None
) -> list[Measurement]:
    found = []
    wanted = plan.runs * len(images)
    for at, (image, label) in enumerate(zip(images, labels, strict=True)):
        parts: list[Measurement] = []
        for runs in _shares(plan):
            with _guest(image, at, plan) as host:
                done = plan.runs * at + sum(len(part.runs) for part in parts)
                shown = _moved(progress, done, wanted)
                parts += measure_interleaved(
                    [Subject(label, host)], plan.work, runs, plan.passes, shown
                )
        found.append(_joined(parts))
    return found


def _interleaved(
    images: Sequence[Path], labels: Sequence[str], plan: Plan, progress: Progress | None
) -> list[Measurement]:
    boots: list[list[Measurement]] = []
    for done in range(plan.runs):
        with ExitStack() as stack:
            subjects = {
                at: Subject(labels[at], stack.enter_context(_guest(images[at], at, plan)))
                for at in sample(range(len(images)), len(images))
            }
            in_order = [subjects[at] for at in range(len(images))]
            boots.append(measure_interleaved(in_order, plan.work, 1, plan.passes))
        if progress:
            progress(done + 1, plan.runs)
    return [_joined(parts) for parts in zip(*boots, strict=True)]


def _shares(plan: Plan) -> list[int]:
    """Runs of each boot."""
    boots = min(plan.boots, plan.runs)
    least, more = divmod(plan.runs, boots)
    return [least + 1] * more + [least] * (boots - more)


def _joined(parts: Sequence[Measurement]) -> Measurement:
    return replace(parts[0], runs=tuple(run for part in parts for run in part.runs))


def _moved(progress: Progress | None, before: int, wanted: int) -> Progress | None:
    if progress is None:
        return None
    return lambda done, _: progress(before + done, wanted)


@contextmanager
def _guest(image: Path, at: int, plan: Plan) -> Iterator[Host]:
    """Of this process, so that two comparisons may run at once."""
    name = f"compare-{os.getpid()}-{at}"
    guest = boot.boot(
        image, name, memory=plan.memory, timeout=plan.timeout, options=QEMU_OPTIONS[plan.clock]
    )
    try:
        with connect(guest.address, timeout=plan.timeout) as host:
            yield host
    finally:
        boot.stop(name)
