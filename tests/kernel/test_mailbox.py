# SPDX-License-Identifier: GPL-2.0-or-later
"""The mailbox's host side against a guest's side that a test plays."""

import mmap
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mig.rpc.abi import I386
from mig.rpc.errors import (
    CallTimeout,
    ConnectError,
    KernInvalidArgument,
    MachSendInvalidDest,
    PeerDied,
    ProtocolError,
)
from mig.rpc.message import Header, Message, make_bits, pack_header
from mig.rpc.transports.mailbox import MailboxTransport

SIZE = 1 << 16
SLOTS, SLOT, CHANNELS = 4096, 12288, 2
CHANNELS_AT = 320
PORTS = (("host", 5), ("workload", 6))


def header(**changes: int) -> bytes:
    values = {
        "magic": 0x58424D50, "version": 3, "abi": 0, "state": 1, "reply_port": 9,
        "ports": len(PORTS), "channels": CHANNELS, "slots": SLOTS, "request_size": SLOT,
        "reply_size": SLOT,
    } | changes  # fmt: skip
    ports = b"".join(struct.pack("<I28s", name, label.encode()) for label, name in PORTS)
    return struct.pack("<10I", *values.values()).ljust(64, b"\0") + ports


def message(body: bytes = b"", complex_: bool = False) -> bytes:
    size = I386.header_size + len(body)
    return (
        pack_header(I386, Header(make_bits(18, 0, complex_=complex_), size, 0, 9, 0, 2176)) + body
    )


def descriptor(length: int) -> bytes:
    """An out-of-line region of bytes and its pointer, which is zero."""
    return struct.pack("<IHHII", 0x2000_0000, 9, 8, length, 0)


REQUEST_MESSAGE = Message(message(b"ping"))

Answer = tuple[int, int, int, bytes]
"""Code, size and region size of a reply, and what lies behind them."""


class Guest:
    """Answers each request with what `answer` makes of it, channel after channel."""

    def __init__(self, path: Path, channels: int = CHANNELS) -> None:
        path.write_bytes(header(channels=channels).ljust(SIZE, b"\0"))
        self.path = path
        self.alive = True
        self.answer: Callable[[bytes], Answer | None] = lambda request: (
            0, len(request), 0, request,
        )  # fmt: skip
        self.requests: list[tuple[int, bytes]] = []
        self.channels: list[int] = []
        """Which channel each request came by."""
        self._file = path.open("r+b")
        self._memory = mmap.mmap(self._file.fileno(), SIZE)
        self._words = memoryview(self._memory).cast("I")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(channels,))
        self._thread.start()

    def _serve(self, channels: int) -> None:
        served = [0] * channels
        while not self._stop.is_set():
            idle = True
            for channel in range(channels):
                sequence = self._words[CHANNELS_AT // 4 + 2 * channel]
                if sequence != served[channel]:
                    served[channel] = sequence
                    self._answer(channel, sequence)
                    idle = False
            if idle:
                time.sleep(1e-4)

    def _answer(self, channel: int, sequence: int) -> None:
        slot = SLOTS + 2 * SLOT * channel
        code, size, regions = struct.unpack_from("<3I", self._memory, slot)
        start = slot + 16
        end = start + -(-size // 8) * 8 + regions
        request = self._memory[start : start + size]
        self.requests.append((code, self._memory[start:end]))
        self.channels.append(channel)
        answer = self.answer(request)
        if answer is not None:
            slot += SLOT
            struct.pack_into("<3I", self._memory, slot, *answer[:3])
            self._memory[slot + 16 : slot + 16 + len(answer[3])] = answer[3]
            self._words[CHANNELS_AT // 4 + 2 * channel + 1] = sequence

    def answer_again(self) -> None:
        """Answer the last request, which was left."""
        channel = self.channels[-1]
        self._answer(channel, self._words[CHANNELS_AT // 4 + 2 * channel])

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._words.release()
        self._memory.close()
        self._file.close()

    def connect(self) -> MailboxTransport:
        return MailboxTransport(self.path, address="qemu:fake", alive=lambda: self.alive)


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Guest]:
    guest = Guest(tmp_path / "mailbox")
    yield guest
    guest.close()


@pytest.fixture
def transport(guest: Guest) -> Iterator[MailboxTransport]:
    with guest.connect() as transport:
        yield transport


def test_ports_and_abi_are_what_the_guest_announced(transport: MailboxTransport):
    assert transport.ports == dict(PORTS)
    assert transport.abi is I386
    assert transport.reply_port == 9


def test_a_call_brings_back_the_reply(guest: Guest, transport: MailboxTransport):
    reply = message(b"pong")
    guest.answer = lambda _: (0, len(reply), 0, reply)
    for _ in range(50):
        assert transport.call(REQUEST_MESSAGE, 5) == Message(reply)
    assert {request[1][: len(REQUEST_MESSAGE.data)] for request in guest.requests} == {
        REQUEST_MESSAGE.data
    }


def test_out_of_line_regions_travel_in_the_order_of_their_descriptors(
    guest: Guest, transport: MailboxTransport
):
    data = message(descriptor(5) + descriptor(0) + descriptor(9), complex_=True)
    regions = b"abcde\0\0\0" + b"123456789".ljust(16, b"\0")
    guest.answer = lambda _: (
        0,
        len(data),
        len(regions),
        data.ljust(-(-len(data) // 8) * 8) + regions,
    )
    sent = Message(data, (b"abcde", b"", b"123456789"))
    assert transport.call(sent, 5) == sent
    assert guest.requests[0][1].endswith(regions)


def test_a_request_whose_regions_do_not_fit_its_descriptors_is_not_sent(
    guest: Guest, transport: MailboxTransport
):
    with pytest.raises(ProtocolError, match=r"qemu:fake.*expected out-of-line regions of \[5\]"):
        transport.call(Message(message(descriptor(5), complex_=True), (b"abc",)), 5)
    assert guest.requests == []


def test_a_request_that_does_not_fit_is_not_sent(guest: Guest, transport: MailboxTransport):
    with pytest.raises(ProtocolError, match="expected a message of at most 12272 bytes"):
        transport.call(Message(message(bytes(SLOT))), 5)
    assert guest.requests == []


def test_a_message_without_reply_is_sent_as_such(guest: Guest, transport: MailboxTransport):
    guest.answer = lambda _: (0, 0, 0, b"")
    transport.send(REQUEST_MESSAGE)
    assert [code for code, _ in guest.requests] == [1]


def test_what_the_message_system_answers_becomes_its_exception(
    guest: Guest, transport: MailboxTransport
):
    guest.answer = lambda _: (0x10000003, 0, 0, b"")
    with pytest.raises(MachSendInvalidDest, match="qemu:fake"):
        transport.call(REQUEST_MESSAGE, 5)
    guest.answer = lambda _: (4, 0, 0, b"")
    with pytest.raises(KernInvalidArgument):
        transport.call(REQUEST_MESSAGE, 5)


@pytest.mark.parametrize(
    ("size", "regions", "data", "expected"),
    [
        (8, 0, b"", "expected a reply of 24 to 12272 bytes"),
        (SLOT, 0, b"", "expected a reply of 24 to 12272 bytes"),
        (0xFFFFFFF8, 0, b"", "expected a reply of 24 to 12272 bytes"),
        (24, SLOT, message(), "expected a reply of 24 to 12272 bytes"),
        (40, 0, message(descriptor(64), complex_=True), "expected 64 bytes out of line, found 0"),
        (32, 0, message(descriptor(64), complex_=True)[:32], "expected the 40 bytes"),
    ],
)
def test_a_garbled_reply_is_a_protocol_error(
    guest: Guest, size: int, regions: int, data: bytes, expected: str
):
    guest.answer = lambda _: (0, size, regions, data)
    with (
        guest.connect() as transport,
        pytest.raises(ProtocolError, match=f"qemu:fake: {expected}"),
    ):
        transport.call(REQUEST_MESSAGE, 5)


def test_a_call_without_reply_times_out_and_the_next_is_answered(
    guest: Guest, transport: MailboxTransport
):
    answer, guest.answer = guest.answer, lambda _: None
    start = time.monotonic()
    with pytest.raises(CallTimeout, match=r"qemu:fake: no reply within 0\.\d+ s"):
        transport.call(REQUEST_MESSAGE, 0.1)
    assert time.monotonic() - start < 1
    guest.answer = answer
    assert transport.call(REQUEST_MESSAGE, 5).data == REQUEST_MESSAGE.data


def test_a_guest_that_dies_during_a_call_is_noticed(guest: Guest, transport: MailboxTransport):
    guest.answer = lambda _: None
    threading.Timer(0.1, lambda: setattr(guest, "alive", False)).start()
    start = time.monotonic()
    with pytest.raises(PeerDied, match=r"qemu:fake: the guest has ended \(boot it again\)"):
        transport.call(REQUEST_MESSAGE, None)
    assert time.monotonic() - start < 1


def test_a_dead_guest_is_not_connected_to(guest: Guest):
    guest.alive = False
    with pytest.raises(PeerDied, match="the guest has ended"):
        guest.connect()


def test_a_call_after_close_says_so(transport: MailboxTransport):
    transport.close()
    transport.close()
    with pytest.raises(PeerDied, match="closed"):
        transport.call(REQUEST_MESSAGE, 1)


def test_clients_have_a_channel_each_and_the_rest_share_one(guest: Guest):
    def client(transport: MailboxTransport) -> None:
        for _ in range(50):
            assert transport.call(REQUEST_MESSAGE, 10).data == REQUEST_MESSAGE.data

    with guest.connect() as own, guest.connect() as sharer, guest.connect() as another:
        clients = own, own, sharer, another
        threads = [threading.Thread(target=client, args=(each,)) for each in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert guest.channels.count(1) == 100
    assert guest.channels.count(0) == 100


def test_a_channel_is_free_again_when_its_client_has_gone(guest: Guest):
    for _ in range(3):
        with guest.connect() as transport:
            transport.call(REQUEST_MESSAGE, 5)
    assert guest.channels == [1, 1, 1]


@pytest.mark.parametrize("clients", [2, 4])
def test_clients_that_share_a_channel_take_turns_however_fast_they_call(
    tmp_path: Path, clients: int
):
    guest = Guest(tmp_path / "shared", channels=1)
    end = time.monotonic() + 1
    done = [0] * clients

    def client(number: int) -> None:
        with guest.connect() as transport:
            while time.monotonic() < end:
                transport.call(REQUEST_MESSAGE, 10)
                done[number] += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    guest.close()
    assert sum(done) == len(guest.requests)
    assert min(done) > 0.1 * max(done)


def test_threads_of_one_client_take_turns(transport: MailboxTransport):
    end = time.monotonic() + 0.5
    done = [0, 0]

    def caller(number: int) -> None:
        while time.monotonic() < end:
            transport.call(REQUEST_MESSAGE, 10)
            done[number] += 1

    threads = [threading.Thread(target=caller, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(done) > 0.5 * max(done)


def test_a_client_that_is_shut_out_is_told_why(tmp_path: Path):
    guest = Guest(tmp_path / "shared", channels=1)
    answer, guest.answer = guest.answer, lambda _: None
    with guest.connect() as holder, guest.connect() as transport:
        thread = threading.Thread(target=lambda: holder.call(REQUEST_MESSAGE, 10))
        thread.start()
        while not guest.requests:
            time.sleep(1e-3)
        with pytest.raises(CallTimeout, match=r"another client is using .* within 0\.(1|09)"):
            transport.call(REQUEST_MESSAGE, 0.1)
        with pytest.raises(CallTimeout, match="another thread is using the mailbox"):
            holder.call(REQUEST_MESSAGE, 0.1)
        guest.answer = answer
        guest.answer_again()
        thread.join()
        assert transport.call(REQUEST_MESSAGE, 5).data == REQUEST_MESSAGE.data
    guest.close()


@pytest.mark.parametrize(
    ("contents", "error", "expected"),
    [
        (b"", ProtocolError, "expected a mailbox of at least 384 bytes, found 0 bytes"),
        (bytes(SIZE), ConnectError, "takes no requests yet"),
        (header(state=0).ljust(SIZE, b"\0"), ConnectError, "takes no requests yet"),
        (header(magic=7).ljust(SIZE, b"\0"), ProtocolError, "expected mailbox 0x58424d50"),
        (header(version=2).ljust(SIZE, b"\0"), ProtocolError, "found 0x58424d50 version 2"),
        (header(abi=2).ljust(SIZE, b"\0"), ProtocolError, "expected ABI 0 or 1, found 2"),
        (header(ports=9).ljust(SIZE, b"\0"), ProtocolError, "expected at most 8 ports, found 9"),
        (header(channels=0).ljust(SIZE, b"\0"), ProtocolError, "expected 1 to 8 channels, found 0"),
        (header(channels=9).ljust(SIZE, b"\0"), ProtocolError, "expected 1 to 8 channels, found 9"),
        (header(channels=3).ljust(SIZE, b"\0"), ProtocolError, "expected slots inside 65536 bytes"),
        (header(reply_size=SIZE).ljust(SIZE, b"\0"), ProtocolError, "expected slots inside"),
        (header(slots=4).ljust(SIZE, b"\0"), ProtocolError, "expected slots inside"),
        (header(request_size=8).ljust(SIZE, b"\0"), ProtocolError, "expected slots inside"),
    ],
)
def test_a_file_that_is_no_mailbox_is_refused(
    tmp_path: Path, contents: bytes, error: type[Exception], expected: str
):
    path = tmp_path / "mailbox"
    path.write_bytes(contents)
    with pytest.raises(error, match=expected):
        MailboxTransport(path, address="qemu:fake", alive=lambda: True)


def test_a_missing_mailbox_is_named(tmp_path: Path):
    with pytest.raises(ConnectError, match=r"cannot open the mailbox: .*No such file"):
        MailboxTransport(tmp_path / "none", address="qemu:fake", alive=lambda: True)
