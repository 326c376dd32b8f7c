# SPDX-License-Identifier: GPL-2.0-or-later
"""The command relay as a process: how it begins, what it leaves, what clients see when it dies."""

import re
import signal
import socket
import stat
import subprocess
import threading
import time
from pathlib import Path

import pytest

import perfmon
from perfmon import errors
from perfmon.cli import main
from perfmon.relay.listeners import parse_endpoint
from tests.perfmon.recording.recording_contract import babeltrace
from tests.perfmon.relay.processes import ENVIRONMENT, PERFMON, relay_process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_good_order(tmp_path: Path, number: int) -> None:
    path = tmp_path / "socket"
    with relay_process("--unix", str(path)) as relay, perfmon.connect(relay.address) as host:
        host.interface()
        status, said = relay.end(number)
        assert status == 0
        assert re.fullmatch(
            rf"perfmon: relay: serving embedded: on unix:{path}; Ctrl-C ends it\n"
            r"perfmon: relay: client 1 connected\n"
            r"perfmon: relay: client 1 left after 1 requests\n",
            said,
        )
        assert not path.exists()
        with pytest.raises(errors.PeerDied, match=f"unix:{path}"):
            host.interface()


def test_the_socket_is_its_owners_alone(tmp_path: Path) -> None:
    with relay_process("--unix", str(tmp_path / "socket")):
        assert stat.S_IMODE((tmp_path / "socket").stat().st_mode) == 0o600


def test_an_unprivileged_relay_gives_figures_and_nothing_else(tmp_path: Path) -> None:
    with (
        relay_process("--unix", str(tmp_path / "relay"), "--unprivileged") as relay,
        perfmon.connect(relay.address) as host,
    ):
        assert host.stats("SYSCALL").count >= 0
        assert list(host.transport.ports) == ["host"]
        with pytest.raises(errors.MachError):
            host.enable()
        with pytest.raises(errors.MachError):
            host.rpc.perf_read_samples(0, 0, 1)
        assert not host.interface().enabled


def test_through_an_unprivileged_relay_checks_fail_and_say_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with relay_process("--unix", str(tmp_path / "relay"), "--unprivileged") as relay:
        assert main(["-H", relay.address, "test"]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert "ok      privilege: " in out
    assert "the relay must run as root, without --unprivileged" in out


def test_a_socket_that_a_killed_relay_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with relay_process("--unix", str(path)) as relay:
        relay.end(signal.SIGKILL)
    assert path.is_socket()
    with pytest.raises(errors.ConnectError, match=r"refused.*perfmon -H HOST relay --unix"):
        perfmon.connect(f"unix:{path}")
    with relay_process("--unix", str(path)) as relay, perfmon.connect(relay.address) as host:
        assert host.interface().version == 1


def test_a_socket_that_another_relay_listens_on_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "socket"
    with relay_process("--unix", str(path)) as relay:
        assert main(["-H", "embedded:", "relay", "--unix", str(path)]) == 2
        assert f"unix:{path}: another relay listens there" in capsys.readouterr().err
        with perfmon.connect(relay.address) as host:
            host.interface()


def test_a_file_of_another_kind_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "precious").write_text("kept")
    assert main(["-H", "embedded:", "relay", "--unix", str(tmp_path / "precious")]) == 2
    assert "something else is there already" in capsys.readouterr().err
    assert (tmp_path / "precious").read_text() == "kept"


def test_a_tcp_port_that_is_taken_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["-H", "embedded:", "relay", "--tcp", str(port)]) == 2
    assert f"tcp:127.0.0.1:{port}: cannot listen" in capsys.readouterr().err


def test_tcp_beyond_loopback_comes_with_a_warning() -> None:
    with relay_process("--tcp", "0.0.0.0:0") as relay:
        assert "open to the network, without encryption or password" in relay.said[0]
        assert relay.address.startswith("tcp:0.0.0.0:")
    with relay_process("--tcp", "localhost:0") as relay:
        assert "warning" not in "".join(relay.said)


def test_a_client_beyond_loopback_is_warned_too(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("0.0.0.0", 0)) as silent:
        silent.close()
        assert main(["-H", f"tcp:0.0.0.0:{1}", "info"]) == 3
    assert "without encryption" in capsys.readouterr().err


def test_a_host_that_cannot_be_reached_is_told_before_anybody_connects(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address = f"unix:{tmp_path}/nobody"
    assert main(["-H", address, "relay", "--unix", str(tmp_path / "socket")]) == 3
    assert f"{address}: cannot connect" in capsys.readouterr().err
    assert not (tmp_path / "socket").exists()


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("4072", ("127.0.0.1", 4072)),
        (":4072", ("127.0.0.1", 4072)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),
        ("[::1]:4072", ("::1", 4072)),
        ("box:65535", ("box", 65535)),
    ],
)
def test_an_endpoint_without_a_host_is_this_machine(text: str, endpoint: tuple[str, int]) -> None:
    assert parse_endpoint(text) == endpoint


@pytest.mark.parametrize("text", ["", "box", "box:", "box:65536", "1:-1", "٣"])
def test_an_endpoint_that_cannot_be_read_is_a_mistake(text: str) -> None:
    with pytest.raises(errors.AddressError, match=r"expected \[HOST:\]PORT"):
        parse_endpoint(text)


def test_standard_input_and_output_serve_one_client_to_its_end() -> None:
    ours, theirs = socket.socketpair()
    command = [*PERFMON, "-H", "embedded:", "relay", "--stdio"]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, env=ENVIRONMENT
    ) as process:
        theirs.close()
        from mig.rpc.port import Port
        from mig.rpc.transports.stream import StreamTransport

        transport = StreamTransport(ours, address="pipe:")
        with perfmon.connect(Port.offered(transport, "host-priv")) as host:
            assert host.interface().version == 1
        assert process.wait(timeout=20) == 0
        assert process.stderr.read() == b""


# kill -9.


def test_a_relay_killed_during_a_call_is_noticed_at_once(tmp_path: Path) -> None:
    with relay_process("--unix", str(tmp_path / "socket")) as relay:
        with perfmon.connect(relay.address, timeout=60) as host:
            threading.Timer(0.3, relay.process.kill).start()
            begin = time.monotonic()
            with pytest.raises(errors.PeerDied) as caught:
                host.workload.workload_sleep(30_000)
            assert time.monotonic() - begin < 5
            assert str(caught.value).startswith(f"{relay.address} workload_sleep: the other end")
        relay.process.communicate()


def test_a_recording_whose_relay_is_killed_is_readable_to_its_last_packet(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    with relay_process("--unix", str(tmp_path / "socket")) as relay:
        with perfmon.connect(relay.address) as host:
            host.configure(sample_rate=0)
            host.enable()
            host.workload.workload_memory(500, 1)
            command = ["-H", relay.address, "record", "-o", str(trace), "--include-past"]
            with subprocess.Popen(
                [*PERFMON, *command], stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
            ) as recorder:
                deadline = time.monotonic() + 20
                while not list(trace.glob("cpu*")) and time.monotonic() < deadline:
                    time.sleep(0.02)
                time.sleep(0.3)
                relay.process.kill()
                _, said = recorder.communicate(timeout=20)
        relay.process.communicate()
    assert recorder.returncode == 3
    assert f"{trace} holds what was recorded until now" in said
    assert "Traceback" not in said
    assert len(babeltrace(trace)[0]) >= 1000
