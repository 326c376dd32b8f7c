# SPDX-License-Identifier: GPL-2.0-or-later
"""Headers and descriptors, whole and broken."""

import pytest

from mig.rpc.abi import I386, X86_64, Abi
from mig.rpc.errors import ProtocolError
from mig.rpc.message import (
    BITS_COMPLEX,
    Header,
    Message,
    Slot,
    TypeName,
    check_out_of_line,
    local_disposition,
    make_bits,
    out_of_line_slots,
    pack_header,
    remote_disposition,
    unpack_header,
    walk_descriptors,
)

BOTH = pytest.mark.parametrize("abi", [I386, X86_64], ids=lambda abi: abi.name)

# One integer inline, and 3 of 4 bytes out of line with the deallocate bit, per ABI.
INTEGER = {
    "i386": bytes.fromhex("02200110 07000000"),
    "x86_64": bytes.fromhex("02200020 01000000 07000000 00000000"),
}
OUT_OF_LINE = {
    "i386": bytes.fromhex("00000060 02002000 03000000 00000000"),
    "x86_64": bytes.fromhex("022000c0 03000000 00000000 00000000"),
}
PORTS = {
    "i386": bytes.fromhex("00000020 11002000 02000000 00000000"),
    "x86_64": bytes.fromhex("11200040 02000000 00000000 00000000"),
}


def message(abi: Abi, *parts: bytes, bits: int = BITS_COMPLEX, size: int | None = None) -> bytes:
    body = b"".join(parts)
    size = abi.header_size + len(body) if size is None else size
    return pack_header(abi, Header(bits, size, 1, 2, 0, 100)) + body


def test_sizes_are_those_of_machs_headers() -> None:
    assert (I386.header_size, X86_64.header_size) == (24, 32)
    assert (I386.error_reply_size, X86_64.error_reply_size) == (32, 48)
    assert (I386.align(5), X86_64.align(5), X86_64.align(16)) == (8, 8, 16)


@BOTH
def test_a_header_survives_packing(abi: Abi) -> None:
    header = Header(make_bits(19, 21, complex_=True), abi.header_size, 0x11, 0x77, 5, -3)
    data = pack_header(abi, header)
    assert unpack_header(abi, data) == header
    assert unpack_header(abi, data).complex
    assert remote_disposition(header.bits) == TypeName.COPY_SEND
    assert local_disposition(header.bits) == TypeName.MAKE_SEND_ONCE


@BOTH
def test_a_short_header_names_the_address_and_both_sizes(abi: Abi) -> None:
    with pytest.raises(ProtocolError) as caught:
        unpack_header(abi, b"123", "qemu:a")
    assert str(caught.value) == (
        f"qemu:a: expected a message header of {abi.header_size} bytes, found 3 bytes"
    )


@BOTH
@pytest.mark.parametrize("size", [0, 24, 1 << 31])
def test_a_size_that_is_not_the_messages_is_refused(abi: Abi, size: int) -> None:
    with pytest.raises(ProtocolError, match=f"expected the {size} bytes that message 100 says"):
        unpack_header(abi, message(abi, INTEGER[abi.name], size=size))


@BOTH
def test_descriptors_are_walked_in_order(abi: Abi) -> None:
    data = message(abi, INTEGER[abi.name], OUT_OF_LINE[abi.name], INTEGER[abi.name])
    one, two, three = walk_descriptors(abi, data)
    assert (one.name, one.size, one.number, one.inline) == (2, 32, 1, True)
    assert data[one.data : one.data + one.length] == b"\7\0\0\0"
    assert (two.name, two.size, two.number) == (2, 32, 3)
    assert (two.inline, two.longform, two.deallocate) == (False, True, True)
    assert three.offset == len(data) - len(INTEGER[abi.name])


@BOTH
def test_slots_say_where_regions_belong(abi: Abi) -> None:
    data = message(abi, INTEGER[abi.name], OUT_OF_LINE[abi.name], PORTS[abi.name])
    end = len(data)
    pointer = abi.pointer
    assert out_of_line_slots(abi, data) == [
        Slot(end - len(PORTS[abi.name]) - pointer, 12, deallocate=True, is_port=False),
        Slot(end - pointer, 8, deallocate=False, is_port=True),
    ]


@BOTH
def test_a_message_without_the_complex_bit_has_no_slots(abi: Abi) -> None:
    assert out_of_line_slots(abi, message(abi, OUT_OF_LINE[abi.name], bits=0)) == []


@BOTH
def test_regions_are_held_against_the_slots(abi: Abi) -> None:
    data = message(abi, OUT_OF_LINE[abi.name])
    assert len(check_out_of_line(abi, Message(data, (bytes(12),)))) == 1
    for regions in ((), (bytes(11),), (bytes(12), b"")):
        with pytest.raises(ProtocolError, match="expected out-of-line regions of"):
            check_out_of_line(abi, Message(data, regions))


@BOTH
def test_every_truncation_is_refused_or_ends_between_descriptors(abi: Abi) -> None:
    whole = message(abi, INTEGER[abi.name], OUT_OF_LINE[abi.name])
    clean = {abi.header_size, abi.header_size + len(INTEGER[abi.name]), len(whole)}
    if abi.wide:
        clean.update(range(44, 48))  # the integer is there, its padding is not
    for length in range(abi.header_size, len(whole) + 1):
        body = whole[abi.header_size : length]
        data = message(abi, body)
        if length in clean:
            list(walk_descriptors(abi, data))
        else:
            with pytest.raises(ProtocolError, match="at offset"):
                list(walk_descriptors(abi, data))


@BOTH
def test_a_huge_count_is_refused_without_reading_on(abi: Abi) -> None:
    huge = bytearray(OUT_OF_LINE[abi.name])
    count = 4 if abi.wide else 8
    huge[count : count + 4] = b"\xff\xff\xff\xff"
    huge[3] = 0x60 if abi.wide else 0x30
    with pytest.raises(ProtocolError, match=r"expected \d+ bytes of type descriptor and data"):
        list(walk_descriptors(abi, message(abi, bytes(huge))))
