# SPDX-License-Identifier: GPL-2.0-or-later
"""What a demultiplexer answers, whatever the servers behind it."""

import logging
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from mig.rpc.abi import I386, X86_64, Abi
from mig.rpc.errors import (
    CallTimeout,
    KernReturnError,
    MachSendInvalidDest,
    MigNoReply,
    PeerDied,
    ProtocolError,
    UnknownReturnCode,
)
from mig.rpc.message import Header, Message, pack_header, unpack_header
from mig.rpc.server import Channel, Demultiplexer, Routine, Server, serve
from mig.rpc.transports.loopback import Loopback


class One(Server):
    """A server of message 100, whose outcome the test sets."""

    _package: ClassVar[str] = "one"
    _routines: ClassVar[Mapping[int, Routine]] = {
        100: Routine("ask", header=("request_port", "reply_port", "seqno")),
        101: Routine("tell", simple=True),
        102: Routine("rare", only="i386"),
    }
    outcome: Exception | None = None

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def ask(self, *arguments: Any) -> None:
        self.calls.append(arguments)
        if self.outcome:
            raise self.outcome

    tell = rare = ask


class Other(One):
    """A server of the same messages."""


@pytest.fixture(params=[I386, X86_64], ids=lambda abi: abi.name)
def abi(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Abi:
    abi: Abi = request.param

    def encode(remote: int, *, msgh_remote_type: int) -> Message:
        return Message(
            pack_header(abi, Header(msgh_remote_type, abi.header_size, remote, 0, 0, 200))
        )

    def decode(message: Message) -> tuple[()]:
        unpack_header(abi, message.data)
        if len(message.data) != abi.header_size:
            raise ProtocolError("malformed")
        return ()

    wire = SimpleNamespace(
        decode_ask_request=decode,
        decode_tell_request=decode,
        decode_rare_request=decode,
        encode_ask_reply=encode,
        encode_rare_reply=encode,
    )
    monkeypatch.setattr("mig.rpc.server.import_module", lambda _: wire)
    return abi


def request(abi: Abi, id_: int, *, remote: int = 0x77, more: bytes = b"") -> Message:
    header = Header(0x1112, abi.header_size + len(more), remote, 0x11, 5, id_)
    return Message(pack_header(abi, header) + more)


def code(abi: Abi, reply: Message | None) -> int:
    assert reply is not None
    header = unpack_header(abi, reply.data)
    assert (header.bits, header.remote, header.local) == (0x12, 0x77, 0)
    assert header.size == abi.error_reply_size
    at = abi.header_size + abi.short_descriptor
    return int.from_bytes(reply.data[at : at + 4], "little", signed=True)


def test_a_method_is_called_with_what_the_header_says(abi: Abi) -> None:
    server = One()
    reply = Demultiplexer(abi, server).handle(request(abi, 100))
    assert server.calls == [(0x11, 0x77, 5)]
    assert reply is not None
    assert unpack_header(abi, reply.data) == Header(0x12, abi.header_size, 0x77, 0, 0, 200)


def test_an_unknown_id_is_answered_bad_id(abi: Abi) -> None:
    for id_, reply_id in ((99, 199), (0x7FFFFFFF, -0x80000000 + 99), (-5, 95)):
        reply = Demultiplexer(abi, One()).handle(request(abi, id_))
        assert code(abi, reply) == -303
        assert unpack_header(abi, reply.data).id == reply_id


def test_a_routine_of_another_abi_is_unknown(abi: Abi) -> None:
    reply = Demultiplexer(abi, One()).handle(request(abi, 102))
    assert reply is not None
    assert (unpack_header(abi, reply.data).size == abi.header_size) == (abi is I386)


def test_a_malformed_request_is_answered_bad_arguments(abi: Abi) -> None:
    server = One()
    demultiplexer = Demultiplexer(abi, server)
    assert code(abi, demultiplexer.handle(request(abi, 100, more=b"more"))) == -304
    assert code(abi, demultiplexer.handle(request(abi, 101, more=b"more"))) == -304
    wrong = request(abi, 100).data
    assert code(abi, demultiplexer.handle(Message(wrong[:4] + b"\1" + wrong[5:]))) == -304
    assert server.calls == []


def test_what_cannot_be_answered_is_dropped(abi: Abi) -> None:
    demultiplexer = Demultiplexer(abi, One())
    assert demultiplexer.handle(Message(bytes(abi.header_size - 1))) is None
    assert demultiplexer.handle(Message(b"")) is None
    for id_ in (99, 100, 101):
        assert demultiplexer.handle(request(abi, id_, remote=0)) is None
        assert demultiplexer.handle(request(abi, id_, remote=0, more=b"more")) is None


def test_a_simpleroutine_has_no_reply_but_an_error(abi: Abi) -> None:
    server = One()
    demultiplexer = Demultiplexer(abi, server)
    assert demultiplexer.handle(request(abi, 101)) is None
    server.outcome = UnknownReturnCode(0x40000002)
    assert code(abi, demultiplexer.handle(request(abi, 101))) == 0x40000002


@pytest.mark.parametrize(
    ("outcome", "answer"),
    [
        (UnknownReturnCode(0xE0000001), 0xE0000001 - (1 << 32)),
        (UnknownReturnCode(-307), -307),
        (KernReturnError(), 5),
        (ValueError("a bug"), 5),
        (ProtocolError("of another host"), 5),
    ],
)
def test_a_method_that_raises_is_answered_with_a_code(
    abi: Abi, outcome: Exception, answer: int
) -> None:
    server = One()
    server.outcome = outcome
    assert code(abi, Demultiplexer(abi, server).handle(request(abi, 100))) == answer


def test_only_a_bug_is_logged(abi: Abi, caplog: pytest.LogCaptureFixture) -> None:
    server = One()
    demultiplexer = Demultiplexer(abi, server)
    for outcome, logged in ((UnknownReturnCode(7), False), (ValueError("a bug"), True)):
        server.outcome = outcome
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            demultiplexer.handle(request(abi, 100))
        assert ("a bug" in caplog.text and "ask of One failed" in caplog.text) == logged


def test_no_reply_is_no_reply(abi: Abi) -> None:
    server = One()
    server.outcome = MigNoReply()
    assert Demultiplexer(abi, server).handle(request(abi, 100)) is None


def test_servers_that_answer_the_same_message_cannot_be_joined(abi: Abi) -> None:
    with pytest.raises(ValueError, match="ask and ask are both message 100"):
        Demultiplexer(abi, One(), Other())


class Queue(Channel):
    """Messages from a list, replies to a list."""

    def __init__(self, abi: Abi, *messages: Message) -> None:
        self.abi = abi
        self.coming = list(messages)
        self.sent: list[Message] = []

    def receive(self) -> Message | None:
        return self.coming.pop(0) if self.coming else None

    def send(self, reply: Message) -> None:
        self.sent.append(reply)


def test_a_channel_is_served_until_it_ends(abi: Abi) -> None:
    channel = Queue(abi, request(abi, 100), request(abi, 101), request(abi, 99))
    serve(Demultiplexer(abi, One()), channel)
    assert [unpack_header(abi, reply.data).id for reply in channel.sent] == [200, 199]


def test_a_channel_of_another_abi_is_refused(abi: Abi) -> None:
    other = X86_64 if abi is I386 else I386
    with pytest.raises(ValueError, match=f"expected a channel of {abi.name}, not {other.name}"):
        serve(Demultiplexer(abi, One()), Queue(other))


def sent(abi: Abi, remote: int = 0x11, id_: int = 100) -> Message:
    return Message(pack_header(abi, Header(0x1513, abi.header_size, remote, 0x22, 0, id_)))


def test_loopback_answers_in_this_process(abi: Abi) -> None:
    server = One()
    transport = Loopback(Demultiplexer(abi, server), {"one": 0x11})
    reply = transport.call(sent(abi))
    header = unpack_header(abi, reply.data)
    assert (header.local, header.remote, header.id) == (0x22, 0, 200)
    with pytest.raises(MachSendInvalidDest):
        transport.call(sent(abi, remote=0x12))
    server.outcome = MigNoReply()
    with pytest.raises(CallTimeout, match="sent no reply"):
        transport.call(sent(abi))
    transport.close()
    with pytest.raises(PeerDied):
        transport.send(sent(abi))
