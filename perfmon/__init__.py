# SPDX-License-Identifier: GPL-2.0-or-later
"""Performance analysis for GNU Mach.

A host is a kernel with perfmon's sampling core inside, reached by Mach RPC on its host port:

    import perfmon

    with perfmon.connect("qemu:my-guest") as host:   # or "embedded:", a host in this process
        host.configure(sample_rate=2000)
        host.enable()
        host.workload.workload_memory(1000, 4)
        print(host.stats("VM_ALLOC").mean_ns, host.histogram("VM_ALLOC").p99)
        for batch in host.samples():
            print(batch.cpu, len(batch), batch.lost)

Times are in nanoseconds, except in samples, which carry raw clock ticks (`host.clock()` converts).
Errors are in `perfmon.errors`: a refusal of the host is a `KernReturnError`, a host that cannot be
reached a `TransportError`.  This module only names what users need; nothing is done here.
"""

from perfmon import errors
from perfmon.alerts import Alert, Alerts
from perfmon.clock import Clock
from perfmon.errors import MachError, PerfmonError
from perfmon.events import Event
from perfmon.host import Host, Name, connect
from perfmon.info import Configuration, HostInfo, Interface
from perfmon.interface import AlertKind, Flag, HistogramKind, Mode, NameKind
from perfmon.reader import SampleReader, Start
from perfmon.samples import Sample, Samples
from perfmon.statistics import (
    Bucket,
    CpuStatistics,
    EventChange,
    EventStatistics,
    Histogram,
    Interval,
    Regression,
    Snapshot,
    SystemStatistics,
)

__all__ = [
    "Alert",
    "AlertKind",
    "Alerts",
    "Bucket",
    "Clock",
    "Configuration",
    "CpuStatistics",
    "Event",
    "EventChange",
    "EventStatistics",
    "Flag",
    "Histogram",
    "HistogramKind",
    "Host",
    "HostInfo",
    "Interface",
    "Interval",
    "MachError",
    "Mode",
    "Name",
    "NameKind",
    "PerfmonError",
    "Regression",
    "Sample",
    "SampleReader",
    "Samples",
    "Snapshot",
    "Start",
    "SystemStatistics",
    "connect",
    "errors",
]
