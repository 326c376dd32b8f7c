# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings of the embedded host hold what every recording does."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.perfmon.recording.recording_contract import RecordingContract


class TestEmbeddedRecording(RecordingContract):
    @pytest.fixture
    def address(self) -> str:
        return "embedded:"


INTERRUPTED = """
import signal, sys, threading, time
from pathlib import Path
import perfmon
from perfmon.recording.recorder import record

def interrupt(frame, event, argument):
    waits = event == "call" and frame.f_code is threading.Condition.wait.__code__
    if waits or (event == "c_call" and argument is time.sleep):
        sys.setprofile(None)
        signal.raise_signal(signal.SIGINT)

with perfmon.connect("embedded:") as host:
    sys.setprofile(interrupt)
    print(len(record(host, Path(sys.argv[1])).cpus))
"""


def test_ctrl_c_ends_a_recording_even_as_its_wait_begins(tmp_path: Path) -> None:
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path / "trace")]
    assert subprocess.check_output(command, timeout=20, text=True) == "8\n"
