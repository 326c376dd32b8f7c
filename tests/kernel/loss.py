# SPDX-License-Identifier: GPL-2.0-or-later
"""Loss, proved by content: what a kernel sent, in order, against what its samples say.

With IPC_SEND alone recorded, and one client that makes one call after the other, every send is
known in advance.  A sample's sequence number is its place among them, so each sample is compared
with what was sent there, and a loss that was reported wrongly shifts all that follow.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from perfmon import Event, Host, Mode, Samples
from perfmon.interface import CURSOR_SEQUENCE_BITS

GET_INFO, READ_SAMPLES, NUMBERS, NUMBERS_DONE = 2075, 2079, 4907, 5007
FIRST_NUMBER = 1_000_000
UNKNOWN = -1
_SEQUENCE = (1 << CURSOR_SEQUENCE_BITS) - 1


@dataclass
class Sent:
    """What was sent since recording began: runs of message ids."""

    count: int = 0
    _begins: list[int] = field(default_factory=list)
    _runs: list[tuple[int, int]] = field(default_factory=list)  # first id and step

    def add(self, first: int, step: int = 0, count: int = 1) -> None:
        self._begins.append(self.count)
        self._runs.append((first, step))
        self.count += count

    def __getitem__(self, place: int) -> int:
        assert 0 <= place < self.count, f"sample {place} of {self.count} sent"
        run = bisect_right(self._begins, place) - 1
        first, step = self._runs[run]
        return first + step * (place - self._begins[run])


class Recording:
    """A host that records sends, and everything that is sent through it."""

    def __init__(self, host: Host, *, rate: int, buffer: int, mode: Mode) -> None:
        self.host = host
        self.sent = Sent()
        self.number = FIRST_NUMBER
        host.disable()
        host.configure(sample_rate=rate, buffer_size=buffer)
        host.set_events([Event.IPC_SEND])
        host.set_mode(mode)
        host.reset()
        host.enable()

    def work(self, count: int) -> None:
        """Send messages with the next numbers."""
        self.sent.add(NUMBERS)
        self.sent.add(self.number, 1, count)
        self.sent.add(NUMBERS_DONE)
        assert self.host.workload.workload_numbers(self.number, count) == count
        self.number += count

    def account(self) -> dict[str, int]:
        """The account of the ring.  Its events tell whether the relay sent something itself."""
        account = self.host.cpu(0)
        unknown = account.events - self.sent.count - 1
        # To let go of the port that a long call left its reply to.
        assert unknown in (0, 1), f"{unknown} sends that nobody made"
        for _ in range(unknown):
            self.sent.add(UNKNOWN)
        self.sent.add(GET_INFO)
        assert account.events == account.written + account.rate_limited + account.refused
        assert account.written == account.readable + account.overwritten
        return {
            name: getattr(account, name)
            for name in ("events", "written", "overwritten", "rate_limited", "refused", "readable")
        }

    def read(self, cursor: int, most: int = 32768) -> Samples:
        self.sent.add(READ_SAMPLES)
        return self.host.read_samples(0, cursor, most)

    def check(self, batch: Samples) -> None:
        """Each sample of a batch is what was sent at its place; for rings without a rate limit."""
        place = (batch.cursor & _SEQUENCE) + batch.lost
        assert batch.next & _SEQUENCE == place + len(batch)
        for offset, sample in enumerate(batch):
            expected = self.sent[place + offset]
            assert expected in (sample.data1, UNKNOWN), (place + offset, sample, expected)


def numbers(batch: Samples) -> Iterator[int]:
    """The numbered messages of a batch."""
    return (sample.data1 for sample in batch if sample.data1 >= FIRST_NUMBER)
