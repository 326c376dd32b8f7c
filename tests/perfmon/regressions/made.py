# SPDX-License-Identifier: GPL-2.0-or-later
"""Measurements made up by tests: figures with a known shift in them."""

from collections.abc import Callable
from random import Random

from perfmon.regressions.measurement import Cost, Environment, EventRun, Measurement, Run
from perfmon.statistics import Bucket

NAMES = {2: "VM_ALLOC", 3: "VM_FREE", 8: "CONTEXT_SWITCH"}
ENVIRONMENT = Environment(
    host="embedded:",
    cpu="a processor",
    machine="x86_64",
    accelerator="native",
    clock_hz=1_000_000_000,
    cpus=1,
    interface_version=1,
    sample_rate=1000,
    buffer_size=8192,
    event_mask=0xFFF,
    mode="overwrite",
)
COUNTING = Environment(accelerator="tcg,icount", interface_version=1, event_mask=0xFFF)


def event(time_ns: float, count: int = 200) -> EventRun:
    lower = int(time_ns)
    bucket = Bucket(lower, lower + max(1, lower // 4), count)
    return EventRun(count, 0, 0, count, round(time_ns * count), time_ns, (bucket,))


def measurement(
    times: Callable[[Random], dict[int, EventRun]],
    *,
    runs: int = 20,
    seed: int = 0,
    workload: str = "memory:100:1",
    environment: Environment = ENVIRONMENT,
    label: str = "made",
) -> Measurement:
    random = Random(seed)
    made = tuple(Run(1_000_000, times(random)) for _ in range(runs))
    return Measurement(label, "2026-01-01T00:00:00+00:00", workload, environment, made, NAMES)


def noisy(
    alloc: float = 1000, free: float = 2000, noise: float = 0.02
) -> Callable[[Random], dict[int, EventRun]]:
    """Two events whose times scatter."""
    return lambda random: {
        2: event(alloc * random.lognormvariate(0, noise)),
        3: event(free * random.lognormvariate(0, noise)),
    }


def counted(*runs: dict[tuple[int, str], int], counts: dict[int, int] | None = None) -> Measurement:
    """Runs of a host that counts instructions: what a call of each kind costs."""
    made = tuple(
        Run(
            1,
            {number: event(1, each) for number, each in (counts or {}).items()},
            tuple(Cost(*kind, 50, ticks, ticks) for kind, ticks in run.items()),
        )
        for run in runs
    )
    return Measurement("counted", "", "memory:50:1", COUNTING, made, NAMES)
