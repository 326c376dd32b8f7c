# SPDX-License-Identifier: GPL-2.0-or-later
"""A host behind a relay does what every host does, whatever the stream is."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

import pytest

import perfmon
from perfmon import Host
from tests.perfmon.host_contract import HostContract
from tests.perfmon.recording.recording_contract import RecordingContract
from tests.perfmon.relay.processes import relay_process, ssh_server


@pytest.fixture(scope="module")
def unix_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with relay_process("--unix", str(tmp_path_factory.mktemp("relay") / "socket")) as relay:
        yield relay.address


class TestUnixHost(HostContract):
    @pytest.fixture
    def address(self, unix_address: str) -> str:
        return unix_address


class TestUnixRecording(RecordingContract):
    @pytest.fixture
    def address(self, unix_address: str) -> str:
        return unix_address


@pytest.fixture(scope="module")
def tcp_address() -> Iterator[str]:
    with relay_process("--tcp", "0") as relay:
        yield relay.address


class TestTcpHost(HostContract):
    @pytest.fixture
    def address(self, tcp_address: str) -> str:
        return tcp_address


@pytest.fixture(scope="module")
def ssh_hosts(
    unix_address: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[bool, Host]]:
    """Two relays behind an ssh server, both to the host of the relay above."""
    with (
        ssh_server(tmp_path_factory.mktemp("ssh"), unix_address) as ssh,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("PERFMON_SSH", ssh)
        with (
            perfmon.connect("ssh:127.0.0.1") as host,
            perfmon.connect("ssh:127.0.0.1", privileged=False) as unprivileged,
        ):
            yield {True: host, False: unprivileged}


class TestSshHost(HostContract):
    """All of it over the same two connections: each takes a while to make."""

    @pytest.fixture
    def address(self, ssh_hosts: dict[bool, Host]) -> str:
        self.hosts = ssh_hosts
        return "ssh:127.0.0.1"

    def connect(self, address: str, *, privileged: bool = True) -> AbstractContextManager[Host]:
        return nullcontext(self.hosts[privileged])
