# SPDX-License-Identifier: GPL-2.0-or-later
"""Ten lines of Python: monitor a workload, then look at its figures and samples."""

import perfmon

with perfmon.connect("embedded:") as host:
    host.enable()
    host.workload.workload_memory(1000, 4)
    host.disable()
    stats, histogram = host.stats("VM_ALLOC"), host.histogram("VM_ALLOC")
    print(f"{stats.count} allocations, mean {stats.mean_ns} ns, p99 {histogram.p99} ns")
    for batch in host.samples():
        print(f"CPU {batch.cpu}: {len(batch)} samples from {batch[0].timestamp}, {batch.lost} lost")
