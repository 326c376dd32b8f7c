# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts that are read at every scrape and may be gone at any of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass

from perfmon.address import Address
from perfmon.errors import MachError, PerfmonError, TransportError
from perfmon.host import Host, connect
from perfmon.info import Configuration, Interface
from perfmon.interface import HistogramKind
from perfmon.statistics import Histogram, Snapshot

Log = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything that one scrape reads of a host.

    Attributes:
        work, waits: durations by event, of those events that have some.
    """

    interface: Interface
    configuration: Configuration
    snapshot: Snapshot
    work: dict[int, Histogram]
    waits: dict[int, Histogram]


@dataclass(frozen=True, slots=True)
class Scrape:
    """What became of reading one host.

    Attributes:
        reading: None: the host could not be read.
        seconds: how long it took.
    """

    address: str
    reading: Reading | None
    seconds: float


class Target:
    """One host: connected to when it is first read, and again after it was gone."""

    def __init__(self, address: Address, timeout: float, log: Log) -> None:
        """Name a host; nothing is opened yet.

        Args:
            address: where it is.
            timeout: seconds for each call.
            log: takes a line when the host goes and when it comes back.
        """
        self.address = address
        self._timeout = timeout
        self._log = log
        self._host: Host | None = None
        self._trouble: str | None = None
        self._busy = threading.Lock()

    def scrape(self) -> Scrape:
        """Read the host; whatever goes wrong with it, others are none the worse."""
        begin = time.monotonic()
        reading = None
        # A scrape that still waits for a dead host must not collect others behind it.
        if self._busy.acquire(blocking=False):
            try:
                reading = self._read()
                self._say(None)
            except (MachError, PerfmonError, OSError) as error:
                if isinstance(error, TransportError):
                    self.close()
                self._say(str(error))
            finally:
                self._busy.release()
        return Scrape(str(self.address), reading, time.monotonic() - begin)

    def close(self) -> None:
        """Let go of the host."""
        host, self._host = self._host, None
        if host is not None:
            with suppress(MachError, OSError):
                host.close()

    def _read(self) -> Reading:
        if self._host is None:
            self._host = connect(self.address, timeout=self._timeout)
        host = self._host
        snapshot = host.snapshot()
        events = snapshot.events.values()
        return Reading(
            host.interface(),
            host.configuration(),
            snapshot,
            {stats.event: host.histogram(stats.event) for stats in events if stats.timed},
            {
                stats.event: host.histogram(stats.event, HistogramKind.WAIT)
                for stats in events
                if stats.waits
            },
        )

    def _say(self, trouble: str | None) -> None:
        if trouble != self._trouble:
            self._log(trouble or f"{self.address}: here again")
            self._trouble = trouble


def scrape_all(targets: Sequence[Target], patience: float) -> list[Scrape]:
    """Read all hosts at once; one that takes longer than `patience` seconds counts as gone."""
    deadline = time.monotonic() + patience
    scrapes: list[Future[Scrape]] = []
    for target in targets:
        scrape: Future[Scrape] = Future()
        threading.Thread(
            target=lambda target=target, scrape=scrape: scrape.set_result(target.scrape()),
            daemon=True,
        ).start()
        scrapes.append(scrape)
    results = []
    for target, scrape in zip(targets, scrapes, strict=True):
        try:
            results.append(scrape.result(max(0.0, deadline - time.monotonic())))
        except TimeoutError:
            results.append(Scrape(str(target.address), None, patience))
    return results
