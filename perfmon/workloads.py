# SPDX-License-Identifier: GPL-2.0-or-later
"""What a host's workload server can be asked to do, and sequences of it as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from perfmon._generated.perf_workload import PerfWorkload
from perfmon.errors import PerfmonError

_Work = Callable[[PerfWorkload, int, int], int]

KINDS: Final[Mapping[str, _Work]] = MappingProxyType(
    {
        "messages": lambda server, times, _: server.workload_messages(times),
        "requests": lambda server, times, _: server.workload_requests(times),
        "memory": lambda server, times, pages: server.workload_memory(times, pages),
        "tasks": lambda server, times, _: server.workload_tasks(times),
        "threads": lambda server, times, _: server.workload_threads(times),
        "sleep": lambda server, milliseconds, _: server.workload_sleep(milliseconds),
        # Kernels alone have these.
        "pingpong": lambda server, times, _: server.workload_pingpong(times),
        "interruptions": lambda server, times, _: server.workload_interruptions(times),
        "exceptions": lambda server, times, _: server.workload_exceptions(times),
        "paging": lambda server, times, pages: server.workload_paging(times, pages),
        "deaths": lambda server, times, _: server.workload_deaths(times),
        "crowds": lambda server, times, _: server.workload_crowds(times),
        "failures": lambda server, times, _: server.workload_failures(times),
    }
)
_PAGED: Final = frozenset({"memory", "paging"})

SYNTAX: Final = "KIND:COUNT[:PAGES],..."
_WORD_MAX: Final = 0xFFFFFFFF


class WorkloadError(PerfmonError, ValueError):
    """A workload that cannot be read, or that the host did not complete."""


@dataclass(frozen=True, slots=True)
class Work:
    """One thing to do.

    Attributes:
        kind: a key of `KINDS`.
        count: how often; milliseconds for sleep.
        pages: pages that memory and paging touch.
    """

    kind: str
    count: int
    pages: int = 1

    def __str__(self) -> str:
        return f"{self.kind}:{self.count}" + (f":{self.pages}" if self.kind in _PAGED else "")

    def run(self, server: PerfWorkload) -> None:
        """Do it.

        Raises:
            WorkloadError: the host did less.
        """
        done = KINDS[self.kind](server, self.count, self.pages)
        wanted = 1 if self.kind == "sleep" else self.count
        if done != wanted:
            raise WorkloadError(f"{self}: the host did {done} of {wanted}")


def parse_workload(text: str) -> tuple[Work, ...]:
    """Read a sequence of things to do: memory:1000:4,messages:200.

    Raises:
        WorkloadError: it cannot be read; says what was expected.
    """
    return tuple(_parse_work(part) for part in text.split(","))


def workload_text(work: tuple[Work, ...]) -> str:
    """What `parse_workload` reads."""
    return ",".join(map(str, work))


def _parse_work(text: str) -> Work:
    kind, *numbers = text.strip().split(":")
    if kind not in KINDS:
        raise WorkloadError(f"{text!r} is no workload: expected {SYNTAX} of {', '.join(KINDS)}")
    most = 2 if kind in _PAGED else 1
    valid = [n for n in numbers if n.isascii() and n.isdigit() and 0 < int(n) <= _WORD_MAX]
    if not 1 <= len(numbers) <= most or valid != numbers:
        form = f"{kind}:COUNT[:PAGES]" if most == 2 else f"{kind}:COUNT"
        raise WorkloadError(f"{text!r} is no workload: expected {form}, numbers above 0")
    return Work(kind, *map(int, numbers))
