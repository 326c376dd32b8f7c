# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in the middle of an event when monitoring is switched goes on as on a stock kernel."""

from contextlib import suppress

import pytest

from mig.rpc.errors import CallTimeout
from perfmon.kernel.boot import Guest
from tests.kernel.clients import PATIENCE, connected

pytestmark = pytest.mark.kernel

LATE_MS = 1000
HANDED_OVER = 0.3
"""Seconds after which nobody waits for the reply; by then the kernel waits for the page."""


@pytest.mark.parametrize("switches", [(False,), (False, True)], ids=["off", "off-and-on"])
def test_a_message_whose_page_is_late_arrives_though_monitoring_was_switched(
    guest: Guest, switches: tuple[bool, ...]
):
    with connected(guest) as control, connected(guest) as worker:
        control.restart()
        worker.workload.timeout = HANDED_OVER
        with suppress(CallTimeout):
            worker.workload.workload_late_page(LATE_MS)
        for enabled in switches:
            control.privileged.perf_monitor_enable(enabled)
        worker.workload.timeout = PATIENCE
        assert worker.workload.workload_late_page(1) == 1
