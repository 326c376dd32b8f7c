# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages to the kernel that this program runs on, through libc's mach_msg.

cffi in ABI mode: no compiler and no header is needed where it runs.  The declarations below must
agree with gnumach-dev's headers on both ABIs, and tests hold them against those.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, Final

from cffi import FFI

from mig.rpc.abi import I386, X86_64
from mig.rpc.errors import CallTimeout, ConnectError, KernReturnError, PeerDied
from mig.rpc.message import (
    BITS_COMPLEX,
    Message,
    Region,
    check_out_of_line,
    out_of_line_slots,
    unpack_header,
)
from mig.rpc.transport import Transport

ADDRESS: Final = "mach:"

DECLARATIONS: Final = """
    typedef unsigned int mach_port_t;
    int mach_msg(void *msg, int option, unsigned int send_size, unsigned int rcv_size,
                 mach_port_t rcv_name, unsigned int timeout, mach_port_t notify);
    mach_port_t mach_reply_port(void);
    mach_port_t mach_host_self(void);
    mach_port_t mach_task_self(void);
    int get_privileged_ports(mach_port_t *host_priv, mach_port_t *device_master);
    int vm_deallocate(mach_port_t target_task, uintptr_t address, uintptr_t size);
    int mach_port_destroy(mach_port_t task, mach_port_t name);
"""

_SEND, _RECEIVE = 0x1, 0x2
_SEND_TIMEOUT, _RECEIVE_TIMEOUT = 0x10, 0x100
_RECEIVE_INTERRUPT = 0x400
"""Else libc goes on waiting by itself, and no Ctrl-C ends a call."""

_SUCCESS: Final = 0
_TIMED_OUT: Final = (0x10000004, 0x10004003)
_RECEIVE_INTERRUPTED: Final = 0x10004005
_PORT_DIED: Final = (0x10004002, 0x10004009)

_REPLY_SIZE: Final = 8192
"""Of the largest reply that a kernel builds."""
_SEND_PATIENCE: Final = 5.0


class MachTransport(Transport):
    """The way to this machine's kernel.

    Ports on offer are "host" and, to those whom the system trusts, "host-priv".  Threads may share
    one: each call has a reply port to itself, whatever name the request gives.
    """

    def __init__(self, library: str | None = None) -> None:
        """Find libc's functions and ask for the host's ports.

        Args:
            library: what to load them from; None: the program itself, which has a libc.

        Raises:
            ConnectError: this is no Mach system.
        """
        self.address = ADDRESS
        self.abi = X86_64 if sys.maxsize > 1 << 32 else I386
        self._ffi = _declared()
        self._libc: Any = _load(self._ffi, library)
        self._closed = False
        self._mutex = threading.Lock()
        self._free_ports: list[int] = []
        self._own_ports: set[int] = set()
        self._task = self._libc.mach_task_self()
        with self._reply_port() as self.reply_port:
            pass
        self.ports = {"host": self._libc.mach_host_self()}
        privileged = self._ffi.new("mach_port_t *")
        code = self._libc.get_privileged_ports(privileged, self._ffi.NULL)
        # A success may come without a port.
        if code == _SUCCESS and privileged[0]:
            self.ports["host-priv"] = privileged[0]

    def call(self, request: Message, timeout: float | None = None) -> Message:
        """See Transport."""
        self._check_open()
        with self._reply_port() as port:
            buffer = self._ffi.new("uint64_t[]", max(_REPLY_SIZE, len(request.data) + 7) // 8)
            regions = self._fill(buffer, request, port)
            self._message(buffer, _SEND | _RECEIVE, len(request.data), port, timeout)
            del regions  # the kernel has copied them
            size = self._ffi.cast("unsigned int *", buffer)[1]
            return self._take_memory(self._ffi.buffer(buffer)[:size])

    def send(self, request: Message) -> None:
        """See Transport."""
        self._check_open()
        buffer = self._ffi.new("uint64_t[]", (len(request.data) + 7) // 8)
        regions = self._fill(buffer, request, 0)
        self._message(buffer, _SEND, len(request.data), 0, _SEND_PATIENCE)
        del regions

    def allocate_port(self) -> int:
        """See Transport."""
        self._check_open()
        port: int = self._libc.mach_reply_port()
        with self._mutex:
            self._own_ports.add(port)
        return port

    def receive(self, port: int, timeout: float | None = None) -> Message:
        """See Transport."""
        self._check_open()
        buffer = self._ffi.new("uint64_t[]", _REPLY_SIZE // 8)
        self._message(buffer, _RECEIVE, 0, port, timeout)
        size = self._ffi.cast("unsigned int *", buffer)[1]
        return self._take_memory(self._ffi.buffer(buffer)[:size])

    def destroy_port(self, port: int) -> None:
        """See Transport."""
        with self._mutex:
            known = port in self._own_ports
            self._own_ports.discard(port)
        if known:
            self._destroy(port)

    def close(self) -> None:
        """See Transport."""
        self._closed = True
        with self._mutex:
            ports = [*self._free_ports, *self._own_ports]
            self._free_ports, self._own_ports = [], set()
        for port in ports:
            self._destroy(port)

    def _check_open(self) -> None:
        if self._closed:
            raise PeerDied("the connection is closed", address=ADDRESS)

    @contextmanager
    def _reply_port(self) -> Iterator[int]:
        """A reply port for one call; not used again when the call failed: its reply may be late."""
        with self._mutex:
            port = self._free_ports.pop() if self._free_ports else self._libc.mach_reply_port()
        try:
            yield port
        except BaseException:
            self._destroy(port)
            raise
        with self._mutex:
            self._free_ports.append(port)

    def _destroy(self, port: int) -> None:
        # Of the functions here, this one is not libc's own but of a library that libc needs.
        with suppress(AttributeError):
            self._libc.mach_port_destroy(self._task, port)

    def _fill(self, buffer: Any, request: Message, reply_port: int) -> list[Any]:
        """Write a request to memory, and pointers to its regions into it; those must stay alive."""
        data = bytearray(request.data)
        header = unpack_header(self.abi, data, ADDRESS)
        if reply_port and header.local == self.reply_port:
            data[: self.abi.header_size] = self.abi.header.pack(*header._replace(local=reply_port))
        regions = []
        for slot, region in zip(
            check_out_of_line(self.abi, request, ADDRESS), request.out_of_line, strict=True
        ):
            memory = self._ffi.from_buffer(memoryview(region).tobytes())
            regions.append(memory)
            address = int(self._ffi.cast("uintptr_t", memory))
            field = slice(slot.offset, slot.offset + self.abi.pointer)
            data[field] = address.to_bytes(self.abi.pointer, sys.byteorder)
        self._ffi.memmove(buffer, data, len(data))
        return regions

    def _message(
        self, buffer: Any, option: int, send_size: int, port: int, timeout: float | None
    ) -> None:
        """Call mach_msg until it is done, however often a signal interrupts it."""
        deadline = None if timeout is None else time.monotonic() + timeout
        flags = _RECEIVE_INTERRUPT
        if deadline is not None:
            flags |= _SEND_TIMEOUT | _RECEIVE_TIMEOUT
        receive_size = self._ffi.sizeof(buffer) if option & _RECEIVE else 0
        while True:
            code = self._libc.mach_msg(
                *(buffer, option | flags, send_size if option & _SEND else 0, receive_size),
                *(port, _milliseconds(deadline), 0),
            )
            if code == _SUCCESS:
                return
            if code != _RECEIVE_INTERRUPTED:
                raise _refusal(code, timeout)
            option = _RECEIVE

    def _take_memory(self, data: bytes) -> Message:
        """Wrap the regions that a reply points to; they go when nobody refers to them."""
        if not int.from_bytes(data[:4], "little") & BITS_COMPLEX:
            return Message(data)
        zeroed = bytearray(data)
        regions: list[Region] = []
        for slot in out_of_line_slots(self.abi, data, ADDRESS):
            field = slice(slot.offset, slot.offset + self.abi.pointer)
            address = int.from_bytes(data[field], sys.byteorder)
            zeroed[field] = bytes(self.abi.pointer)
            regions.append(self._wrap(address, slot.length) if address and slot.length else b"")
        return Message(bytes(zeroed), tuple(regions))

    def _wrap(self, address: int, length: int) -> Region:
        deallocate, task = self._libc.vm_deallocate, self._task
        memory = self._ffi.gc(
            self._ffi.cast("void *", address), lambda _: deallocate(task, address, length), length
        )
        return memoryview(self._ffi.buffer(memory, length))


@cache
def _declared() -> Any:
    ffi = FFI()
    ffi.cdef(DECLARATIONS)
    return ffi


def _load(ffi: Any, library: str | None) -> Any:
    try:
        libc = ffi.dlopen(library)
        _ = libc.mach_msg, libc.mach_reply_port, libc.mach_host_self, libc.get_privileged_ports
    except (AttributeError, OSError) as error:
        raise ConnectError(
            f"expected a system whose libc has mach_msg: {error}",
            address=ADDRESS,
            hint="this is for the Hurd: elsewhere, embedded: is a host in this process",
        ) from None
    return libc


def _milliseconds(deadline: float | None) -> int:
    if deadline is None:
        return 0
    return min(max(round((deadline - time.monotonic()) * 1000), 1), 0x7FFFFFFF)


def _refusal(code: int, timeout: float | None) -> Exception:
    if code in _TIMED_OUT:
        return CallTimeout(f"expected a reply within {timeout} s, found none", address=ADDRESS)
    if code in _PORT_DIED:
        return PeerDied("the reply port died", address=ADDRESS)
    return KernReturnError.from_code(code, address=ADDRESS)
