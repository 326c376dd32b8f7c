# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in the middle of an event when monitoring is switched goes on as on a stock kernel."""

from contextlib import suppress

import pytest

from mig.rpc.errors import CallTimeout
from perfmon import Event
from perfmon.kernel.boot import Guest
from tests.kernel.clients import BUFFER, PATIENCE, connected

pytestmark = pytest.mark.kernel

LATE_MS = 1000
MESSAGES_ID = 4900
REQUESTS = 300000
CPUS = 6  # of struct perf_info_interface
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


def test_the_first_message_of_a_server_that_began_to_wait_while_disabled_is_received(guest: Guest):
    with connected(guest) as clients:
        clients.restart()
        clients.workload.timeout = HANDED_OVER
        with suppress(CallTimeout):
            clients.workload.workload_requests(REQUESTS)
        clients.privileged.perf_monitor_enable(False)
        clients.workload.timeout = PATIENCE
        assert clients.workload.workload_messages(1) == 1
        clients.restart()
        assert clients.workload.workload_messages(1) == 1
        clients.privileged.perf_monitor_enable(False)
        samples = [
            sample
            for cpu in range(clients.host.perf_get_info(0)[CPUS])
            for sample in clients.privileged.perf_read_samples(cpu, 0, BUFFER).samples
        ]
    asked = [Event(sample.event) for sample in samples if sample.data1 == MESSAGES_ID]
    assert sorted(asked) == [Event.IPC_SEND, Event.IPC_RECEIVE]
