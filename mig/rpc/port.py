# SPDX-License-Identifier: GPL-2.0-or-later
"""A port right that a transport reaches."""

from dataclasses import dataclass
from typing import Self

from mig.rpc.errors import ConnectError
from mig.rpc.transport import Transport


@dataclass(frozen=True, slots=True)
class Port:
    """A right to send to a port.

    Attributes:
        transport: the way to it.
        name: its name there.
    """

    transport: Transport
    name: int

    @classmethod
    def offered(cls, transport: Transport, label: str) -> Self:
        """Return the port that a host offers under a label.

        Raises:
            ConnectError: the host offers no such port.
        """
        name = transport.ports.get(label)
        if name is None:
            offered = ", ".join(sorted(transport.ports)) or "none"
            raise ConnectError(
                f'no port "{label}" on offer (there is: {offered})', address=transport.address
            )
        return cls(transport, name)
