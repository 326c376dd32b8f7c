# SPDX-License-Identifier: GPL-2.0-or-later
"""A profiler for RPC servers in Python: how often each message came, and how long it took.

It measures where a server is entered, so a whole call is in it: decoding, the method, encoding.
"""

import time
from collections import defaultdict
from statistics import median, quantiles

from mig.rpc.abi import Abi
from mig.rpc.message import Message, unpack_header
from mig.rpc.server import Demultiplexer, Server


class ProfiledDemultiplexer(Demultiplexer):
    """A demultiplexer with a stopwatch."""

    def __init__(self, abi: Abi, *servers: Server) -> None:
        """Join servers, as Demultiplexer does."""
        super().__init__(abi, *servers)
        self._names = {
            number: routine.name
            for server in servers
            for number, routine in server._routines.items()
        }
        self._durations: dict[int, list[int]] = defaultdict(list)

    def handle(self, message: Message) -> Message | None:
        """Answer a message, and note how long that took."""
        begin = time.perf_counter_ns()
        try:
            return super().handle(message)
        finally:
            duration = time.perf_counter_ns() - begin
            self._durations[unpack_header(self.abi, message.data).id].append(duration)

    def table(self) -> str:
        """The routines, those that took longest in all first."""
        lines = [f"{'ROUTINE':24} {'CALLS':>8} {'MEDIAN us':>10} {'P99 us':>10} {'TOTAL ms':>10}"]
        for number, found in sorted(self._durations.items(), key=lambda item: -sum(item[1])):
            p99 = quantiles(found, n=100)[98] if len(found) > 1 else found[0]
            lines.append(
                f"{self._names.get(number, f'message {number}'):24} {len(found):8} "
                f"{median(found) / 1e3:10.1f} {p99 / 1e3:10.1f} {sum(found) / 1e6:10.2f}"
            )
        return "\n".join(lines)
