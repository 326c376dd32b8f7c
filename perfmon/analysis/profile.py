# SPDX-License-Identifier: GPL-2.0-or-later
"""A profile: where the clock interrupt hit, counted.

Each PROFILE sample is one tick of the clock, so counts are proportional to time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from perfmon.analysis.symbols import SymbolTable
from perfmon.events import Event
from perfmon.samples import Sample

IN_INTERRUPT: Final = "[interrupt]"
"""The clock interrupted another interrupt: where is not known."""
UNKNOWN: Final = "[unknown]"


class Hit(NamedTuple):
    """What a PROFILE sample says.

    Attributes:
        pc: the program counter; 0: in another interrupt.
        user: it is an address of the task; else of the kernel.
    """

    pc: int
    user: bool

    @classmethod
    def of(cls, data1: int, data2: int) -> Hit:
        """Read the data words of a sample, as perf_monitor.h describes them."""
        high = data2 >> 1
        if high >> 30:  # bit 62, which bit 63 repeats
            high |= 1 << 31
        return cls(high << 32 | data1, bool(data2 & 1))

    def place(self, symbols: SymbolTable | None) -> str:
        """The name of the place: a function of the kernel, or an address in user mode."""
        if self.user or symbols is None:
            return f"{self.pc:#x}"
        if self.pc == 0:
            return IN_INTERRUPT
        found = symbols.find(self.pc)
        return found.function if found else UNKNOWN


class Stack(NamedTuple):
    """As much of a stack as a sample knows."""

    task: str
    thread: str
    mode: str
    place: str


@dataclass(slots=True)
class Profile:
    """Samples, counted.

    Attributes:
        stacks: how often each was hit.
        lost: samples that were overwritten before they were read.
        unsampled: ticks that left no sample, rate-limited or refused.
    """

    stacks: Counter[Stack] = field(default_factory=Counter)
    lost: int = 0
    unsampled: int = 0

    @property
    def samples(self) -> int:
        """How many there are."""
        return self.stacks.total()

    def by(self, *fields: str) -> list[tuple[tuple[str, ...], int]]:
        """Counts by some fields of a stack, the largest first."""
        counts: Counter[tuple[str, ...]] = Counter()
        for stack, count in self.stacks.items():
            counts[tuple(getattr(stack, name) for name in fields)] += count
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))

    def folded(self) -> Iterator[str]:
        """One line a stack with its count, as flame graphs take them."""
        return (f"{';'.join(stack)} {count}" for stack, count in sorted(self.stacks.items()))


def stacks(
    samples: Iterable[Sample],
    symbols: SymbolTable | None = None,
    *,
    tasks: Mapping[int, str],
    threads: Mapping[int, str],
) -> Iterator[Stack]:
    """The stacks of PROFILE samples; samples of other events are left out.

    Args:
        samples: in any order.
        symbols: the kernel's; None leaves addresses.
        tasks: names by id.
        threads: names by id.
    """
    for sample in samples:
        if sample.event == Event.PROFILE:
            hit = Hit.of(sample.data1, sample.data2)
            yield Stack(
                _named("task", sample.task, tasks),
                _named("thread", sample.thread, threads),
                "user" if hit.user else "kernel",
                hit.place(symbols),
            )


def _named(kind: str, number: int, names: Mapping[int, str]) -> str:
    name = names.get(number, "").replace(";", ",")
    return f"{name} ({number})" if name else f"{kind} {number}"
