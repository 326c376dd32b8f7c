# SPDX-License-Identifier: GPL-2.0-or-later
"""A minute of the guest's time, at work and recorded; `make soak` takes an hour of it."""

from pathlib import Path

from perfmon.kernel.instrument import InstrumentReport
from tests.kernel.soak import soak

KERNEL_GROWTH_KB = 64
PROCESS_GROWTH_KB = 8 * 1024


def test_a_guest_at_work_is_accounted_for_and_grows_nowhere(
    report: InstrumentReport, guests_of_this_session: Path
):
    del guests_of_this_session
    found = soak(report.output, 60)
    assert found.unbalanced == 0
    assert found.rounds >= 3
    assert found.recorded > 1000
    assert found.recorded + found.discarded <= found.events
    assert found.end.kernel - found.warm.kernel <= KERNEL_GROWTH_KB
    assert found.end.qemu - found.warm.qemu <= PROCESS_GROWTH_KB
    assert found.end.recorder - found.warm.recorder <= PROCESS_GROWTH_KB
