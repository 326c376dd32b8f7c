# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting with patience, and what is said of it."""

import pytest

from mig.rpc.transports.turns import in_seconds


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0501, "0.05 s"), (1.234, "1.2 s"), (100.2, "100 s"), (12345.6, "12346 s")],
)
def test_a_time_is_said_without_an_exponent(seconds: float, said: str) -> None:
    assert in_seconds(seconds) == said
