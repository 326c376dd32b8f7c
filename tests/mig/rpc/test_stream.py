# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages over sockets, with a peer that may be anybody."""

import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from mig.rpc.abi import I386, X86_64, Abi
from mig.rpc.errors import CallTimeout, ConnectError, PeerDied, ProtocolError
from mig.rpc.message import BITS_COMPLEX, Header, Message, pack_header
from mig.rpc.transports.connection import Connection
from mig.rpc.transports.stream import (
    HELLO_MAX,
    MESSAGE_MAX,
    Hello,
    StreamTransport,
    message_chunks,
    open_tcp,
    open_unix,
    read_message,
)

FAR = {
    "i386": bytes.fromhex("00000060 09000800 00000000 00000000"),
    "x86_64": bytes.fromhex("090800c0 00000000 00000000 00000000"),
}

GOOD = Hello(I386, 119, {"host": 17}).to_line()

Peer = Callable[[socket.socket], None]
Connect = Callable[[Peer], StreamTransport]


def message(abi: Abi, region: bytes | None = None) -> Message:
    if region is None:
        return Message(pack_header(abi, Header(0x1513, abi.header_size, 1, 2, 0, 100)))
    body = bytearray(FAR[abi.name])
    count = 4 if abi.wide else 8
    body[count : count + 4] = len(region).to_bytes(4, "little")
    size = abi.header_size + len(body)
    header = Header(BITS_COMPLEX | 0x1513, size, 1, 2, 0, 100)
    return Message(pack_header(abi, header) + body, (region,))


def hello(abi: Abi) -> bytes:
    return Hello(abi, 0x77, {"host": 0x11}).to_line()


def echo(abi: Abi) -> Peer:
    """A peer that sends every message back."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(hello(abi))
        with connection.makefile("rb") as stream:
            while stream.peek(1):
                for chunk in message_chunks(abi, read_message(abi, stream.read)):
                    connection.sendall(chunk)

    return serve


def say(*texts: bytes) -> Peer:
    """A peer that says something, whatever it hears, and hangs up."""

    def serve(connection: socket.socket) -> None:
        for text in texts:
            connection.sendall(text)

    return serve


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connect to a peer that runs in a thread of its own."""
    opened: list[threading.Thread] = []
    transports: list[StreamTransport] = []

    def start(peer: Peer) -> StreamTransport:
        ours, theirs = socket.socketpair()

        def serve() -> None:
            with theirs:
                peer(theirs)

        opened.append(threading.Thread(target=serve))
        opened[-1].start()
        transports.append(StreamTransport(ours, address="unix:test", timeout=5))
        return transports[-1]

    yield start
    for transport in transports:
        transport.close()
    for thread in opened:
        thread.join(5)
        assert not thread.is_alive()


@pytest.fixture(params=[I386, X86_64], ids=lambda abi: abi.name)
def abi(request: pytest.FixtureRequest) -> Abi:
    return request.param


def test_the_hello_tells_abi_and_ports(connect: Connect, abi: Abi) -> None:
    transport = connect(echo(abi))
    assert (transport.abi, transport.reply_port) == (abi, 0x77)
    assert transport.ports == {"host": 0x11}


@pytest.mark.parametrize("region", [None, b"", b"x", bytes(range(256)) * 5000])
def test_messages_and_their_memory_travel_both_ways(
    connect: Connect, abi: Abi, region: bytes | None
) -> None:
    transport = connect(echo(abi))
    sent = message(abi, region)
    for _ in range(2):
        assert transport.call(sent, 5) == sent


def test_a_message_without_reply_does_not_disturb_the_next(connect: Connect, abi: Abi) -> None:
    received = []

    def peer(connection: socket.socket) -> None:
        connection.sendall(hello(abi))
        with connection.makefile("rb") as stream:
            received.append(read_message(abi, stream.read))
            received.append(read_message(abi, stream.read))
            connection.sendall(message(abi).data)

    transport = connect(peer)
    transport.send(message(abi, b"abc"))
    assert transport.call(message(abi), 5) == message(abi)
    assert received == [message(abi, b"abc"), message(abi)]


@pytest.mark.parametrize(
    "line",
    [
        b"SSH-2.0-OpenSSH_9\r\n",
        b"{}\n",
        GOOD.replace(b'"version": 1', b'"version": 2'),
        GOOD.replace(b"i386", b"arm"),
        GOOD.replace(b"119", b"-1"),
        GOOD.replace(b"17", b'"17"'),
        GOOD.replace(b'{"host": 17}', b"3"),
        b"\xff\xfe\n",
        b"x" * HELLO_MAX,
    ],
)
def test_what_is_no_hello_is_refused(connect: Connect, line: bytes) -> None:
    with pytest.raises(ProtocolError, match="unix:test: expected a hello of"):
        connect(say(line))


def test_a_peer_that_hangs_up_before_its_hello_is_dead(connect: Connect) -> None:
    with pytest.raises(PeerDied, match="unix:test: the other end closed the connection"):
        connect(say(b'{"protocol"'))


def test_a_reply_that_does_not_come_ends_in_time(connect: Connect, abi: Abi) -> None:
    done = threading.Event()

    def peer(connection: socket.socket) -> None:
        connection.sendall(hello(abi))
        done.wait(5)

    transport = connect(peer)
    with pytest.raises(CallTimeout, match="unix:test: no reply in time"):
        transport.call(message(abi), 0.05)
    with pytest.raises(PeerDied, match="this connection was closed"):
        transport.call(message(abi), 0.05)
    done.set()


def test_closing_ends_a_call_that_waits(connect: Connect, abi: Abi) -> None:
    asked, done = threading.Event(), threading.Event()

    def peer(connection: socket.socket) -> None:
        connection.sendall(hello(abi))
        connection.recv(4096)
        asked.set()
        done.wait(5)

    transport = connect(peer)
    errors: list[Exception] = []

    def call() -> None:
        try:
            transport.call(message(abi))
        except PeerDied as error:
            errors.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    assert asked.wait(5)
    with pytest.raises(CallTimeout, match="another thread is using the connection"):
        transport.call(message(abi), 0.01)
    transport.close()
    caller.join(5)
    assert len(errors) == 1
    done.set()


def test_a_reply_cut_off_is_a_dead_peer(connect: Connect, abi: Abi) -> None:
    reply = message(abi, b"abcdef")
    transport = connect(say(hello(abi), reply.data, b"abc"))
    with pytest.raises(PeerDied, match="connection"):
        transport.call(message(abi), 5)


@pytest.mark.parametrize("size", [0, 8, MESSAGE_MAX + 1, 0xFFFFFFFF])
def test_a_size_that_no_message_has_is_refused(connect: Connect, abi: Abi, size: int) -> None:
    wrong = pack_header(abi, Header(0, size, 0, 0, 0, 200))

    def peer(connection: socket.socket) -> None:
        connection.sendall(hello(abi))
        connection.recv(4096)
        connection.sendall(wrong)

    transport = connect(peer)
    with pytest.raises(ProtocolError, match=f"found one of {size}"):
        transport.call(message(abi), 5)


def test_memory_without_bounds_is_not_waited_for(connect: Connect, abi: Abi) -> None:
    data = bytearray(message(abi, b"").data)
    count = abi.header_size + (4 if abi.wide else 8)
    data[count : count + 4] = b"\xff\xff\xff\xff"

    def peer(connection: socket.socket) -> None:
        connection.sendall(hello(abi))
        connection.recv(4096)
        connection.sendall(data)

    transport = connect(peer)
    with pytest.raises(ProtocolError, match="bytes out of line, found 4294967295"):
        transport.call(message(abi), 5)


def test_a_request_that_lacks_its_memory_is_not_sent(connect: Connect, abi: Abi) -> None:
    transport = connect(echo(abi))
    with pytest.raises(ProtocolError, match="expected out-of-line regions"):
        transport.call(Message(message(abi, b"abc").data), 5)
    assert transport.call(message(abi), 5) == message(abi)


def test_threads_share_a_connection(connect: Connect, abi: Abi) -> None:
    transport = connect(echo(abi))
    wrong: list[Message] = []

    def work(mark: int) -> None:
        for length in range(50):
            sent = message(abi, bytes([mark]) * length)
            reply = transport.call(sent, 5)
            if reply != sent:
                wrong.append(reply)

    threads = [threading.Thread(target=work, args=(mark,)) for mark in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_sockets_are_found_by_path_and_by_port(tmp_path: Path, abi: Abi) -> None:
    path = tmp_path / "host"
    with socket.socket(socket.AF_UNIX) as near, socket.socket() as far:
        near.bind(str(path))
        far.bind(("127.0.0.1", 0))
        for listener in (near, far):
            listener.listen()

        def serve() -> None:
            for listener in (near, far):
                connection, _ = listener.accept()
                with connection:
                    echo(abi)(connection)

        server = threading.Thread(target=serve)
        server.start()
        port = far.getsockname()[1]
        for opened in (partial(open_unix, path), partial(open_tcp, "127.0.0.1", port)):
            with opened(timeout=5) as transport:
                assert transport.call(message(abi), 5) == message(abi)
        server.join(5)


def test_nobody_listening_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConnectError, match=r"unix:.*/nobody: cannot connect"):
        open_unix(tmp_path / "nobody")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(ConnectError, match=f"tcp:127.0.0.1:{port}: cannot connect"):
            open_tcp("127.0.0.1", port)


def test_a_call_may_have_more_time_than_the_system_can_wait(connect: Connect) -> None:
    with connect(echo(I386)) as transport:
        assert transport.call(message(I386), timeout=1e9).data == message(I386).data


@pytest.mark.parametrize("unread", [False, True], ids=["broken pipe", "reset"])
def test_a_peer_that_is_gone_is_told_alike_wherever_it_is_noticed(unread: bool) -> None:
    ours, theirs = socket.socketpair()
    connection = Connection(ours, "unix:test", "late")
    if unread:
        connection.write([b"not read"], None)
    theirs.close()
    with pytest.raises(PeerDied, match="unix:test: the other end closed the connection"):
        connection.read(1, None) if unread else connection.write([b"x"], None)
