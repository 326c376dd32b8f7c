# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a call of a guest's kernel takes from Python, and how fast its samples are read.

Boots Debian's kernel of a kind, instrumented, under QEMU.  Times are those of an emulated machine
with a processor of its own to run on; keep the machine idle otherwise.

    python benchmarks/guest_calls.py [--kind x86_64-up] [--calls 100000]
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import perfmon
from perfmon import Host
from perfmon.kernel.boot import boot, stop
from perfmon.kernel.images import kernel_image
from perfmon.kernel.instrument import instrument
from perfmon.kernel.kinds import DEFAULT, KINDS

RING = 32768
PASSES = 20
_EVENTS = 0


def calls(host: Host, number: int) -> tuple[float, float]:
    """Median and 99th percentile of a call that returns ten numbers, in microseconds."""
    times = []
    for _ in range(number):
        start = time.perf_counter_ns()
        host.rpc.perf_get_info(_EVENTS)
        times.append(time.perf_counter_ns() - start)
    return statistics.median(times) / 1e3, statistics.quantiles(times, n=100)[98] / 1e3


def reading(host: Host) -> float:
    """Samples a second that one reader gets out of a full ring."""
    host.disable()
    host.configure(sample_rate=0, buffer_size=RING)
    host.enable()
    host.workload.workload_memory(RING // 6, 1)
    host.disable()
    start = time.perf_counter()
    read = sum(len(batch) for _ in range(PASSES) for batch in host.samples())
    return read / (time.perf_counter() - start)


def main() -> int:
    """Print the three figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kind", choices=KINDS, default=DEFAULT, help="of kernel")
    parser.add_argument("--calls", type=int, default=100_000, metavar="N")
    arguments = parser.parse_args()
    name = f"calls-{arguments.kind}"
    with tempfile.TemporaryDirectory(prefix="perfmon-") as directory:
        kernel = Path(directory) / "kernel"
        instrument(kernel_image(arguments.kind), kernel)
        guest = boot(kernel, name)
        try:
            with perfmon.connect(guest.address) as host:
                median, late = calls(host, arguments.calls)
                print(f"{arguments.calls} calls: median {median:.1f} us, p99 {late:.1f} us")
                print(f"samples read: {reading(host):,.0f} a second")
        finally:
            stop(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
