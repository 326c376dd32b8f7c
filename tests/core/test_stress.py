# SPDX-License-Identifier: GPL-2.0-or-later
"""Writers and readers at full speed: no sample torn, no gap without a loss."""

import pytest


@pytest.mark.parametrize("reset", [False, True])
def test_readers_see_whole_samples_and_every_loss_while_writers_run(core, reset):
    core.record_every_event(size=1024, cpus=2)
    stress = core.ffi.new("struct harness_stress *")
    core.lib.harness_run_stress(2, 600, reset, stress)
    assert (stress.torn, stress.unaccounted, stress.inconsistent) == (0, 0, 0)
    assert stress.written > 100_000
    assert stress.read > 1000
    if not reset:
        assert stress.lost > 0
        system = core.system()
        assert system.events == system.written == core.stats(10).count == stress.written
