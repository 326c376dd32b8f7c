# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages through memory that a guest shares: the host's side of a mailbox.

The layout and the protocol are described in csrc/guest/mailbox.h, which must
agree with this file.  How guests are started and found is not known here.
"""

import fcntl
import mmap
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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

_MAGIC = 0x58424D50
_VERSION = 2
_READY = 1
_ABIS = (I386, X86_64)
_HEADER_WORDS = struct.Struct("<10I")
_PORTS_AT = 64
_PORT = struct.Struct("<I28s")
_PORTS_MAX = 8
_HEADER_SIZE = _PORTS_AT + _PORTS_MAX * _PORT.size
_SLOT_SIZE = 16
_SLOT_BODY = struct.Struct("<3I")  # behind the sequence
_ALIGNMENT = 8
_CALL, _SEND, _ALLOCATE, _RECEIVE, _DESTROY = range(5)
_NAME = struct.Struct("<I")
_SUCCESS, _IN_PROGRESS, _NOTHING_THERE = 0, 0x10004001, 0x10004003

_SPIN = 1000
_PAUSE_MIN = 20e-6
_PAUSE_MAX = 1e-3
_ALIVE_INTERVAL = 0.05
_SEND_TIMEOUT = 5.0
_RECEIVE_PAUSE_MIN = 1e-3
_RECEIVE_PAUSE_MAX = 50e-3


class MailboxTransport(Transport):
    """A way to a guest that shares a mailbox file with this machine.

    Several clients, in threads or processes, may use one mailbox: each call
    holds a lock on the file.
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
        magic, version, abi, state, self.reply_port, ports, *slots = _HEADER_WORDS.unpack_from(
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
        self._request, self._request_size, self._reply, self._reply_size = slots
        for offset, length in (
            (self._request, self._request_size),
            (self._reply, self._reply_size),
        ):
            if offset < _HEADER_SIZE or offset % 4 or not _SLOT_SIZE <= length <= size - offset:
                raise self._malformed(
                    f"slots inside {size} bytes", f"{length} bytes at offset {offset}"
                )
        self.ports = {
            label.split(b"\0", 1)[0].decode("ascii", "replace"): name
            for name, label in (
                _PORT.unpack_from(self._memory, _PORTS_AT + index * _PORT.size)
                for index in range(ports)
            )
        }
        self._bytes = memoryview(self._memory)
        # A sequence is written as one word; struct would clear it first, then store bytes.
        self._words = self._bytes.cast("I")

    def call(self, request: Message, timeout: float | None = None) -> Message:
        """Send a request and return its reply; see Transport.call."""
        deadline = None if timeout is None else time.monotonic() + timeout
        if request.out_of_line:
            check_out_of_line(self.abi, request, self.address)
        with self._exclusive(deadline):
            self._write(_CALL, *request)
            result = self._await_result(deadline)
            if result == _SUCCESS:
                return self._take_reply()
            port = self._take_name()
        if result != _IN_PROGRESS:
            raise KernReturnError.from_code(result, address=self.address)
        # It takes long: others may use the mailbox meanwhile.
        self._own_ports.add(port)
        try:
            return self.receive(port, None if deadline is None else deadline - time.monotonic())
        finally:
            self.destroy_port(port)

    def send(self, request: Message) -> None:
        """Send a message that has no reply; see Transport.send."""
        deadline = time.monotonic() + _SEND_TIMEOUT
        if request.out_of_line:
            check_out_of_line(self.abi, request, self.address)
        with self._exclusive(deadline):
            self._write(_SEND, *request)
            if result := self._await_result(deadline):
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
            with self._exclusive(deadline):
                self._write(_RECEIVE, _NAME.pack(port), ())
                result = self._await_result(time.monotonic() + _SEND_TIMEOUT)
                if result == _SUCCESS:
                    return self._take_reply()
            if result != _NOTHING_THERE:
                raise KernReturnError.from_code(result, address=self.address)
            left = pause if deadline is None else min(pause, deadline - time.monotonic())
            if left <= 0:
                raise CallTimeout(f"no message within {timeout:.2g} s", address=self.address)
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
                self._bytes.release()
                self._memory.close()
                os.close(self._file)

    @contextmanager
    def _exclusive(self, deadline: float | None) -> Iterator[None]:
        """Hold the mailbox against other threads and processes."""
        left = -1 if deadline is None else max(0.0, deadline - time.monotonic())
        if not self._mutex.acquire(timeout=left):
            raise CallTimeout("another thread is using the mailbox", address=self.address)
        try:
            if self._closed:
                raise PeerDied("this connection was closed", address=self.address)
            self._lock(deadline)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)
        finally:
            self._mutex.release()

    def _lock(self, deadline: float | None) -> None:
        for _ in self._waiting(deadline, "another client is using the mailbox"):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            return

    def _control(self, code: int, port: int = 0) -> int:
        """Have the guest do something about a port, and return the name that it answers with."""
        deadline = time.monotonic() + _SEND_TIMEOUT
        with self._exclusive(deadline):
            self._write(code, _NAME.pack(port), ())
            if result := self._await_result(deadline):
                raise KernReturnError.from_code(result, address=self.address)
            return self._take_name()

    def _take_name(self) -> int:
        """The name of a port, if that is what the guest answered with."""
        name: int = _NAME.unpack_from(self._memory, self._reply + _SLOT_SIZE)[0]
        return name

    def _write(self, code: int, data: bytes, regions: tuple[Region, ...]) -> None:
        """Write a request, its sequence last."""
        at = self._request
        padded = _padded(len(data))
        lengths = [memoryview(region).nbytes for region in regions]
        region_size = sum(map(_padded, lengths))
        if padded + region_size > self._request_size - _SLOT_SIZE:
            raise ProtocolError(
                f"expected a message of at most {self._request_size - _SLOT_SIZE} bytes,"
                f" this one has {padded + region_size}",
                address=self.address,
            )
        sequence = (self._words[at // 4] + 1) & 0xFFFFFFFF
        _SLOT_BODY.pack_into(self._memory, at + 4, code, len(data), region_size)
        at += _SLOT_SIZE
        self._bytes[at : at + len(data)] = data
        at += padded
        for region, length in zip(regions, lengths, strict=True):
            self._bytes[at : at + length] = memoryview(region).cast("B")
            at += _padded(length)
        self._words[self._request // 4] = sequence

    def _await_result(self, deadline: float | None) -> int:
        """Wait for the guest's answer to what was written last, and return its code."""
        self._await(self._words[self._request // 4], deadline)
        code: int = self._words[self._reply // 4 + 1]
        return code

    def _await(self, sequence: int, deadline: float | None) -> None:
        words, at = self._words, self._reply // 4
        for _ in range(_SPIN):
            if words[at] == sequence:
                return
        for _ in self._waiting(deadline, "no reply"):
            if words[at] == sequence:
                return

    def _waiting(self, deadline: float | None, what: str) -> Iterator[None]:
        """Yield until the caller is satisfied, ever more slowly, while guest and time last."""
        yield
        start = time.monotonic()
        check = start
        pause = _PAUSE_MIN
        while True:
            now = time.monotonic()
            if now >= check:
                self._check_alive()
                check = now + _ALIVE_INTERVAL
            if deadline is not None and now >= deadline:
                waited = f"{now - start:.2g} s"
                raise CallTimeout(f"{what} within {waited}", address=self.address)
            time.sleep(pause)
            pause = min(2 * pause, _PAUSE_MAX)
            yield

    def _take_reply(self) -> Message:
        _, size, region_size = _SLOT_BODY.unpack_from(self._memory, self._reply + 4)
        at = self._reply + _SLOT_SIZE
        end = at + self._reply_size - _SLOT_SIZE
        regions_at = at + _padded(size)
        if size < self.abi.header_size or regions_at > end or region_size > end - regions_at:
            raise self._malformed(
                f"a reply of {self.abi.header_size} to {end - at} bytes",
                f"{size} and {region_size} out of line",
            )
        data = bytes(self._bytes[at : at + size])
        if not int.from_bytes(data[:4], "little") & BITS_COMPLEX:
            return Message(data)
        regions = []
        at = regions_at
        for slot in out_of_line_slots(self.abi, data, self.address):
            if slot.length > regions_at + region_size - at:
                raise self._malformed(
                    f"{slot.length} bytes out of line", f"{regions_at + region_size - at}"
                )
            regions.append(bytes(self._bytes[at : at + slot.length]))
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


def _padded(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
