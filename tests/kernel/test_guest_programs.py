# SPDX-License-Identifier: GPL-2.0-or-later
"""The test suite that runs inside a guest, without any host."""

from pathlib import Path

import pytest

from perfmon.kernel.instrument import InstrumentReport
from tests.guest_programs import results

pytestmark = pytest.mark.kernel

SOURCE = Path(__file__).parents[1] / "test-performance-analysis.c"


def test_every_check_inside_the_guest_passes(report: InstrumentReport) -> None:
    *checks, summary = results(report.output, SOURCE)
    assert len(checks) == 14
    assert [line for line in checks if not line.startswith("PASS  ")] == []
    assert summary == "performance-analysis: 14 checks, 0 failed"
