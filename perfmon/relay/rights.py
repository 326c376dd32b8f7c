# SPDX-License-Identifier: GPL-2.0-or-later
"""The port rights of one client: ports of its own, and what messages brought it.

To the host, all of them are the relay's.  A client names its ports itself, so they are mapped;
rights that come from the host keep the host's names.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from mig.rpc.errors import CallTimeout, MachError, MachSendNoBuffer
from mig.rpc.message import (
    Message,
    TypeName,
    is_port_right,
    pack_header,
    remote_disposition,
    unpack_header,
    walk_descriptors,
)
from mig.rpc.transport import Transport

RIGHTS_MAX: Final = 4096
"""That messages brought a client and it may use; of more the oldest are forgotten."""
_SLICE: Final = 0.5
_FAREWELL: Final = 2.0


class Rights:
    """What a client may name."""

    def __init__(self, host: Transport, most: int, deliver: Callable[[Message], None]) -> None:
        """Begin with none.

        Args:
            host: where the ports and rights are.
            most: ports that the client may have.
            deliver: takes what came to a port of the client.
        """
        self._host = host
        self._most = most
        self._deliver = deliver
        self._ports: dict[int, int] = {}
        self._threads: list[threading.Thread] = []
        self._came: dict[int, bool] = {}  # whether a right is for one message only
        self._closed = threading.Event()

    def port(self, name: int) -> int:
        """Return the host's name of a client's port, which it gets when it is first asked for.

        Raises:
            MachSendNoBuffer: the client has as many as it may.
            MachError: the host has none to give.
        """
        if name not in self._ports:
            if len(self._ports) >= self._most:
                raise MachSendNoBuffer
            port = self._ports[name] = self._host.allocate_port()
            pump = threading.Thread(target=self._pump, args=(name, port), daemon=True)
            self._threads = [thread for thread in self._threads if thread.is_alive()] + [pump]
            pump.start()
        return self._ports[name]

    def forget(self, name: int) -> None:
        """Let go of a client's port; an unknown one is fine."""
        port = self._ports.pop(name, None)
        if port is not None:
            self._host.destroy_port(port)

    def use(self, name: int) -> int:
        """Return the disposition with which the client may send to a right; 0: it may not.

        A right to send once is then used up.
        """
        if name not in self._came:
            return 0
        if not self._came[name]:
            return TypeName.COPY_SEND
        del self._came[name]
        return TypeName.MOVE_SEND_ONCE

    def take(self, message: Message) -> Message:
        """Note the rights that a message from the host brings, and return it."""
        header = unpack_header(self._host.abi, message.data)
        if header.remote:
            self._note(header.remote, remote_disposition(header.bits))
        if header.complex:
            regions = iter(message.out_of_line)
            for descriptor in walk_descriptors(self._host.abi, message.data):
                inline = message.data[descriptor.data : descriptor.data + descriptor.length]
                names = inline if descriptor.inline else next(regions, b"")
                if is_port_right(descriptor.name):
                    for at in range(0, len(names), max(descriptor.size // 8, 4)):
                        name = int.from_bytes(names[at : at + 4], "little")
                        self._note(name, descriptor.name)
        return message

    def _note(self, name: int, disposition: int) -> None:
        if name == 0:
            return
        self._came.pop(name, None)
        self._came[name] = disposition == TypeName.PORT_SEND_ONCE
        if len(self._came) > RIGHTS_MAX:
            del self._came[next(iter(self._came))]

    def close(self) -> None:
        """Let go of everything."""
        self._closed.set()
        for name in list(self._ports):
            try:
                self.forget(name)
            except MachError:  # the host has gone, and they with it
                break
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(_FAREWELL)

    def _pump(self, name: int, port: int) -> None:
        """Carry what comes to a port to the client, until either goes away."""
        abi = self._host.abi
        while not self._closed.is_set() and self._ports.get(name) == port:
            try:
                message = self.take(self._host.receive(port, _SLICE))
            except CallTimeout:
                continue
            except MachError:
                return
            header = unpack_header(abi, message.data)._replace(local=name)
            data = pack_header(abi, header) + message.data[abi.header_size :]
            try:
                self._deliver(Message(data, message.out_of_line))
            except OSError:  # who reads of the client will see it
                return
