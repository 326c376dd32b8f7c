# SPDX-License-Identifier: GPL-2.0-or-later
"""The embedded host, quiet and empty before each test, and messages made by hand."""

import struct
from collections.abc import Iterator
from typing import Any

import pytest

import perfmon
from mig.rpc.message import Header, Message, make_bits, pack_header, unpack_header
from perfmon import _embedded
from perfmon.embedded import EmbeddedTransport

COPY_SEND, MAKE_SEND_ONCE = 19, 21


@pytest.fixture
def host() -> Iterator[perfmon.Host]:
    with perfmon.connect("embedded:") as host:
        host.disable()
        host.configure(sample_rate=0, buffer_size=32768)
        host.reset()
        yield host
        host.disable()


@pytest.fixture
def transport() -> Iterator[EmbeddedTransport]:
    with EmbeddedTransport() as transport:
        yield transport


@pytest.fixture
def lib() -> Any:
    return _embedded.lib


class Post:
    """Messages made by hand, to see what becomes of them."""

    def __init__(self, transport: EmbeddedTransport) -> None:
        self.transport, self.abi = transport, transport.abi

    def request(
        self, id_: int, body: bytes = b"", *, port: str = "host-priv", **header: int
    ) -> bytes:
        fields = {
            "bits": make_bits(COPY_SEND, MAKE_SEND_ONCE),
            "size": self.abi.header_size + len(body),
            "remote": self.transport.ports[port],
            "local": self.transport.reply_port,
            "seqno": 0,
            **header,
        }
        return pack_header(self.abi, Header(**fields, id=id_)) + body

    def call(self, *args: Any, timeout: float | None = 5, **kwargs: Any) -> bytes:
        return self.transport.call(Message(self.request(*args, **kwargs)), timeout).data

    def answer(self, *args: Any, **kwargs: Any) -> tuple[int, int, int]:
        """Id, size and return code of the reply."""
        reply = self.call(*args, **kwargs)
        header = unpack_header(self.abi, reply)
        (code,) = struct.unpack_from("<i", reply, self.abi.header_size + self.abi.short_descriptor)
        return header.id, header.size, code

    def integer(self, value: int, *, name: int = 2, bits: int = 32, number: int = 1) -> bytes:
        """A descriptor of inline integers, and one of them."""
        if self.abi.wide:
            first = name | bits << 8 | 1 << 29
            return struct.pack("<II", first, number) + value.to_bytes(8, "little")
        first = name | bits << 8 | number << 16 | 1 << 28
        return struct.pack("<I", first) + value.to_bytes(bits // 8, "little")


@pytest.fixture
def post(transport: EmbeddedTransport) -> Post:
    return Post(transport)
