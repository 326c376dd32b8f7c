# SPDX-License-Identifier: GPL-2.0-or-later
"""Python servers behind sockets, with clients that may be anybody."""

import errno
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from mig.rpc.abi import I386, X86_64, Abi
from mig.rpc.errors import ConnectError, PeerDied, ProtocolError
from mig.rpc.message import BITS_COMPLEX, Header, Message, pack_header, unpack_header
from mig.rpc.server import Demultiplexer, Routine, Server
from mig.rpc.transports.listener import Limits, Listener, listen_tcp, listen_unix
from mig.rpc.transports.stream import StreamTransport, open_tcp, open_unix

PORTS = {"echo": 0x11}


class Echo(Server):
    """Answers message 100 of any body; messages are not the test's subject."""

    _package: ClassVar[str] = f"{__name__}_wire"
    _routines: ClassVar[Mapping[int, Routine]] = {
        100: Routine("echo", results=("body",)),
        101: Routine("forget", simple=True),
    }

    def __init__(self) -> None:
        self.seen: list[bytes] = []

    def echo(self, _: int, body: bytes) -> bytes:
        self.seen.append(body)
        return body

    def forget(self, _: int, body: bytes) -> None:
        self.seen.append(body)


class Wire:
    """The messages of both ABIs, without descriptors: the body is all."""

    def __init__(self, abi: Abi) -> None:
        self.abi = abi

    def decode_echo_request(self, message: Message) -> tuple[bytes]:
        return (message.data[self.abi.header_size :],)

    decode_forget_request = decode_echo_request

    def encode_echo_reply(self, remote: int, *, msgh_remote_type: int, body: bytes) -> Message:
        size = self.abi.header_size + len(body)
        header = Header(msgh_remote_type, size, remote, 0, 0, 200)
        return Message(pack_header(self.abi, header) + body)


@pytest.fixture(params=[I386, X86_64], ids=lambda abi: abi.name)
def abi(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Abi:
    wire = Wire(request.param)
    monkeypatch.setattr("mig.rpc.server.import_module", lambda _: wire)
    return request.param


@pytest.fixture
def server(abi: Abi) -> Echo:
    return Echo()


Start = Callable[..., Listener]


@pytest.fixture
def start(abi: Abi, server: Echo, tmp_path: Path) -> Iterator[Start]:
    """Starts a listener on a Unix socket, and ends it."""
    started: list[tuple[Listener, threading.Thread]] = []

    def run(**limits: Any) -> Listener:
        listener = listen_unix(
            tmp_path / "socket", Demultiplexer(abi, server), PORTS, limits=Limits(**limits)
        )
        thread = threading.Thread(target=listener.serve)
        thread.start()
        started.append((listener, thread))
        return listener

    yield run
    for listener, thread in started:
        listener.close()
        thread.join(5)
        assert not thread.is_alive()


def connect(listener: Listener) -> StreamTransport:
    return open_unix(Path(listener.address.removeprefix("unix:")), timeout=5)


def request(abi: Abi, body: bytes, *, port: int = 0x11, id_: int = 100, reply: int = 1) -> Message:
    size = abi.header_size + len(body)
    bits = 0x1513 if reply else 0x13
    return Message(pack_header(abi, Header(bits, size, port, reply, 0, id_)) + body)


def asked(transport: StreamTransport, body: bytes, **header: int) -> Message:
    message = request(transport.abi, body, reply=transport.reply_port, **header)
    return transport.call(message, timeout=5)


def code(abi: Abi, reply: Message) -> int:
    at = abi.header_size + abi.short_descriptor
    return int.from_bytes(reply.data[at : at + 4], "little", signed=True)


def test_a_client_is_told_abi_and_ports_and_gets_its_reply(abi: Abi, start: Start) -> None:
    with connect(start()) as transport:
        assert transport.abi is abi
        assert transport.ports == PORTS
        for body in (b"", b"body" * 10):
            reply = asked(transport, body)
            assert reply.data[abi.header_size :] == body
            header = unpack_header(abi, reply.data)
            assert (header.local, header.remote, header.id) == (transport.reply_port, 0, 200)


def test_several_clients_are_served_at_once(abi: Abi, start: Start) -> None:
    listener = start()
    clients = [connect(listener) for _ in range(5)]
    for number, transport in enumerate(clients):
        body = b"%04d" % number
        assert asked(transport, body).data.endswith(body)
    for transport in clients:
        transport.close()


def test_a_message_to_a_port_that_is_not_on_offer_is_refused(
    abi: Abi, start: Start, server: Echo
) -> None:
    with connect(start()) as transport:
        assert code(abi, asked(transport, b"", port=0x99)) == 0x10000003
        transport.send(request(abi, b"", port=0x99, reply=0))
        assert server.seen == []
        assert asked(transport, b"still").data.endswith(b"still")


def test_a_simpleroutine_is_taken_without_a_word(abi: Abi, start: Start, server: Echo) -> None:
    with connect(start()) as transport:
        transport.send(request(abi, b"told", id_=101, reply=0))
        transport.send(request(abi, b"told", id_=101, reply=0x99))
        assert asked(transport, b"then").data.endswith(b"then")
    assert server.seen == [b"told", b"told", b"then"]


def test_a_client_too_many_is_told_so(start: Start) -> None:
    listener = start(clients=1)
    with connect(listener), pytest.raises(ProtocolError, match="too many clients"):
        connect(listener)


def test_a_request_beyond_the_limit_ends_the_connection(
    abi: Abi, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    listener = start(message=100)
    with caplog.at_level(logging.WARNING), connect(listener) as transport:
        asked(transport, bytes(100 - abi.header_size))
        with pytest.raises(PeerDied):
            asked(transport, bytes(104 - abi.header_size))
    assert f"expected a message of {abi.header_size} to 100 bytes, found one of 104" in caplog.text
    with connect(listener) as transport:
        assert asked(transport, b"next").data.endswith(b"next")


def test_memory_beyond_the_limit_ends_the_connection(abi: Abi, start: Start) -> None:
    descriptor = {"i386": "000000600900080001000080", "x86_64": "090800c001000080"}[abi.name]
    body = bytes.fromhex(descriptor) + bytes(abi.pointer)
    with connect(start()) as transport:
        message = request(abi, body)
        bits = (0x1513 | BITS_COMPLEX).to_bytes(4, "little")
        transport._connection.write([bits + message.data[4:]], None)
        with pytest.raises(PeerDied):
            asked(transport, b"")


def test_half_a_message_is_waited_for_only_so_long(abi: Abi, start: Start) -> None:
    with connect(start(patience=0.1)) as transport:
        transport._connection.write([request(abi, b"body").data[:10]], None)
        assert transport._connection.read_some(1, None) == b""


def test_an_idle_client_is_hung_up_on_where_that_is_asked_for(start: Start) -> None:
    with connect(start(idle=0.1)) as transport:
        assert transport._connection.read_some(1, None) == b""


def test_closing_hangs_up_and_removes_the_socket(start: Start) -> None:
    listener = start()
    path = Path(listener.address.removeprefix("unix:"))
    assert path.stat().st_mode & 0o777 == 0o600
    with connect(listener) as transport:
        listener.close()
        listener.close()
        assert not path.exists()
        with pytest.raises(PeerDied):
            asked(transport, b"")


def test_a_socket_that_somebody_listens_on_is_left_alone(abi: Abi, start: Start) -> None:
    path = Path(start().address.removeprefix("unix:"))
    with pytest.raises(ConnectError, match="cannot listen"):
        listen_unix(path, Demultiplexer(abi), PORTS)
    with connect_again(path) as transport:
        assert asked(transport, b"here").data.endswith(b"here")


def connect_again(path: Path) -> StreamTransport:
    return open_unix(path, timeout=5)


def test_a_socket_that_was_left_behind_is_replaced(abi: Abi, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with listen_unix(path, Demultiplexer(abi), PORTS) as listener:
        assert listener.address == f"unix:{path}"
    assert not path.exists()


def test_tcp_listens_where_it_is_told(
    abi: Abi, server: Echo, caplog: pytest.LogCaptureFixture
) -> None:
    with listen_tcp("127.0.0.1", 0, Demultiplexer(abi, server), PORTS) as listener:
        assert "without encryption" not in caplog.text
        thread = threading.Thread(target=listener.serve)
        thread.start()
        _, host, port = listener.address.split(":")
        with open_tcp(host, int(port), timeout=5) as transport:
            assert asked(transport, b"there").data.endswith(b"there")
    thread.join(5)
    assert not thread.is_alive()
    with listen_tcp("0.0.0.0", 0, Demultiplexer(abi, server), PORTS):
        assert "without encryption, open to the network" in caplog.text


def test_a_client_waits_without_haste_while_there_are_no_descriptors(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    listener = start()
    left, accept = 3, listener._listening.accept

    class Short:
        def __getattr__(self, name: str) -> Any:
            return getattr(listening, name)

        def accept(self) -> Any:
            nonlocal left
            left -= 1
            if left >= 0:
                raise OSError(errno.EMFILE, "Too many open files")
            return accept()

    listening = listener._listening
    monkeypatch.setattr(listener, "_listening", Short())
    begin = time.monotonic()
    with caplog.at_level(logging.WARNING), connect(listener) as transport:
        assert asked(transport, b"at last").data.endswith(b"at last")
    assert time.monotonic() - begin >= 0.3
    assert caplog.text.count("cannot accept: Too many open files") == 3


def test_a_client_that_finds_no_thread_makes_way_for_the_next(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = start(clients=1)
    thread_start = threading.Thread.start

    def fail(thread: threading.Thread) -> None:
        monkeypatch.setattr(threading.Thread, "start", thread_start)
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    with pytest.raises(ProtocolError, match="too many threads"):
        connect(listener)
    with connect(listener) as transport:
        assert asked(transport, b"next").data.endswith(b"next")
