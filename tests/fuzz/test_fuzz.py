# SPDX-License-Identifier: GPL-2.0-or-later
"""What others write is refused as documented: a short session of each fuzzer, and old findings.

`make fuzz` runs the same for as long as one likes, and elsewhere each time; a test of this commit
has no business to fail for what an earlier one brought, so its sessions are alike: from the same
seed, for so many executions, on any machine (the host's differ a little: it has threads).
"""

from pathlib import Path

import pytest

from tests.fuzz.run import NAMES, REGRESSIONS, fuzz, replay

SECONDS = 60
"""By when a session ends that is not through, on a slow machine."""
SEED = 1
EXECUTIONS = {
    "defs": 1_500,
    "decoder": 200_000,
    "stream": 100_000,
    "trace": 3_000,
    "kernel": 60,
    "baseline": 15_000,
    "history": 6_000,
    "host": 20_000,
}
"""What each does in some five seconds."""


@pytest.mark.parametrize("name", NAMES)
def test_a_short_session_finds_nothing(name: str, tmp_path: Path):
    planned = EXECUTIONS[name]
    session = fuzz(name, SECONDS, tmp_path, seed=SEED, executions=planned)
    assert session.finding == ""
    assert session.executions > planned // 10
    assert session.coverage > 30


@pytest.mark.parametrize(
    "finding",
    [pytest.param(path, id=f"{path.parent.name}-{path.name}") for path in REGRESSIONS.glob("*/*")],
)
def test_what_was_found_once_is_refused_now(finding: Path):
    replay(finding)


def test_a_session_reports_what_it_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PERFMON_FUZZ_BREAK", "1")
    session = fuzz("stream", SECONDS, tmp_path)
    assert "broken on purpose" in session.finding
    assert list(tmp_path.iterdir())


def test_a_size_that_the_hosts_stub_does_not_check_is_missed_in_seconds(tmp_path: Path):
    session = fuzz("host", SECONDS, tmp_path, without="size")
    assert "AddressSanitizer: heap-buffer-overflow" in session.finding
    assert "perf_monitor_server.c" in session.finding
    assert list(tmp_path.iterdir())
