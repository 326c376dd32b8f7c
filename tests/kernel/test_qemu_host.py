# SPDX-License-Identifier: GPL-2.0-or-later
"""A real kernel under QEMU does what every host does."""

import pytest

from tests.perfmon.host_contract import HostContract
from tests.perfmon.recording.recording_contract import RecordingContract


@pytest.mark.kernel
class TestQemuHost(HostContract):
    @pytest.fixture
    def address(self, guest_address: str) -> str:
        return guest_address


@pytest.mark.kernel
class TestQemuRecording(RecordingContract):
    @pytest.fixture
    def address(self, guest_address: str) -> str:
        return guest_address
