# SPDX-License-Identifier: GPL-2.0-or-later
"""Base class of generated clients: where calls go, and what an error is told about its own.

Encoding and decoding are the generated modules'; carrying is the transport's.
"""

from importlib import import_module
from typing import Any, ClassVar

from mig.rpc.errors import MachError, MigBadId
from mig.rpc.port import Port


class Client:
    """Calls the routines of one subsystem on one port.

    Attributes:
        port: the port that the requests go to.
        timeout: seconds that a call may take; None waits as long as the host lives.
    """

    _package: ClassVar[str]  # has a module per ABI, of which a client needs one

    def __init__(self, port: Port, *, timeout: float | None = None) -> None:
        self.port = port
        self.timeout = timeout
        self._wire: Any = import_module(f"{self._package}.{port.transport.abi.name}")
        self._transport = port.transport
        self._name = port.name
        self._reply_port = port.transport.reply_port

    def _require_abi(self, abi: str, routine: str) -> None:
        """Refuse a routine that only hosts of another ABI have."""
        if self._transport.abi.name != abi:
            raise MigBadId(f"only {abi} has it", routine=routine, address=self._transport.address)

    def _locate(self, error: MachError, routine: str) -> None:
        """Tell an error which routine and which host it is about."""
        error.routine = error.routine or routine
        error.address = error.address or self._transport.address
