# SPDX-License-Identifier: GPL-2.0-or-later
"""The transport `embedded:`, to a Mach host inside this process.

The host is C (csrc/embedded): core, server stubs and port space, reached through cffi.  Here is
only what carries messages in and out; nothing here knows a routine.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final

from mig.rpc.abi import I386, X86_64
from mig.rpc.errors import (
    CallTimeout,
    ConnectError,
    KernResourceShortage,
    KernReturnError,
    PeerDied,
)
from mig.rpc.message import BITS_COMPLEX, Message, Region, out_of_line_slots
from mig.rpc.transport import Transport

ADDRESS: Final = "embedded:"

_REPLY_SIZE: Final = 8192
"""Of the largest reply that a kernel builds."""

_BITS_TOP: Final = 3
_COMPLEX: Final = BITS_COMPLEX >> 24
"""The highest byte of ``msgh_bits``, and the bit that it has there."""

_SUCCESS: Final = 0
_LONGEST: Final = 0x7FFFFFFF
"""Milliseconds of the longest time-out but for ever."""
_TIMED_OUT: Final = (0x10000004, 0x10004003)
_PORT_DIED: Final = (0x10004002, 0x10004009)

_SLICE: Final = 0.2
"""Seconds in C at a time: a signal is seen in between."""

_process = os.getpid()


class EmbeddedTransport(Transport):
    """The way to this process's own host, which starts with the first of these.

    All of them reach the same host.  Threads may share one: each has its own reply port.
    """

    def __init__(self) -> None:
        """Start the host if need be.

        Raises:
            ConnectError: the host is not built, could not start, or stayed behind in the process
                that this one was forked from.
        """
        try:
            module: Any = import_module("perfmon._embedded")
        except ImportError as error:
            raise ConnectError(
                f"the embedded host is not built ({error})", address=ADDRESS
            ) from error
        if os.getpid() != _process:
            raise ConnectError("the host stayed in the process that forked", address=ADDRESS)
        self._ffi = module.ffi
        self._host: Any = module.lib
        ports = self._ffi.new("struct embedded_ports *")
        if code := self._host.embedded_start(ports):
            raise ConnectError(
                f"the embedded host did not start: {KernReturnError.from_code(code).summary}",
                address=ADDRESS,
            )
        self.address = ADDRESS
        self.abi = X86_64 if sys.maxsize > 1 << 32 else I386
        self.reply_port = ports.reply
        self.ports = MappingProxyType(
            {"host": ports.host, "host-priv": ports.host_priv, "workload": ports.workload}
        )
        # Looked up once: a call takes a few microseconds in all.
        self._call: Any = self._host.embedded_call
        self._forever: int = self._host.EMBEDDED_FOREVER
        self._buffers = threading.local()
        self._own_ports: set[int] = set()
        self._closed = False

    def call(self, request: Message, timeout: float | None = None) -> Message:
        """See Transport."""
        if self._closed:
            self._check_open()
        try:
            reply, words, buffer = self._buffers.reply
        except AttributeError:
            reply, words, buffer = self._buffers.reply = self._new_buffer()
        data = request.data
        patience = self._forever if timeout is None else _milliseconds(timeout)
        code = self._call(data, len(data), reply, _REPLY_SIZE, patience)
        if code:
            raise _refusal(code, timeout)
        data = buffer[: words[1]]
        return self._take_memory(data) if data[_BITS_TOP] & _COMPLEX else Message(data)

    def send(self, request: Message) -> None:
        """See Transport."""
        self._check_open()
        code = self._host.embedded_send(request.data, len(request.data))
        if code != _SUCCESS:
            raise _refusal(code, None)

    def allocate_port(self) -> int:
        """See Transport."""
        self._check_open()
        port: int = self._host.embedded_port_allocate()
        if port == 0:
            raise KernResourceShortage(address=ADDRESS)
        self._own_ports.add(port)
        return port

    def receive(self, port: int, timeout: float | None = None) -> Message:
        """See Transport."""
        deadline = None if timeout is None else time.monotonic() + timeout
        reply, words, buffer = self._new_buffer()
        while True:
            self._check_open()
            left = _SLICE if deadline is None else min(_SLICE, deadline - time.monotonic())
            code = self._host.embedded_receive(port, reply, _REPLY_SIZE, _milliseconds(left))
            if code == _SUCCESS:
                break
            if code not in _TIMED_OUT or (deadline is not None and time.monotonic() >= deadline):
                raise _refusal(code, timeout)
        data = buffer[: words[1]]
        return self._take_memory(data) if data[_BITS_TOP] & _COMPLEX else Message(data)

    def destroy_port(self, port: int) -> None:
        """See Transport."""
        if port in self._own_ports:
            self._own_ports.discard(port)
            self._host.embedded_port_destroy(port)

    def close(self) -> None:
        """See Transport.  The host itself lives as long as the process."""
        self._closed = True
        while self._own_ports:
            self._host.embedded_port_destroy(self._own_ports.pop())

    def _check_open(self) -> None:
        if self._closed:
            raise PeerDied("the connection is closed", address=ADDRESS)

    def _new_buffer(self) -> tuple[Any, Any, Any]:
        """A reply's memory, its words and its bytes."""
        memory = self._ffi.new("uint64_t[]", _REPLY_SIZE // 8)
        return memory, self._ffi.cast("uint32_t *", memory), self._ffi.buffer(memory)

    def _take_memory(self, data: bytes) -> Message:
        """Wrap the regions that a reply points to; they go when nobody refers to them."""
        zeroed = bytearray(data)
        regions: list[Region] = []
        for slot in out_of_line_slots(self.abi, data, ADDRESS):
            field = slice(slot.offset, slot.offset + self.abi.pointer)
            address = int.from_bytes(data[field], sys.byteorder)
            zeroed[field] = bytes(self.abi.pointer)
            if address == 0:
                regions.append(b"")
                continue
            memory = self._ffi.gc(
                self._ffi.cast("void *", address), self._host.embedded_free, slot.length
            )
            regions.append(memoryview(self._ffi.buffer(memory, slot.length)))
        return Message(bytes(zeroed), tuple(regions))


def _milliseconds(seconds: float) -> int:
    milliseconds = int(seconds * 1000)
    return max(1, min(milliseconds, _LONGEST))


def _refusal(code: int, timeout: float | None) -> Exception:
    if code in _TIMED_OUT:
        return CallTimeout(f"expected a reply within {timeout} s, found none", address=ADDRESS)
    if code in _PORT_DIED:
        return PeerDied("the reply port died", address=ADDRESS)
    return KernReturnError.from_code(code, address=ADDRESS)
