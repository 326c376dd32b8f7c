# SPDX-License-Identifier: GPL-2.0-or-later
"""A transport whose host is a script: real messages, answered by functions of the test."""

import re
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

from mig.rpc.abi import X86_64
from mig.rpc.errors import KernReturnError, MigBadId
from mig.rpc.message import Header, Message, pack_header, unpack_header
from mig.rpc.transport import Transport
from perfmon._generated.perf_monitor import x86_64

_DEFS = Path(__file__).parents[2] / "include" / "mach" / "perf_monitor.defs"
_ROUTINES = re.findall(r"^routine (\w+)\(", _DEFS.read_text(), re.M)
_FIRST_ID = 2072

Answer = Callable[..., tuple[object, ...]]


class ScriptedTransport(Transport):
    """Answers routines by functions of their arguments; other routines are not implemented.

    An answer returns the results of the routine, or raises what the host is to say (a
    KernReturnError) or what is to happen on the way (a TransportError).
    """

    def __init__(self, answers: Mapping[str, Answer], ports: Mapping[str, int] | None = None):
        self.address = "scripted:"
        self.abi = X86_64
        self.reply_port = 9
        self.ports = ports if ports is not None else {"host": 1, "host-priv": 2}
        self.answers = dict(answers)
        self.called: list[str] = []
        self.closed = False

    def call(self, request: Message, timeout: float | None = None) -> Message:
        header = unpack_header(self.abi, request.data)
        routine = _ROUTINES[header.id - _FIRST_ID]
        self.called.append(routine)
        arguments = getattr(x86_64, f"decode_{routine}_request")(request)
        try:
            answer = self.answers.get(routine)
            if answer is None:
                raise MigBadId
            results = answer(*arguments)
        except KernReturnError as error:
            return self._error_reply(header.id + 100, error.code)
        return getattr(x86_64, f"encode_{routine}_reply")(self.reply_port, *results)

    def _error_reply(self, reply_id: int, code: int) -> Message:
        size = self.abi.error_reply_size
        header = pack_header(self.abi, Header(18, size, self.reply_port, 0, 0, reply_id))
        return Message(header + struct.pack("<Qi4x", 0x0000000120002002, code))

    def send(self, request: Message) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self.closed = True
