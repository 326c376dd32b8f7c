# SPDX-License-Identifier: GPL-2.0-or-later
"""A host's clock: raw ticks to nanoseconds, to time since boot and to wall-clock time.

Integer arithmetic only, so that nothing is rounded twice; no clock of this machine is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_SECOND: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of a host as perf_get_info described it at one moment.

    Attributes:
        ticks_per_second: frequency of the clock that samples carry.
        ticks_now: the clock at that moment.
        boot_ticks: the clock when nanoseconds since boot were 0.
        wall_ns: wall-clock time at `ticks_now`, nanoseconds since 1970 (UTC).
    """

    ticks_per_second: int
    ticks_now: int
    boot_ticks: int
    wall_ns: int

    def ns(self, ticks: int) -> int:
        """Length of a duration of `ticks`, in nanoseconds (rounded down)."""
        return ticks * _SECOND // self.ticks_per_second

    def ticks(self, ns: int) -> int:
        """Length of a duration of `ns` nanoseconds, in ticks (rounded down)."""
        return ns * self.ticks_per_second // _SECOND

    def since_boot_ns(self, timestamp: int) -> int:
        """The moment of a sample's timestamp, in nanoseconds since boot."""
        return self.ns(timestamp - self.boot_ticks)

    def wall_ns_at(self, timestamp: int) -> int:
        """The moment of a sample's timestamp, in nanoseconds since 1970 (UTC)."""
        return self.wall_ns + self.ns(timestamp - self.ticks_now)

    def wall(self, timestamp: int) -> datetime:
        """The moment of a sample's timestamp as an aware datetime (to a microsecond)."""
        return _EPOCH + timedelta(microseconds=self.wall_ns_at(timestamp) // 1000)
