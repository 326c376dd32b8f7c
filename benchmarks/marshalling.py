# SPDX-License-Identifier: GPL-2.0-or-later
"""What a call costs in Python alone: median nanoseconds of encoding, decoding and both.

Needs the generated packages (`make`); run from the project's directory:

    python -m benchmarks.marshalling
"""

import statistics
import timeit
from collections.abc import Callable
from types import ModuleType

from mig.rpc.abi import I386, X86_64, Abi
from mig.rpc.delivery import deliver
from mig.rpc.message import Message
from mig.rpc.port import Port
from mig.rpc.transport import Transport
from perfmon._generated.perf_monitor import PerfEventStats, PerfMonitor, PerfSample, i386, x86_64

CALLS = 20_000
ROUNDS = 9
SAMPLES = 4096


class Echo(Transport):
    """Has the same answer to everything, at once."""

    def __init__(self, abi: Abi, answer: Message) -> None:
        """Answer every call with one message."""
        self.address = "echo:"
        self.abi = abi
        self.reply_port = 2
        self.ports = {"host": 1}
        self.answer = answer

    def call(self, request: Message, timeout: float | None = None) -> Message:
        """Return the answer."""
        return self.answer

    def send(self, request: Message) -> None:
        """Drop the message."""

    def close(self) -> None:
        """Do nothing."""


def report(name: str, function: Callable[[], object], *, calls: int = CALLS, per: int = 1) -> None:
    """Print the median time of a call, divided by `per`."""
    rounds = timeit.repeat(function, number=calls, repeat=ROUNDS)
    median = statistics.median(rounds) / calls / per * 1e9
    print(f"{name:42} {median:8.0f} ns")


def measure(abi: Abi, codec: ModuleType) -> None:
    """Measure the messages of one ABI."""
    print(abi.name)
    answer = deliver(abi, codec.encode_perf_check_regression_reply(1, True))
    report("scalars: encode", lambda: codec.encode_perf_check_regression_request(1, 2, 3, 4))
    report("scalars: decode", lambda: codec.decode_perf_check_regression_reply(answer))
    host = PerfMonitor(Port.offered(Echo(abi, answer), "host"))
    report("scalars: whole call, no transport", lambda: host.perf_check_regression(3, 4))

    stats = deliver(abi, codec.encode_perf_get_event_stats_reply(1, PerfEventStats(*range(10))))
    report("structure of 10: decode", lambda: codec.decode_perf_get_event_stats_reply(stats))

    words = deliver(abi, codec.encode_perf_get_info_reply(1, tuple(range(10))))
    report("array of 10: decode", lambda: codec.decode_perf_get_info_reply(words))

    batch = [PerfSample(*range(9))] * SAMPLES
    samples = deliver(abi, codec.encode_perf_read_samples_reply(1, batch, 5, 6))
    report(f"{SAMPLES} samples: decode", lambda: codec.decode_perf_read_samples_reply(samples))
    array = codec.decode_perf_read_samples_reply(samples).samples
    report("a sample: iterate", lambda: sum(1 for _ in array), calls=10, per=SAMPLES)


if __name__ == "__main__":
    measure(I386, i386)
    measure(X86_64, x86_64)
