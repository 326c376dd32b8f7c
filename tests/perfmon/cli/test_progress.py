# SPDX-License-Identifier: GPL-2.0-or-later
"""Progress is for terminals, and leaves nothing behind."""

import io
import time

import pytest

from perfmon.cli.progress import Progress


class Stream(io.StringIO):
    encoding = "utf-8"

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture
def patient(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("perfmon.cli.progress._PATIENCE", 0.01)
    monkeypatch.setattr("perfmon.cli.progress._INTERVAL", 0.01)


def watch(monkeypatch, *, terminal: bool, seconds: float = 0.1) -> str:
    stream = Stream(terminal)
    monkeypatch.setattr("sys.stderr", stream)
    with Progress("reading trace", 1000) as progress:
        progress.advance(250)
        time.sleep(seconds)
    return stream.getvalue()


def test_a_terminal_sees_how_far_it_is_and_then_an_empty_line(monkeypatch, patient):
    text = watch(monkeypatch, terminal=True)
    assert "reading trace, 0 s   25 %  ███████▌░" in text
    assert text.endswith("\r\x1b[K")
    assert "\n" not in text


def test_nothing_goes_anywhere_else(monkeypatch, patient):
    assert watch(monkeypatch, terminal=False) == ""
    monkeypatch.setenv("TERM", "dumb")
    assert watch(monkeypatch, terminal=True) == ""


def test_short_work_is_not_talked_about(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    assert watch(monkeypatch, terminal=True, seconds=0) == ""


@pytest.mark.parametrize("width", [20, 40, 80])
@pytest.mark.parametrize("total", [None, 1000])
def test_a_line_is_shorter_than_the_terminal(width, total):
    progress = Progress("reading some/long/directory", total)
    progress.advance(2000)
    line = progress.line(width)
    assert len(line) < width
    assert ("100 %" in line) == bool(total and width >= 40)
