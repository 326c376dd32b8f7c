# SPDX-License-Identifier: GPL-2.0-or-later
"""Which requests a relay lets through, and what becomes of those that it does not."""

import struct

import pytest

from mig.rpc.abi import ABIS, Abi
from mig.rpc.errors import (
    MachSendInvalidDest,
    MachSendInvalidMemory,
    MachSendInvalidReply,
    MachSendInvalidRight,
)
from mig.rpc.message import (
    BITS_COMPLEX,
    Header,
    Message,
    TypeName,
    make_bits,
    pack_header,
    unpack_header,
)
from perfmon.relay.guard import admit, refusal, wants_reply

HOST, REPLY, TASK_SELF = 17, 9, 3
USUAL = make_bits(TypeName.COPY_SEND, TypeName.MAKE_SEND_ONCE)


class FakeHost:
    """What the guard needs of a transport."""

    def __init__(self, abi: Abi) -> None:
        self.abi = abi
        self.reply_port = REPLY
        self.ports = {"host": HOST}


@pytest.fixture(params=ABIS)
def host(request: pytest.FixtureRequest) -> FakeHost:
    return FakeHost(ABIS[request.param])


def message(
    host: FakeHost, body: bytes = b"", *regions: bytes, bits: int = USUAL, **names: int
) -> Message:
    header = Header(
        bits | (BITS_COMPLEX if body else 0),
        host.abi.header_size + len(body),
        names.get("remote", HOST),
        names.get("local", REPLY),
        names.get("seqno", 0),
        names.get("id", 2072),
    )
    return Message(pack_header(host.abi, header) + body, regions)


def item(abi: Abi, name: int, data: int, *, number: int = 1, inline: bool = True) -> bytes:
    """A descriptor with one word or one pointer behind it."""
    size = 8 * (abi.port if inline else 1)
    if abi.wide:
        return struct.pack("<IIQ", name | size << 8 | inline << 29, number, data)
    return struct.pack("<II", name | size << 8 | number << 16 | inline << 28, data)


def test_a_usual_request_passes_as_it_is(host: FakeHost) -> None:
    assert admit(message(host), host) == message(host)


@pytest.mark.parametrize("name", [0, TASK_SELF, REPLY, 2**32 - 1])
def test_a_port_that_is_not_on_offer_is_no_destination(host: FakeHost, name: int) -> None:
    with pytest.raises(MachSendInvalidDest):
        admit(message(host, remote=name), host)


def test_the_reply_goes_to_the_relay_alone(host: FakeHost) -> None:
    with pytest.raises(MachSendInvalidReply):
        admit(message(host, local=TASK_SELF), host)


@pytest.mark.parametrize("disposition", [TypeName.MOVE_SEND, TypeName.MOVE_RECEIVE, 0, 255])
def test_a_client_cannot_move_the_relays_rights_away(host: FakeHost, disposition: int) -> None:
    passed = admit(message(host, bits=make_bits(disposition, disposition)), host)
    assert unpack_header(host.abi, passed.data).bits == USUAL


def test_a_request_without_a_reply_port_passes_without_a_right_for_it(host: FakeHost) -> None:
    passed = admit(message(host, local=0), host)
    assert not wants_reply(passed, host.abi)
    assert unpack_header(host.abi, passed.data).bits == make_bits(TypeName.COPY_SEND)


@pytest.mark.parametrize("name", range(TypeName.MOVE_RECEIVE, TypeName.MAKE_SEND_ONCE + 1))
def test_a_right_of_the_relays_cannot_be_sent_along(host: FakeHost, name: int) -> None:
    with pytest.raises(MachSendInvalidRight):
        admit(message(host, item(host.abi, name, TASK_SELF)), host)


def test_a_null_right_may_be_sent_along(host: FakeHost) -> None:
    request = message(host, item(host.abi, TypeName.MAKE_SEND_ONCE, 0))
    assert admit(request, host) == request


def test_a_pointer_of_the_clients_is_refused(host: FakeHost) -> None:
    body = item(host.abi, TypeName.CHAR, 0x1000, number=4, inline=False)
    with pytest.raises(MachSendInvalidMemory):
        admit(message(host, body, b"abcd"), host)


def test_a_region_that_travels_beside_the_message_passes(host: FakeHost) -> None:
    request = message(host, item(host.abi, TypeName.CHAR, 0, number=4, inline=False), b"abcd")
    assert admit(request, host) == request


def test_rights_out_of_line_are_refused(host: FakeHost) -> None:
    body = item(host.abi, TypeName.COPY_SEND, 0, number=4, inline=False)
    with pytest.raises(MachSendInvalidRight):
        admit(message(host, body, b"abcd"), host)


def test_a_refusal_is_the_reply_with_a_code_and_nothing_else(host: FakeHost) -> None:
    reply = refusal(host.abi, message(host, id=2075), MachSendInvalidDest())
    header = unpack_header(host.abi, reply.data)
    assert (header.id, header.remote, header.size) == (2175, REPLY, host.abi.error_reply_size)
    at = host.abi.header_size + host.abi.short_descriptor
    assert struct.unpack_from("<I", reply.data, at) == (0x10000003,)
