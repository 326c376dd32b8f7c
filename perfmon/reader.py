# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading the samples of all CPUs of a host, on and on, with an exact account of what was lost.

A reader remembers a cursor per CPU and nothing else; two readers of one host do not meet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final, Protocol

from perfmon.info import Interface
from perfmon.interface import CURSOR_SEQUENCE_BITS
from perfmon.samples import Samples
from perfmon.statistics import CpuStatistics

BATCH: Final = 4096


class Start(Enum):
    """Where a reader begins."""

    OLDEST = "oldest"
    """With the oldest samples that are readable now."""
    NOW = "now"
    """With the first sample recorded from now on."""


class SampleSource(Protocol):
    """What a reader needs of a host."""

    def interface(self) -> Interface:
        """What the host can do."""

    def cpu(self, cpu: int, /) -> CpuStatistics:
        """The account of one CPU's ring."""

    def read_samples(self, cpu: int, cursor: int, max_samples: int, /) -> Samples:
        """A batch of one CPU's samples."""


class SampleReader:
    """Reads samples from a cursor per CPU.

    Attributes:
        cursors: where each CPU goes on; pass it as `start` to resume.
        received: samples read, per CPU.
        lost: samples lost to this reader, per CPU.
    """

    def __init__(
        self, source: SampleSource, start: Start | Mapping[int, int] = Start.OLDEST
    ) -> None:
        self._source = source
        if isinstance(start, Start):
            accounts = [source.cpu(cpu) for cpu in range(source.interface().cpus)]
            self.cursors = {
                account.cpu: account.oldest if start is Start.OLDEST else account.newest
                for account in accounts
            }
        else:
            self.cursors = dict(start)
        self.received = dict.fromkeys(self.cursors, 0)
        self.lost = dict.fromkeys(self.cursors, 0)

    def read(self) -> Iterator[Samples]:
        """Batches of what there is now, CPU by CPU; each holds samples or reports a loss.

        Samples that are recorded while it reads wait for the next call, so it ends on a busy host.
        """
        for cpu in self.cursors:
            yield from self._read_cpu(cpu)

    def _read_cpu(self, cpu: int) -> Iterator[Samples]:
        until = self._source.cpu(cpu).newest
        while not _reached(self.cursors[cpu], until):
            batch = self._source.read_samples(cpu, self.cursors[cpu], BATCH)
            self.cursors[cpu] = batch.next
            self.received[cpu] += len(batch)
            self.lost[cpu] += batch.lost
            if not batch:
                if batch.lost:
                    yield batch
                return
            yield batch


def _reached(cursor: int, until: int) -> bool:
    same_generation = cursor >> CURSOR_SEQUENCE_BITS == until >> CURSOR_SEQUENCE_BITS
    return same_generation and cursor >= until
