# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages through memory that a guest shares: the host's side of a mailbox.

The layout and the protocol are described in csrc/guest/mailbox.h, which must
agree with this file.  How guests are started and found is not known here.
"""

import mmap
import os
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from mig.rpc.abi import I386, X86_64
from mig.rpc.errors import (
    CallTimeout,
    ConnectError,
    KernReturnError,
    MachError,
    PeerDied,
    ProtocolError,
)
from mig.rpc.message import BITS_COMPLEX, Message, Region, check_out_of_line, out_of_line_slots
from mig.rpc.transport import Transport
from mig.rpc.transports.turns import FileTurns, Waiting, in_seconds

_MAGIC = 0x58424D50
_VERSION = 3
_READY = 1
_ABIS = (I386, X86_64)
_HEADER_WORDS = struct.Struct("<10I")
_PORTS_AT = 64
_PORT = struct.Struct("<I28s")
_PORTS_MAX = 8
_CHANNELS_AT = _PORTS_AT + _PORTS_MAX * _PORT.size
_CHANNELS_MAX = 8
_CHANNEL_SIZE = 8  # the sequence of the last request, and of the last that was answered
_HEADER_SIZE = _CHANNELS_AT + _CHANNELS_MAX * _CHANNEL_SIZE
_SLOT_SIZE = 16
_SLOT = struct.Struct("<3I")  # code, size of the message, size of its regions
_ALIGNMENT = 8
_CALL, _SEND, _ALLOCATE, _RECEIVE, _DESTROY = range(5)
_NAME = struct.Struct("<I")
_SUCCESS, _IN_PROGRESS, _NOTHING_THERE = 0, 0x10004001, 0x10004003

_SPINS = range(2000)  # looks before it sleeps: a tenth of a millisecond
_COMPLEX = BITS_COMPLEX >> 24
_SEND_TIMEOUT = 5.0
_RECEIVE_PAUSE_MIN = 1e-3
_RECEIVE_PAUSE_MAX = 50e-3


class MailboxTransport(Transport):
    """A way to a guest that shares a mailbox file with this machine.

    Any number of clients, in threads or processes, may use one mailbox.  Each has a channel of its
    own as long as there are some; those that come later share one, a call at a time.  The guest
    serves the channels in turn, and whoever shares one takes turns, too.
    """

    def __init__(self, path: Path, *, address: str, alive: Callable[[], bool]) -> None:
        """Open the mailbox of a guest that has announced itself.

        Args:
            path: the file that the guest's shared memory device is backed by.
            address: what error messages call the guest.
            alive: whether the guest still runs; asked now and then while waiting.

        Raises:
            ConnectError: no such file, or the guest takes no requests yet.
            PeerDied: the guest has ended.
            ProtocolError: the file is no mailbox of this version.
        """
        self.address = address
        self._alive = alive
        self._own_ports: set[int] = set()
        self._turn = threading.Lock()
        self._mutex = threading.Lock()
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise ConnectError(f"cannot open the mailbox: {error}", address=address) from error
        try:
            self._check_alive()
            self._map()
        except BaseException:
            os.close(self._file)
            raise
        self._closed = False

    def _map(self) -> None:
        size = os.fstat(self._file).st_size
        if size < _HEADER_SIZE or size % 4:
            raise self._malformed(f"a mailbox of at least {_HEADER_SIZE} bytes", f"{size} bytes")
        self._memory = mmap.mmap(self._file, size)
        magic, version, abi, state, self.reply_port, ports, *channels = _HEADER_WORDS.unpack_from(
            self._memory
        )
        if magic == 0 or state != _READY:
            raise ConnectError("the guest takes no requests yet", address=self.address)
        if (magic, version) != (_MAGIC, _VERSION):
            raise self._malformed(
                f"mailbox {_MAGIC:#x} version {_VERSION}", f"{magic:#x} version {version}"
            )
        if abi >= len(_ABIS):
            raise self._malformed("ABI 0 or 1", str(abi))
        if ports > _PORTS_MAX:
            raise self._malformed(f"at most {_PORTS_MAX} ports", str(ports))
        self.abi = _ABIS[abi]
        self._header_size = self.abi.header_size
        self.ports = {
            label.split(b"\0", 1)[0].decode("ascii", "replace"): name
            for name, label in (
                _PORT.unpack_from(self._memory, _PORTS_AT + index * _PORT.size)
                for index in range(ports)
            )
        }
        # A sequence is written as one word; struct would clear it first, then store bytes.
        self._words = memoryview(self._memory).cast("I")
        self._take_channel(size, *channels)

    def _take_channel(
        self, size: int, count: int, offset: int, request_size: int, reply_size: int
    ) -> None:
        """Have a channel to ourselves if one is left, else share the first."""
        if not 1 <= count <= _CHANNELS_MAX:
            raise self._malformed(f"1 to {_CHANNELS_MAX} channels", str(count))
        if (
            offset < _HEADER_SIZE
            or (offset | request_size | reply_size) % 4
            or min(request_size, reply_size) < _SLOT_SIZE
            or offset + count * (request_size + reply_size) > size
        ):
            raise self._malformed(
                f"slots inside {size} bytes",
                f"{count} of {request_size} and {reply_size} bytes at offset {offset}",
            )
        channels = FileTurns(self._file, count)
        channel = next((own for own in range(1, count) if channels.take(own)), 0)
        self._shared = None if channel else channels
        self._requested = (_CHANNELS_AT + channel * _CHANNEL_SIZE) // 4
        self._answered = self._requested + 1
        self._request = offset + channel * (request_size + reply_size)
        self._request_end = self._reply = self._request + request_size
        self._reply_end = self._reply + reply_size

    def call(self, request: Message, timeout: float | None = None) -> Message:
        """Send a request and return its reply; see Transport.call."""
        deadline = None if timeout is None else time.monotonic() + timeout
        self._enter(deadline)
        try:
            self._write(_CALL, request.data, request.out_of_line)
            result = self._await_result(deadline)
            if result == _SUCCESS:
                return self._take_reply()
            port = self._take_name()
        finally:
            self._leave()
        if result != _IN_PROGRESS:
            raise KernReturnError.from_code(result, address=self.address)
        # It takes long: others may use the channel meanwhile.
        self._own_ports.add(port)
        try:
            return self.receive(port, None if deadline is None else deadline - time.monotonic())
        finally:
            self.destroy_port(port)

    def send(self, request: Message) -> None:
        """Send a message that has no reply; see Transport.send."""
        if result := self._ask(_SEND, request.data, request.out_of_line)[0]:
            raise KernReturnError.from_code(result, address=self.address)

    def allocate_port(self) -> int:
        """Return the name of a new port in the guest; see Transport.allocate_port."""
        port = self._control(_ALLOCATE)
        self._own_ports.add(port)
        return port

    def receive(self, port: int, timeout: float | None = None) -> Message:
        """Ask for messages to a port, less and less often; see Transport.receive."""
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = _RECEIVE_PAUSE_MIN
        while True:
            self._enter(deadline)
            try:
                self._write(_RECEIVE, _NAME.pack(port), ())
                result = self._await_result(time.monotonic() + _SEND_TIMEOUT)
                if result == _SUCCESS:
                    return self._take_reply()
            finally:
                self._leave()
            if result != _NOTHING_THERE:
                raise KernReturnError.from_code(result, address=self.address)
            left = pause if deadline is None else min(pause, deadline - time.monotonic())
            if left <= 0:
                raise CallTimeout(
                    f"no message within {in_seconds(timeout or 0)}", address=self.address
                )
            time.sleep(left)
            pause = min(2 * pause, _RECEIVE_PAUSE_MAX)

    def destroy_port(self, port: int) -> None:
        """Let go of a port in the guest; see Transport.destroy_port."""
        if port in self._own_ports:
            self._own_ports.discard(port)
            self._control(_DESTROY, port)

    def close(self) -> None:
        """Let go of the mailbox; closing twice is harmless."""
        while self._own_ports and not self._closed:
            with suppress(MachError):  # a guest that has ended has let go of them, too
                self.destroy_port(next(iter(self._own_ports)))
        with self._mutex:
            if not self._closed:
                self._closed = True
                self._words.release()
                self._memory.close()
                os.close(self._file)

    def _enter(self, deadline: float | None) -> None:
        """Hold the channel against other threads, and other clients if it is shared."""
        # Whoever waits holds the turn, so that one who has just left comes after it.
        if not (self._turn.acquire(False) or self._turn.acquire(timeout=_left(deadline))):
            raise self._shut_out("thread")
        got = self._mutex.acquire(False) or self._mutex.acquire(timeout=_left(deadline))
        self._turn.release()
        if not got:
            raise self._shut_out("thread")
        try:
            if self._closed:
                raise PeerDied("this connection was closed", address=self.address)
            if self._shared is not None:
                self._shared.enter(self._waiting(deadline, "another client is using the mailbox"))
        except BaseException:
            self._mutex.release()
            raise

    def _leave(self) -> None:
        if self._shared is not None:
            self._shared.leave()
        self._mutex.release()

    def _shut_out(self, by: str) -> CallTimeout:
        return CallTimeout(f"another {by} is using the mailbox", address=self.address)

    def _control(self, code: int, port: int = 0) -> int:
        """Have the guest do something about a port, and return the name that it answers with."""
        result, name = self._ask(code, _NAME.pack(port), ())
        if result:
            raise KernReturnError.from_code(result, address=self.address)
        return name

    def _ask(self, code: int, data: bytes, regions: tuple[Region, ...]) -> tuple[int, int]:
        """What the guest says to a request that has no message for its answer."""
        deadline = time.monotonic() + _SEND_TIMEOUT
        self._enter(deadline)
        try:
            self._write(code, data, regions)
            return self._await_result(deadline), self._take_name()
        finally:
            self._leave()

    def _take_name(self) -> int:
        """The name of a port, if that is what the guest answered with."""
        name: int = _NAME.unpack_from(self._memory, self._reply + _SLOT_SIZE)[0]
        return name

    def _write(self, code: int, data: bytes, regions: tuple[Region, ...]) -> None:
        """Write a request, its sequence last."""
        size = len(data)
        region_size = 0
        at = self._request + _SLOT_SIZE
        end = at + size
        if regions:
            check_out_of_line(self.abi, Message(data, regions), self.address)
            region_size = sum(_padded(memoryview(region).nbytes) for region in regions)
        if end + region_size > self._request_end:
            raise ProtocolError(
                f"expected a message of at most {self._request_end - at} bytes,"
                f" this one has {size + region_size}",
                address=self.address,
            )
        memory = self._memory
        memory[at:end] = data
        _SLOT.pack_into(memory, self._request, code, size, region_size)
        if regions:
            self._write_regions(at + _padded(size), regions)
        words, requested = self._words, self._requested
        words[requested] = (words[requested] + 1) & 0xFFFFFFFF

    def _write_regions(self, at: int, regions: tuple[Region, ...]) -> None:
        for region in regions:
            view = memoryview(region).cast("B")
            self._memory[at : at + view.nbytes] = view
            at += _padded(view.nbytes)

    def _await_result(self, deadline: float | None) -> int:
        """Wait for the guest's answer to what was written last, and return its code."""
        words, at = self._words, self._answered
        sequence = words[self._requested]
        for _ in _SPINS:
            if words[at] == sequence:
                break
        else:
            waiting = self._waiting(deadline, "no reply")
            while words[at] != sequence:
                waiting.pause()
        return words[self._reply // 4]

    def _waiting(self, deadline: float | None, what: str) -> Waiting:
        return Waiting(deadline, what, self.address, self._check_alive)

    def _take_reply(self) -> Message:
        at = self._reply
        _, size, region_size = _SLOT.unpack_from(self._memory, at)
        at += _SLOT_SIZE
        regions_at = at + ((size + _ALIGNMENT - 1) & -_ALIGNMENT)
        if size < self._header_size or regions_at + region_size > self._reply_end:
            raise self._malformed(
                f"a reply of {self._header_size} to {self._reply_end - at} bytes",
                f"{size} and {region_size} out of line",
            )
        data: bytes = self._memory[at : at + size]
        if not data[3] & _COMPLEX:
            return Message(data)
        regions = []
        at = regions_at
        for slot in out_of_line_slots(self.abi, data, self.address):
            if slot.length > regions_at + region_size - at:
                raise self._malformed(
                    f"{slot.length} bytes out of line", f"{regions_at + region_size - at}"
                )
            regions.append(self._memory[at : at + slot.length])
            at += _padded(slot.length)
        return Message(data, tuple(regions))

    def _check_alive(self) -> None:
        if not self._alive():
            raise PeerDied("the guest has ended", address=self.address, hint="boot it again")

    def _malformed(self, expected: str, found: str) -> ProtocolError:
        return ProtocolError(f"expected {expected}, found {found}", address=self.address)


def is_ready(path: Path) -> bool:
    """Whether the guest behind a mailbox file has announced itself."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_WORDS.size)
    except OSError:
        return False
    if len(header) < _HEADER_WORDS.size:
        return False
    magic, _, _, state, *_ = _HEADER_WORDS.unpack(header)
    return (magic, state) == (_MAGIC, _READY)


def _left(deadline: float | None) -> float:
    """Seconds until then, as a lock takes them."""
    return -1 if deadline is None else max(0.0, deadline - time.monotonic())


def _padded(size: int) -> int:
    return (size + _ALIGNMENT - 1) & -_ALIGNMENT
