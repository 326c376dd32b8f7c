# SPDX-License-Identifier: GPL-2.0-or-later
"""No memory left: what needs it is refused, nothing changes, and the host serves on."""

import subprocess
import sys

from tests.perfmon.relay.processes import ENVIRONMENT

CONFIGURE = """
import resource
import perfmon
from perfmon.errors import KernResourceShortage

with perfmon.connect("embedded:") as host:
    before = host.configuration()
    (pages, *_) = map(int, open("/proc/self/statm").read().split())
    unlimited = resource.getrlimit(resource.RLIMIT_AS)
    # The memory for rings is taken by the first configuration: here is less than for one of them.
    limit = pages * resource.getpagesize() + (1 << 18)
    resource.setrlimit(resource.RLIMIT_AS, (limit, unlimited[1]))
    try:
        host.configure(sample_rate=1000, buffer_size=32768)
    except KernResourceShortage as error:
        text = str(error)
    else:
        text = "configured"
    resource.setrlimit(resource.RLIMIT_AS, unlimited)
    assert text != "configured"
    assert "perf_monitor_configure" in text, text
    assert host.configuration() == before
    host.enable()
    host.workload.workload_memory(10, 1)
    host.disable()
    assert host.stats("VM_ALLOC").count == 10
    assert sum(len(batch) for batch in host.samples()) > 10
    host.configure(sample_rate=1000, buffer_size=32768)
    print("served on")
"""


def test_a_configuration_without_memory_for_it_changes_nothing():
    done = subprocess.run(
        [sys.executable, "-c", CONFIGURE],
        check=False, capture_output=True, text=True, env=ENVIRONMENT, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "served on\n"), done.stderr
