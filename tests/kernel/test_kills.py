# SPDX-License-Identifier: GPL-2.0-or-later
"""kill -9 of QEMU and of perfmon, or a reset of the guest, while a real kernel is recorded, watched
and called.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

import perfmon
from perfmon.errors import ConnectError
from perfmon.kernel.boot import Guest, boot, stop
from perfmon.kernel.errors import GuestError
from perfmon.kernel.instrument import InstrumentReport
from tests.kernel.qmp import execute
from tests.perfmon.kills.kill_contract import ClientKillContract, KillContract

pytestmark = pytest.mark.kernel


class TestQemu(KillContract):
    DIED = r"qemu:mortal \w+: the guest has ended \(.*boot"

    @pytest.fixture
    def mortal(self, report: InstrumentReport) -> Iterator[Guest]:
        guest = boot(report.output, "mortal")
        yield guest
        with suppress(GuestError):
            stop(guest.name)

    @pytest.fixture
    def address(self, mortal: Guest) -> str:
        return mortal.address

    @pytest.fixture
    def kill(self, mortal: Guest) -> Callable[[], None]:
        return lambda: os.kill(mortal.pid, signal.SIGKILL)

    def test_a_dead_guest_is_named_and_so_is_the_way_back(
        self, mortal: Guest, kill: Callable[[], None]
    ) -> None:
        kill()
        while mortal.alive:
            time.sleep(0.01)
        with pytest.raises(ConnectError, match=r"guest mortal has ended.*perfmon kernel"):
            perfmon.connect(mortal.address)


class TestReset(KillContract):
    """A guest does not come back by itself: QEMU ends where a machine would begin anew."""

    DIED = TestQemu.DIED
    mortal, address = TestQemu.mortal, TestQemu.address

    @pytest.fixture
    def kill(self, mortal: Guest) -> Callable[[], None]:
        return lambda: execute(mortal, "system_reset")


class TestPerfmon(ClientKillContract):
    @pytest.fixture
    def address(self, guest_address: str) -> str:
        return guest_address
