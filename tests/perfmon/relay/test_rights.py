# SPDX-License-Identifier: GPL-2.0-or-later
"""What a client of a relay may name of what messages brought it."""

from mig.rpc.message import Header, Message, TypeName, make_bits, pack_header
from perfmon.relay.rights import RIGHTS_MAX, Rights
from tests.perfmon.scripted import ScriptedTransport

HOST = ScriptedTransport({})


def request(reply_to: int, disposition: TypeName) -> Message:
    header = Header(make_bits(disposition), HOST.abi.header_size, reply_to, 0, 0, 100)
    return Message(pack_header(HOST.abi, header))


def rights() -> Rights:
    return Rights(HOST, 1, lambda message: None)


def test_a_right_for_one_message_is_used_up_and_one_for_more_is_not():
    mine = rights()
    mine.take(request(7, TypeName.PORT_SEND_ONCE))
    mine.take(request(8, TypeName.PORT_SEND))
    assert [mine.use(7), mine.use(7)] == [TypeName.MOVE_SEND_ONCE, 0]
    assert [mine.use(8), mine.use(8)] == [TypeName.COPY_SEND] * 2
    assert mine.use(9) == 0


def test_of_more_rights_than_a_client_may_have_the_oldest_are_forgotten():
    mine = rights()
    for name in range(1, RIGHTS_MAX + 1):
        mine.take(request(name, TypeName.PORT_SEND_ONCE))
    mine.take(request(1, TypeName.PORT_SEND))  # comes again, and is the newest
    mine.take(request(RIGHTS_MAX + 1, TypeName.PORT_SEND_ONCE))
    assert mine.use(2) == 0
    assert mine.use(1) == TypeName.COPY_SEND
    assert mine.use(RIGHTS_MAX + 1) == TypeName.MOVE_SEND_ONCE
