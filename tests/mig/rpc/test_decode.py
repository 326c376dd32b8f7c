# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages made readable."""

import sys

import pytest

from mig.rpc.decode import decode_message
from mig.rpc.errors import ProtocolError
from mig.rpc.message import Message

REQUEST = bytes.fromhex(
    "13150080 34000000 11000000 77000000 00000000 10270000"  # header, complex, id 10000
    "08080510 61626364 65000000"  # five characters
    "00000060 02002000 02000000 00000000"  # two integers out of line
)


def test_a_message_reads_as_text() -> None:
    decoded = decode_message("i386", Message(REQUEST, (b"\1\0\0\0\2\0\0\0",)))
    assert str(decoded).splitlines() == [
        "message 10000: 52 bytes, complex, to 0x11 (19), reply 0x77 (21)",
        "  CHAR, 8 bits x 5: b'abcde'",
        "  INTEGER_32, 32 bits x 2, out of line, deallocate: (1, 2)",
    ]


@pytest.mark.parametrize("length", [0, 10, 23, 25, 37, 51])
def test_a_truncated_message_is_refused(length: int) -> None:
    with pytest.raises(ProtocolError, match="expected"):
        decode_message("i386", Message(REQUEST[:length], (bytes(8),)))


@pytest.mark.parametrize("regions", [(), (bytes(7),), (bytes(8), b"")])
def test_regions_that_do_not_match_are_refused(regions: tuple[bytes, ...]) -> None:
    with pytest.raises(ProtocolError, match="out-of-line region"):
        decode_message("i386", Message(REQUEST, regions))


def test_an_unknown_abi_is_named() -> None:
    with pytest.raises(ValueError, match="no ABI 'arm': there are i386, x86_64"):
        decode_message("arm", Message(REQUEST))


def test_a_missing_construct_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "construct", None)
    with pytest.raises(ImportError, match=r"pip install 'perfmon\[decode\]'"):
        decode_message("i386", Message(REQUEST))
