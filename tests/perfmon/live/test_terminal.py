# SPDX-License-Identifier: GPL-2.0-or-later
"""`perfmon monitor` on a real terminal, tmux's, watching real hosts."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.perfmon.relay.processes import relay_process

PERFMON = f"{sys.executable} -m perfmon"


class Terminal:
    """A terminal of 80 by 24 in which a command runs."""

    def __init__(self, socket: Path, command: str) -> None:
        self.scrollback = False
        self._tmux = ("tmux", "-S", str(socket), "-f", "/dev/null")
        self._run("new-session", "-d", "-x", "80", "-y", "24", f"{command}; echo ENDED $?; cat")

    def _run(self, *arguments: str) -> str:
        return subprocess.run(
            (*self._tmux, *arguments), capture_output=True, text=True, timeout=30, check=True
        ).stdout

    def screen(self) -> str:
        return self._run("capture-pane", "-p", "-S", "-100" if self.scrollback else "0")

    def type(self, *keys: str) -> None:
        self._run("send-keys", *keys)

    def wait_for(self, pattern: str) -> str:
        return self.wait_until(lambda screen: re.search(pattern, screen), pattern)

    def wait_until(self, good: Callable[[str], object], what: str) -> str:
        deadline = time.monotonic() + 30
        while not good(screen := self.screen()):
            assert time.monotonic() < deadline, f"expected {what}, found\n{screen}"
            time.sleep(0.1)
        return screen

    def close(self) -> None:
        subprocess.run((*self._tmux, "kill-server"), capture_output=True, check=False)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[[str], Terminal]]:
    if shutil.which("tmux") is None:
        if os.environ.get("CI"):
            pytest.fail("tmux is missing: tools/system-packages test brings it")
        pytest.skip("tmux is missing: tools/system-packages test brings it")
    opened: list[Terminal] = []

    def open_(command: str) -> Terminal:
        opened.append(Terminal(tmp_path / f"tmux{len(opened)}", command))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


@pytest.mark.parametrize("before", [(), ("/", "V"), ("Enter",)], ids=["table", "filter", "chart"])
def test_ctrl_c_ends_it_wherever_one_is(terminal, before):
    shown = terminal(f"{PERFMON} -H embedded: monitor -i 0.25")
    shown.wait_for(r"IPC_SEND +[\d.,]+ ")
    if before:
        shown.type(*before)
        time.sleep(0.5)
    shown.type("C-c")
    shown.wait_for("ENDED 0")


def test_on_a_terminal_that_cannot_draw_there_are_tables(terminal):
    shown = terminal(f"TERM=dumb {PERFMON} -H embedded: monitor -i 0.25")
    shown.wait_for(r"ID +EVENT +PER SECOND")
    shown.type("C-c")
    shown.wait_for("ENDED 0")


def test_it_fills_the_screen_takes_keys_and_leaves_the_terminal_as_it_was(terminal):
    shown = terminal(f"{PERFMON} -H embedded: monitor -i 0.25")
    screen = shown.wait_for(r"IPC_SEND +[\d.,]+ ")
    assert len(screen.splitlines()) == 24
    assert "embedded:" in screen
    shown.type("s")
    shown.wait_for("PER SEC▼")
    shown.type("q")
    screen = shown.wait_for("ENDED 0")
    assert "IPC_SEND" not in screen


def test_a_host_that_is_killed_is_shown_as_gone_and_comes_back(terminal, tmp_path):
    where = ("--unix", str(tmp_path / "relay"))
    with relay_process(*where) as relay:
        shown = terminal(f"{PERFMON} monitor -i 0.25 {relay.address}")
        shown.wait_for(r"○ unix:.*monitoring is off")
        relay.end(signal.SIGKILL)
    screen = shown.wait_for("✗ unix:")
    assert "IPC_SEND" in screen
    (tmp_path / "relay").unlink(missing_ok=True)
    with relay_process(*where):
        shown.type("c")
        shown.wait_for(r"○ unix:.*monitoring is off")


def test_a_host_that_is_not_there_is_an_ordinary_error(terminal):
    shown = terminal(f"{PERFMON} monitor unix:/nonexistent/socket")
    screen = shown.wait_for("ENDED 3")
    assert "/nonexistent/socket" in screen


def test_without_textual_there_are_plain_tables_and_a_word_on_it(terminal, tmp_path):
    (tmp_path / "textual.py").write_text("raise ImportError('hidden by a test')\n")
    shown = terminal(f"PYTHONPATH={tmp_path} {PERFMON} -H embedded: monitor -i 0.25 | cat")
    shown.wait_for("PER SECOND")
    shown.close()
    shown = terminal(f"PYTHONPATH={tmp_path} {PERFMON} -H embedded: monitor -i 1")
    shown.scrollback = True
    screen = shown.wait_for(r"pip install\s+'perfmon\[live\]'")
    shown.wait_for("PER SECOND")
    assert "Traceback" not in screen
