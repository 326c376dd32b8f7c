# SPDX-License-Identifier: GPL-2.0-or-later
"""What carries messages to a host and back.

A transport carries whole messages and knows no routine; marshalling knows no transport.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Self

from mig.rpc.abi import Abi
from mig.rpc.errors import ConnectError
from mig.rpc.message import Message


class Transport(ABC):
    """A way to one host.

    Attributes:
        address: as given to connect(), for messages to people.
        abi: the layout that this host's messages have.
        reply_port: the name to put into ``msgh_local_port`` of a request.
        ports: the ports on offer, by label ("host", "host-priv", "workload"), as names that are
            valid in ``msgh_remote_port``.
    """

    address: str
    abi: Abi
    reply_port: int
    ports: Mapping[str, int]

    @abstractmethod
    def call(self, request: Message, timeout: float | None = None) -> Message:
        """Send a request and return its reply, unchecked but for its size.

        Args:
            request: its pointers are zero, its regions travel with it.
            timeout: seconds for the whole call; None waits as long as the host lives.

        Raises:
            CallTimeout: no reply in time.
            PeerDied: the host went away.
            ProtocolError: what came back is no message, or does not hold what it says it holds.
            KernReturnError: the message system refused the request (``MACH_SEND_*``).
        """

    @abstractmethod
    def send(self, request: Message) -> None:
        """Send a message that has no reply.

        Raises:
            As ``call``.
        """

    def allocate_port(self) -> int:
        """Return the name of a new port of the client's own.

        A right to it goes into the body of a request, made with MAKE_SEND or MAKE_SEND_ONCE, and
        what is then sent to it is had with `receive`.

        Raises:
            ConnectError: messages to ports do not come this way.
        """
        raise ConnectError("only replies come this way", address=self.address)

    def receive(self, port: int, timeout: float | None = None) -> Message:
        """Return the next message to a port of the client's own, as its receiver finds it.

        Args:
            port: as `allocate_port` named it.
            timeout: seconds to wait; None waits as long as the host lives.

        Raises:
            CallTimeout: none came in time.
            As ``call``.
        """
        raise ConnectError("only replies come this way", address=self.address)

    def destroy_port(self, port: int) -> None:
        """Let go of a port of the client's own, and of what waits there; an unknown one is fine."""
        del port

    @abstractmethod
    def close(self) -> None:
        """Let go of the host; calls after that raise PeerDied.  Closing twice is harmless."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
