# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel changes in a message on its way."""

import pytest

from mig.rpc.abi import I386, X86_64, Abi
from mig.rpc.delivery import deliver, received_name
from mig.rpc.errors import ProtocolError
from mig.rpc.message import (
    BITS_COMPLEX,
    Header,
    Message,
    TypeName,
    make_bits,
    pack_header,
    unpack_header,
    walk_descriptors,
)

BOTH = pytest.mark.parametrize("abi", [I386, X86_64], ids=lambda abi: abi.name)
COPIED_RIGHT = {
    "i386": bytes.fromhex("13200110 31000000"),
    "x86_64": bytes.fromhex("13400020 01000000 31000000 00000000"),
}
FAR_RIGHTS = {
    "i386": bytes.fromhex("00000020 14002000 01000000 00000000"),
    "x86_64": bytes.fromhex("14200040 01000000 00000000 00000000"),
}


def message(abi: Abi, *, complex_: bool) -> Message:
    body = COPIED_RIGHT[abi.name] + FAR_RIGHTS[abi.name]
    bits = make_bits(TypeName.COPY_SEND, TypeName.MAKE_SEND_ONCE, complex_=complex_)
    header = Header(bits, abi.header_size + len(body), 0x11, 0x77, 0, 100)
    return Message(pack_header(abi, header) + body, (bytes(4),))


@BOTH
def test_the_reply_port_becomes_the_remote_one(abi: Abi) -> None:
    header = unpack_header(abi, deliver(abi, message(abi, complex_=True)).data)
    assert (header.remote, header.local) == (0x77, 0x11)
    assert header.bits == make_bits(TypeName.PORT_SEND_ONCE, TypeName.PORT_SEND, complex_=True)


@BOTH
def test_dispositions_become_rights_and_memory_the_receivers(abi: Abi) -> None:
    delivered = deliver(abi, message(abi, complex_=True))
    near, far = walk_descriptors(abi, delivered.data)
    assert near.name == far.name == TypeName.PORT_SEND
    assert not near.deallocate
    assert far.deallocate
    assert delivered.out_of_line == (bytes(4),)


@BOTH
def test_the_body_of_a_simple_message_is_left_alone(abi: Abi) -> None:
    sent = message(abi, complex_=False)
    assert deliver(abi, sent).data[abi.header_size :] == sent.data[abi.header_size :]


@BOTH
def test_a_malformed_message_is_not_delivered(abi: Abi) -> None:
    whole = message(abi, complex_=True)
    with pytest.raises(ProtocolError):
        deliver(abi, Message(whole.data[:-1]))


def test_data_arrives_as_it_was_sent() -> None:
    assert received_name(TypeName.INTEGER_32) == TypeName.INTEGER_32
    assert received_name(TypeName.MOVE_RECEIVE) == TypeName.PORT_RECEIVE


def test_the_complex_bit_stays_only_where_it_is_needed() -> None:
    plain = bytes.fromhex("02200110 00000000")
    right = bytes.fromhex("13200110 00000000")
    for body, needed in ((plain, False), (right, True), (plain + right, True), (b"", False)):
        size = I386.header_size + len(body)
        header = Header(BITS_COMPLEX | 0x1513, size, 1, 2, 0, 100)
        delivered = deliver(I386, Message(pack_header(I386, header) + body))
        assert unpack_header(I386, delivered.data).complex == needed


def test_a_type_name_that_is_none_is_left_alone() -> None:
    body = bytes.fromhex("00000060 09080800 00000000 00000000")
    header = Header(BITS_COMPLEX | 0x1513, I386.header_size + len(body), 1, 2, 0, 100)
    delivered = deliver(I386, Message(pack_header(I386, header) + body, (b"",)))
    assert delivered.data[I386.header_size :] == body
