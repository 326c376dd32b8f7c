# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients of a relay that misbehave, and those beside them that must not notice."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

import perfmon
from mig.rpc.abi import X86_64
from mig.rpc.message import BITS_COMPLEX, Header, Message, make_bits, pack_header
from mig.rpc.port import Port
from mig.rpc.transport import Transport
from mig.rpc.transports.stream import Hello
from perfmon import errors
from perfmon._generated.perf_monitor import PerfEventStats
from perfmon.embedded import EmbeddedTransport
from perfmon.relay.limits import Limits
from perfmon.relay.listeners import listen_unix
from perfmon.relay.server import Relay
from perfmon.relay.session import Session
from tests.perfmon.scripted import ScriptedTransport

BITS = make_bits(19, 21)


class Served:
    """A relay in this process; `log` is what it said."""

    def __init__(self, path: Path, open_host: Callable[[], Transport], limits: Limits) -> None:
        self.path = path
        self.log: list[str] = []
        self.relay = Relay(open_host, limits, self.log.append)
        with ExitStack() as stack:
            listener = stack.enter_context(listen_unix(path))
            stack.enter_context(self.relay)
            stack.enter_context(self.relay.serving(listener))
            self.stop = stack.pop_all().close

    def connect(self) -> perfmon.Host:
        return perfmon.connect(f"unix:{self.path}", timeout=10)

    def raw(self) -> tuple[socket.socket, bytes]:
        """A connection and the line that the relay said first."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(10)
        connection.connect(str(self.path))
        line = b""
        while not line.endswith(b"\n"):
            line += connection.recv(4096)
        return connection, line

    def await_log(self, text: str) -> None:
        deadline = time.monotonic() + 10
        while not any(text in line for line in self.log):
            assert time.monotonic() < deadline, self.log
            time.sleep(0.01)


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    started: list[Served] = []

    def start(open_host: Callable[[], Transport] = EmbeddedTransport, **limits: float) -> Served:
        started.append(Served(tmp_path / f"socket{len(started)}", open_host, Limits(**limits)))
        return started[-1]

    yield start
    for served in started:
        served.stop()


def hung_up(connection: socket.socket) -> bool:
    with connection:
        try:
            return connection.recv(1) == b""
        except ConnectionResetError:
            return True


def header(size: int, *, bits: int = BITS, id_: int = 2072, remote: int = 1) -> bytes:
    return pack_header(X86_64, Header(bits, size, remote, 0, 0, id_))


def test_a_message_too_large_ends_the_connection_before_it_is_read(serve: Serve) -> None:
    served = serve(message=4096)
    connection, _ = served.raw()
    connection.sendall(header(1 << 19))
    assert hung_up(connection)
    served.await_log("expected at most 4096 bytes in a message, found ")


def test_too_much_out_of_line_ends_the_connection_before_it_is_read(serve: Serve) -> None:
    served = serve(out_of_line=4096)
    connection, _ = served.raw()
    body = struct.pack("<IIQ", 8 | 8 << 8, 3000, 0) * 2
    connection.sendall(header(32 + len(body), bits=BITS | BITS_COMPLEX) + body + bytes(3000))
    assert hung_up(connection)
    served.await_log("expected at most 4096 bytes out of line, found 6000")


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\nHost: here.example\r\n\r\n", bytes(64)])
def test_what_is_no_message_ends_the_connection(serve: Serve, garbage: bytes) -> None:
    served = serve()
    connection, _ = served.raw()
    connection.sendall(garbage)
    assert hung_up(connection)
    served.await_log("hung up on: expected a message of 32 to ")


def test_a_client_may_be_silent_for_longer_than_the_system_can_wait(serve: Serve) -> None:
    with serve(idle=1e9).connect() as host:
        time.sleep(0.05)
        assert host.interface().version == 1


def test_a_silent_client_is_hung_up_on(serve: Serve) -> None:
    served = serve(idle=0.1)
    connection, _ = served.raw()
    assert hung_up(connection)
    served.await_log("client 1 hung up on: ")


def test_a_message_that_never_ends_is_not_waited_for(serve: Serve) -> None:
    served = serve(transfer=0.2)
    connection, _ = served.raw()
    connection.sendall(header(100))
    begin = time.monotonic()
    with suppress(ConnectionError):  # where this process is late, the relay has hung up before
        for _ in range(3):
            time.sleep(0.05)
            connection.sendall(b"\0")
    assert hung_up(connection)
    assert time.monotonic() - begin < 5


def test_a_client_that_does_not_read_its_replies_is_hung_up_on(serve: Serve) -> None:
    served = serve(transfer=0.3)
    connection, line = served.raw()
    hello = Hello.from_line(line)
    request = pack_header(
        hello.abi,
        Header(BITS, hello.abi.header_size, hello.ports["host"], hello.reply_port, 0, 2071),
    )
    with connection, pytest.raises((TimeoutError, OSError)):
        connection.settimeout(5)
        while True:
            connection.sendall(request * 100)
    served.await_log("client 1 ")
    served.await_log("hung up on: ")


def test_behind_a_part_of_a_message_nothing_more_is_written() -> None:
    class SlowPeer:
        taken = b""
        slow = True

        def read(self, size: int, deadline: float | None) -> bytes:
            raise EOFError

        def write(self, data: bytes, deadline: float) -> None:
            self.taken += data[: 3 if self.slow else None]
            if self.slow:
                raise TimeoutError

    peer = SlowPeer()
    session = Session(peer, ScriptedTransport({}), Limits())
    pushed = Message(header(X86_64.header_size))
    for peer.slow in (True, False):
        with pytest.raises(TimeoutError):
            session._push(pushed)
    assert peer.taken == pushed.data[:3]


def test_hostile_and_slow_clients_do_not_slow_down_another(serve: Serve) -> None:
    served = serve()
    stuck = [served.raw()[0] for _ in range(8)]
    for number, connection in enumerate(stuck):
        connection.sendall(header(64)[: 4 * number])
    with served.connect() as host:
        begin = time.monotonic()
        for _ in range(100):
            host.interface()
        assert time.monotonic() - begin < 2
    for connection in stuck:
        connection.close()


def test_clients_beyond_the_limit_are_told_so_and_others_served_on(serve: Serve) -> None:
    served = serve(clients=2)
    with served.connect() as first, served.connect():
        with pytest.raises(errors.ProtocolError, match="the relay serves 2 clients already"):
            served.connect()
        assert first.interface().version == 1
    served.await_log("client 2 left after ")
    served.await_log("client 1 left after ")
    with served.connect() as host:
        assert host.interface().version == 1


def test_a_port_name_that_is_not_on_offer_is_refused_as_a_kernel_does(serve: Serve) -> None:
    served = serve()
    with served.connect() as host:
        ports = host.transport.ports
        assert set(ports) == {"host", "host-priv", "workload"}
        stranger = perfmon.connect(Port(host.transport, max(ports.values()) + 1))
        with pytest.raises(errors.KernReturnError, match="MACH_SEND_INVALID_DEST"):
            stranger.interface()
        assert host.interface().version == 1


def test_a_refused_message_without_reply_port_is_dropped_without_an_answer(serve: Serve) -> None:
    served = serve()
    with served.connect() as host:
        host.transport.send(Message(header(32, remote=12345)))
        assert host.interface().version == 1


# The host behind the relay.


def test_a_host_that_dies_is_told_apart_from_a_relay_that_does(serve: Serve) -> None:
    def die(*_: object) -> tuple[object, ...]:
        raise errors.PeerDied("the guest has ended")

    served = serve(lambda: ScriptedTransport({"perf_get_event_stats": die}))
    with served.connect() as host:
        with pytest.raises(errors.MigServerDied, match=r"the host died; the relay .* still lives"):
            host.stats(2)
        with pytest.raises(errors.PeerDied):
            host.stats(2)
    served.await_log("lost: the guest has ended")


def test_a_host_that_does_not_answer_is_a_time_out_to_the_client(serve: Serve) -> None:
    def hang(*_: object) -> tuple[object, ...]:
        raise errors.CallTimeout("no reply")

    answers = {"perf_get_event_stats": hang, "perf_set_baseline": lambda: ()}
    served = serve(lambda: ScriptedTransport(answers))
    with served.connect() as host:
        with pytest.raises(errors.KernReturnError, match="MACH_RCV_TIMED_OUT"):
            host.stats(2)
        host.set_baseline()


def test_a_host_that_cannot_be_reached_any_more_is_named_to_the_client(serve: Serve) -> None:
    def gone() -> Transport:
        raise errors.ConnectError("no such guest", address="qemu:g")

    served = serve(gone)
    _, line = served.raw()
    assert json.loads(line) == {"error": "qemu:g: no such guest"}
    served.await_log("client 1 turned away: qemu:g: no such guest")


def test_one_clients_long_call_does_not_hold_up_anothers(serve: Serve) -> None:
    calling, answer = threading.Event(), threading.Event()

    def wait(*_: object) -> tuple[object, ...]:
        calling.set()
        assert answer.wait(10)
        return (PerfEventStats(*[7] * 10),)

    script = {"perf_get_event_stats": wait, "perf_set_baseline": lambda: ()}
    served = serve(lambda: ScriptedTransport(script))
    with served.connect() as slow, served.connect() as quick:
        found: list[int] = []
        caller = threading.Thread(target=lambda: found.append(slow.stats(2).count))
        caller.start()
        assert calling.wait(10)
        quick.set_baseline()
        answer.set()
        caller.join()
        assert found == [7]


def test_leaving_a_relay_hangs_up_on_its_clients(serve: Serve) -> None:
    served = serve()
    with served.connect() as host:
        served.relay.close()
        with pytest.raises(errors.PeerDied, match="unix:"):
            host.interface()
