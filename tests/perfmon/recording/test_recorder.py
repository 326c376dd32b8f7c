# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings of the embedded host hold what every recording does."""

import pytest

from tests.perfmon.recording.recording_contract import RecordingContract


class TestEmbeddedRecording(RecordingContract):
    @pytest.fixture
    def address(self) -> str:
        return "embedded:"
