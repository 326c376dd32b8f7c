# SPDX-License-Identifier: GPL-2.0-or-later
"""Do N, 2N and 3N of each thing, and show what the host counted of it.

    python examples/exact_counts.py qemu:mach

The slope is the events of one operation; the constant is what reading the counters and asking for
the work cost, which docs/kernel-counts.md explains.
"""

import sys
from collections.abc import Callable

import perfmon

N = 100
PAGES = 4
EVENTS = (
    "IPC_SEND",
    "IPC_RECEIVE",
    "VM_ALLOC",
    "VM_FREE",
    "TASK_CREATE",
    "TASK_TERMINATE",
    "THREAD_CREATE",
    "THREAD_TERMINATE",
    "PAGE_FAULT",
)


def added(host: perfmon.Host, work: Callable[[int], int], operations: int) -> list[int]:
    """How many of each event the host counted while it did this many operations."""
    before = [host.stats(event).count for event in EVENTS]
    if work(operations) != operations:
        raise SystemExit("the workload did not do all that it was asked for")
    after = [host.stats(event).count for event in EVENTS]
    return [new - old for old, new in zip(before, after, strict=True)]


def main() -> None:
    """Print a table: kinds of work by events, each `slope n + constant`."""
    with perfmon.connect(sys.argv[1] if len(sys.argv) > 1 else None) as host:
        server = host.workload
        kinds: dict[str, Callable[[int], int]] = {
            "messages": server.workload_messages,
            "requests": server.workload_requests,
            f"memory, {PAGES} pages": lambda times: server.workload_memory(times, PAGES),
            "tasks": server.workload_tasks,
            "threads": server.workload_threads,
        }
        host.enable()
        print(f"{host.address}: events counted over {N}, {2 * N} and {3 * N} operations")
        for kind, work in kinds.items():
            work(3 * N)  # memory that is touched for the first time faults once
            counts = [added(host, work, times) for times in (N, 2 * N, 3 * N)]
            print(f"\n{kind}")
            for event, one, two, three in zip(EVENTS, *counts, strict=True):
                exact = two - one == three - two and (two - one) % N == 0
                slope = (two - one) // N
                line = f"{slope:3} n + {one - slope * N}" if exact else "not linear"
                if any((one, two, three)):
                    print(f"  {event:17}{one:7,}{two:7,}{three:7,}   {line}")
        host.disable()


if __name__ == "__main__":
    main()
