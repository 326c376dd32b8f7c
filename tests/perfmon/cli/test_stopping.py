# SPDX-License-Identifier: GPL-2.0-or-later
"""What a server waits for ends it, whichever of its threads the signal comes to."""

import subprocess
import sys

import pytest

SERVER = """
import signal, sys, threading
from perfmon.cli.stopping import stop_signals

number = signal.Signals[sys.argv[1]]
with stop_signals() as stopped:
    signal_itself = lambda: signal.pthread_kill(threading.get_ident(), number)
    threading.Timer(0.2, signal_itself).start()
    print(signal.Signals(stopped.recv(1)[0]).name)
"""
IGNORING = """
import signal
import signal
from perfmon.cli.stopping import stop_signals

signal.signal(signal.SIGINT, signal.SIG_IGN)
with stop_signals() as stopped:
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)
    print(signal.Signals(stopped.recv(1)[0]).name)
print(signal.getsignal(signal.SIGTERM).name)
"""


def said_by(program: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_to_another_thread_ends_the_wait_of_the_first(name: str):
    assert said_by(SERVER, name) == f"{name}\n"


def test_an_ignored_interrupt_stays_ignored_and_the_handlers_come_back():
    assert said_by(IGNORING) == "SIGTERM\nSIG_DFL\n"
