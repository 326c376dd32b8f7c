# SPDX-License-Identifier: GPL-2.0-or-later
"""The clock's speed is measured, never guessed."""

import time

import pytest

from perfmon.kernel.boot import boot, stop
from perfmon.kernel.instrument import InstrumentReport
from tests.kernel.clients import connected

pytestmark = pytest.mark.kernel

CLOCK = 2


def test_the_clock_is_measured_when_first_asked_for_though_nothing_was_enabled(
    report: InstrumentReport,
):
    guest = boot(report.output, "clock")
    try:
        with connected(guest) as clients:
            said, before = clients.host.perf_get_info(CLOCK)[:2]
            start = time.monotonic()
            time.sleep(0.5)
            after = clients.host.perf_get_info(CLOCK)[1]
            measured = (after - before) / (time.monotonic() - start)
            # The guest loses clock interrupts where its host is busy, so this is coarse.
        assert said == pytest.approx(measured, rel=0.4)
    finally:
        stop(guest.name)
