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
        unsampled: events since the reader began that left no sample, per CPU, because of the rate
            limit or a full ring; as of the last read.
    """

    def __init__(
        self, source: SampleSource, start: Start | Mapping[int, int] = Start.OLDEST
    ) -> None:
        self._source = source
        cpus = start if isinstance(start, Mapping) else range(source.interface().cpus)
        self._accounts = {cpu: source.cpu(cpu) for cpu in cpus}
        self.cursors = (
            dict(start)
            if isinstance(start, Mapping)
            else {cpu: _first(start, account) for cpu, account in self._accounts.items()}
        )
        self.received = dict.fromkeys(cpus, 0)
        self.lost = dict.fromkeys(cpus, 0)
        self.unsampled = dict.fromkeys(cpus, 0)

    def missing(self, cpu: int) -> int:
        """Events of one CPU, since the reader began, of which it has no sample."""
        return self.lost[cpu] + self.unsampled[cpu]

    def read(self) -> Iterator[Samples]:
        """Batches of what there is now, CPU by CPU; each holds samples or reports a loss.

        Samples that are recorded while it reads wait for the next call, so it ends on a busy host.
        """
        for cpu in self.cursors:
            yield from self._read_cpu(cpu)

    def _read_cpu(self, cpu: int) -> Iterator[Samples]:
        until = self._account(cpu).newest
        while not _reached(self.cursors[cpu], until):
            batch = self._source.read_samples(cpu, self.cursors[cpu], BATCH)
            self.cursors[cpu] = batch.next
            self.received[cpu] += len(batch)
            self.lost[cpu] += batch.lost
            if batch or batch.lost:
                yield batch
            if not batch:
                return
            if _generation(batch.next) != _generation(until):
                until = self._account(cpu).newest

    def _account(self, cpu: int) -> CpuStatistics:
        before, now = self._accounts[cpu], self._source.cpu(cpu)
        self._accounts[cpu] = now
        unsampled = now.rate_limited + now.refused
        if _generation(before.newest) == _generation(now.newest):
            unsampled -= before.rate_limited + before.refused
        self.unsampled[cpu] += unsampled
        return now


def _first(start: Start, account: CpuStatistics) -> int:
    return account.oldest if start is Start.OLDEST else account.newest


def _generation(cursor: int) -> int:
    return cursor >> CURSOR_SEQUENCE_BITS


def _reached(cursor: int, until: int) -> bool:
    return _generation(cursor) == _generation(until) and cursor >= until
