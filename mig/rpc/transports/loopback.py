# SPDX-License-Identifier: GPL-2.0-or-later
"""A host in this very process: calls go straight to a demultiplexer, without a thread or a copy.

Both ends share one space of port names.
"""

import logging
from collections.abc import Mapping

from mig.rpc.delivery import deliver
from mig.rpc.errors import CallTimeout, MachSendInvalidDest, PeerDied
from mig.rpc.message import Message, check_out_of_line, unpack_header
from mig.rpc.server import Demultiplexer
from mig.rpc.transport import Transport

logger = logging.getLogger(__name__)

REPLY_PORT = 0xFFFFFFFE
"""The name of the port that replies come to."""


class Loopback(Transport):
    """A way to servers of this process."""

    def __init__(
        self,
        demultiplexer: Demultiplexer,
        ports: Mapping[str, int],
        *,
        address: str = "loopback:",
    ) -> None:
        """Offer ports.

        Args:
            demultiplexer: answers what is sent to them.
            ports: names by label.
            address: what errors call the host.
        """
        self.address = address
        self.abi = demultiplexer.abi
        self.reply_port = REPLY_PORT
        self.ports = dict(ports)
        self._demultiplexer = demultiplexer
        self._closed = False

    def call(self, request: Message, timeout: float | None = None) -> Message:
        """See Transport; a server that does not answer at once never does: a CallTimeout."""
        reply = self._exchange(request)
        if reply is None:
            raise CallTimeout("the server sent no reply", address=self.address)
        return reply

    def send(self, request: Message) -> None:
        """See Transport."""
        if self._exchange(request) is not None:
            logger.info("%s: dropped a reply that nobody waits for", self.address)

    def close(self) -> None:
        """See Transport."""
        self._closed = True

    def _exchange(self, request: Message) -> Message | None:
        if self._closed:
            raise PeerDied("this connection was closed", address=self.address)
        check_out_of_line(self.abi, request, self.address)
        if unpack_header(self.abi, request.data, self.address).remote not in self.ports.values():
            raise MachSendInvalidDest(address=self.address)
        reply = self._demultiplexer.handle(deliver(self.abi, request, self.address))
        return reply and deliver(self.abi, reply, self.address)
