# SPDX-License-Identifier: GPL-2.0-or-later
"""kill -9 of perfmon and of a relay, while recording, monitoring and calling."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import perfmon
from perfmon.errors import PeerDied
from perfmon.interface import BUFFER_MIN
from tests.perfmon.kills.kill_contract import ClientKillContract, KillContract
from tests.perfmon.relay.processes import RelayProcess, relay_process


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[RelayProcess]:
    with relay_process("--unix", str(tmp_path / "host")) as relay:
        yield relay


@pytest.fixture
def address(relay: RelayProcess) -> str:
    return relay.address


class TestRelay(KillContract):
    DIED = r"unix:\S+ \w+: the other end closed the connection"

    @pytest.fixture
    def kill(self, relay: RelayProcess) -> Callable[[], None]:
        return lambda: relay.end(signal.SIGKILL) and None


class TestPerfmon(ClientKillContract):
    pass


def test_a_reader_resumes_behind_a_new_relay_and_reports_its_loss(
    relay: RelayProcess, tmp_path: Path
) -> None:
    """The host lives on behind a second relay, which dies and is started again."""
    where = ("--unix", str(tmp_path / "second"))
    with perfmon.connect(relay.address) as host:
        host.configure(sample_rate=0, buffer_size=BUFFER_MIN)
        host.set_events(["VM_ALLOC"])
        host.enable()
        host.workload.workload_memory(100, 1)
        with (
            relay_process(*where, host=relay.address) as second,
            perfmon.connect(second.address) as far,
        ):
            reader = perfmon.SampleReader(far)
            before = sum(map(len, reader.read()))
            second.end(signal.SIGKILL)
            with pytest.raises(PeerDied, match="unix:"):
                list(reader.read())
            # Reconnecting is for the program to say.
            with pytest.raises(PeerDied):
                far.interface()
        host.workload.workload_memory(3 * BUFFER_MIN, 1)
        with (
            relay_process(*where, host=relay.address) as second,
            perfmon.connect(second.address) as far,
        ):
            resumed = perfmon.SampleReader(far, reader.cursors)
            after = sum(map(len, resumed.read()))
            host.disable()
            after += sum(map(len, resumed.read()))
            lost = sum(resumed.lost.values())
            assert lost >= 2 * BUFFER_MIN
            assert before + after + lost == sum(cpu.written for cpu in far.cpus())
