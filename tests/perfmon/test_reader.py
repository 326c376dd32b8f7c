# SPDX-License-Identifier: GPL-2.0-or-later
"""The reader's account, against a ring whose every step is scripted."""

import struct
from dataclasses import replace

from perfmon.info import Interface
from perfmon.interface import CURSOR_SEQUENCE_BITS
from perfmon.reader import SampleReader, Start
from perfmon.samples import Samples
from perfmon.statistics import CpuStatistics


class Ring:
    """One CPU that numbers its samples in data1; at most `size` are readable."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.generation = 1
        self.account = CpuStatistics(0, 0, 0, 0, 0, 0, 0, self.cursor(0), self.cursor(0))
        self.while_reading = 0
        self.reset_when_read = False

    def cursor(self, sequence: int) -> int:
        return self.generation << CURSOR_SEQUENCE_BITS | sequence

    def write(self, count: int, rate_limited: int = 0, refused: int = 0) -> None:
        written = self.account.written + count
        oldest = max(0, written - self.size)
        self.account = replace(
            self.account,
            events=self.account.events + count + rate_limited + refused,
            written=written,
            rate_limited=self.account.rate_limited + rate_limited,
            refused=self.account.refused + refused,
            overwritten=oldest,
            readable=written - oldest,
            oldest=self.cursor(oldest),
            newest=self.cursor(written),
        )

    def reset(self) -> None:
        self.generation += 1
        self.account = CpuStatistics(0, 0, 0, 0, 0, 0, 0, self.cursor(0), self.cursor(0))

    def interface(self) -> Interface:
        return Interface(1, 32, 64, 0xFFF, 0xFFF, 0xFFF, 1, enabled=True)

    def cpu(self, cpu: int) -> CpuStatistics:
        assert cpu == 0
        return self.account

    def read_samples(self, cpu: int, cursor: int, max_samples: int) -> Samples:
        if self.reset_when_read:
            self.reset_when_read = False
            self.reset()
        self.write(self.while_reading)
        first = max(cursor, self.account.oldest)
        if cursor >> CURSOR_SEQUENCE_BITS != self.generation:
            first = self.account.oldest
        last = min(first + max_samples, self.account.newest)
        mask = (1 << CURSOR_SEQUENCE_BITS) - 1
        records = (
            struct.pack("<QBBHIIIII", n & mask, 0, cpu, 0, 0, 0, 0, n & mask, 0)
            for n in range(first, last)
        )
        return Samples(cpu, cursor, last, max(0, first - cursor), b"".join(records))


def numbers(reader: SampleReader) -> list[int]:
    return [sample.data1 for batch in reader.read() for sample in batch]


def test_a_reader_gets_each_sample_once():
    ring = Ring(1000)
    ring.write(10)
    reader = SampleReader(ring)
    assert numbers(reader) == list(range(10))
    assert numbers(reader) == []
    ring.write(5)
    assert numbers(reader) == list(range(10, 15))
    assert (reader.received, reader.lost, reader.unsampled) == ({0: 15}, {0: 0}, {0: 0})


def test_a_reader_from_now_on_gets_only_what_comes():
    ring = Ring(1000)
    ring.write(10, rate_limited=7, refused=6)
    reader = SampleReader(ring, Start.NOW)
    ring.write(2, rate_limited=3, refused=5)
    assert numbers(reader) == [10, 11]
    assert reader.missing(0) == 8


def test_what_was_overwritten_before_it_was_read_is_counted():
    ring = Ring(16)
    reader = SampleReader(ring)
    ring.write(100)
    assert numbers(reader) == list(range(84, 100))
    assert reader.lost == {0: 84}
    assert reader.received[0] + reader.missing(0) == ring.account.events


def test_a_resumed_reader_goes_on_where_the_other_stopped():
    ring = Ring(16)
    first = SampleReader(ring)
    ring.write(10)
    assert numbers(first) == list(range(10))
    ring.write(10)
    second = SampleReader(ring, first.cursors)
    assert numbers(second) == list(range(10, 20))
    assert second.lost == {0: 0}


def test_reading_ends_on_a_host_that_records_while_it_is_read():
    ring = Ring(100_000)
    ring.write(10_000)
    ring.while_reading = 5000
    found = numbers(SampleReader(ring))
    assert found == list(range(len(found)))
    assert 10_000 <= len(found) < 30_000


def test_after_a_reset_the_account_begins_anew_and_still_adds_up():
    ring = Ring(1000)
    reader = SampleReader(ring)
    ring.write(10, rate_limited=4)
    assert len(numbers(reader)) == 10
    ring.reset()
    ring.write(3, rate_limited=2)
    assert numbers(reader) == [0, 1, 2]
    assert reader.unsampled == {0: 6}


def test_reading_ends_when_the_host_is_reset_while_it_is_read():
    ring = Ring(100_000)
    ring.write(10)
    ring.while_reading = 50
    reader = SampleReader(ring)
    ring.reset_when_read = True
    found = numbers(reader)
    assert found == list(range(len(found)))
    assert len(found) < 1000
