# SPDX-License-Identifier: GPL-2.0-or-later
"""What a host says about itself: interface, configuration and clock.

perf_get_info answers words; each type here reads its own, and ignores words that a newer host adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perfmon.clock import Clock
from perfmon.interface import Mode
from perfmon.statistics import CpuStatistics


@dataclass(frozen=True, slots=True)
class Interface:
    """What the host can do, and whether it is doing it.

    Attributes:
        version: of the interface; 1 is the only one so far.
        sample_size: bytes of a sample.
        event_max: number of event ids there can be.
        events: mask of the ids that have a name.
        hooked: mask of the events this host can record.
        timed: mask of those whose duration it measures.
        cpus: number of CPUs.
        enabled: whether it is monitoring.
    """

    version: int
    sample_size: int
    event_max: int
    events: int
    hooked: int
    timed: int
    cpus: int
    enabled: bool


@dataclass(frozen=True, slots=True)
class Configuration:
    """The configuration in force.

    Attributes:
        sample_rate: samples per second and CPU; 0: every event.
        buffer_size: samples per CPU.
        event_mask: bit n: event n is recorded.
        mode: what a full ring does.
        excluded_task: small id of the task that is left out; 0: none.
        regression_percent: threshold of the regression flag.
        latency_us, throughput, error_rate: alert thresholds; 0: off.
        generation: counts configurations and resets.
    """

    sample_rate: int
    buffer_size: int
    event_mask: int
    mode: Mode
    excluded_task: int
    regression_percent: int
    latency_us: int
    throughput: int
    error_rate: int
    generation: int


@dataclass(frozen=True, slots=True)
class HostInfo:
    """Everything that a host says about itself."""

    interface: Interface
    configuration: Configuration
    clock: Clock
    cpus: tuple[CpuStatistics, ...]


def interface_from_words(words: Sequence[int]) -> Interface:
    """Read a perf_info_interface_t; ValueError when it is too short."""
    version, sample_size, event_max, events, hooked, timed, cpus, enabled = _leading(8, words)
    return Interface(
        version, sample_size, event_max, events, hooked, timed, cpus, enabled=bool(enabled)
    )


def configuration_from_words(words: Sequence[int]) -> Configuration:
    """Read a perf_info_configuration_t; ValueError when it is too short or the mode unknown."""
    rate, size, mask, mode, *rest = _leading(10, words)
    return Configuration(rate, size, mask, Mode(mode), *rest)


def clock_from_words(words: Sequence[int]) -> Clock:
    """Read a perf_info_clock_t; ValueError when it is too short or its frequency 0."""
    frequency, now, boot, seconds, nanoseconds = _leading(5, words)
    if not frequency:
        raise ValueError("expected a clock that ticks, received 0 ticks per second")
    return Clock(frequency, now, boot, seconds * 1_000_000_000 + nanoseconds)


def cpu_from_words(cpu: int, words: Sequence[int]) -> CpuStatistics:
    """Read a perf_info_cpu_t; ValueError when it is too short."""
    return CpuStatistics(cpu, *_leading(8, words))


def _leading(count: int, words: Sequence[int]) -> Sequence[int]:
    if len(words) < count:
        raise ValueError(f"expected {count} words, received {len(words)}")
    return words[:count]
