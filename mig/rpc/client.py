# SPDX-License-Identifier: GPL-2.0-or-later
"""Base class of generated clients: one call, from arguments to results.

Encoding and decoding are the generated modules'; carrying is the transport's.  What joins them,
and tells an error where it happened, is here.
"""

from collections.abc import Callable
from importlib import import_module
from typing import ClassVar, Concatenate, ParamSpec, TypeVar

from mig.rpc.errors import MachError, MigBadId
from mig.rpc.message import Message
from mig.rpc.port import Port

P = ParamSpec("P")
R = TypeVar("R")


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
        self._wire = import_module(f"{self._package}.{port.transport.abi.name}")
        self._transport = port.transport
        self._name = port.name
        self._reply_port = port.transport.reply_port

    def _require_abi(self, abi: str, routine: str) -> None:
        """Refuse a routine that only hosts of another ABI have."""
        if self._transport.abi.name != abi:
            raise MigBadId(f"only {abi} has it", routine=routine, address=self._transport.address)

    def _call(
        self,
        encode: Callable[Concatenate[int, int, P], Message],
        decode: Callable[[Message], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        try:
            request = encode(self._name, self._reply_port, *args, **kwargs)
            return decode(self._transport.call(request, self.timeout))
        except MachError as error:
            self._locate(error, encode)
            raise

    def _send(
        self,
        encode: Callable[Concatenate[int, int, P], Message],
        reply_port: int,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        try:
            self._transport.send(encode(self._name, reply_port, *args, **kwargs))
        except MachError as error:
            self._locate(error, encode)
            raise

    def _locate(self, error: MachError, encode: Callable[..., Message]) -> None:
        """Tell an error which routine and which host it is about."""
        routine = encode.__name__.removeprefix("encode_").removesuffix("_request")
        error.routine = error.routine or routine
        error.address = error.address or self._transport.address
