# SPDX-License-Identifier: GPL-2.0-or-later
"""Generated Python clients and servers at work: with C stubs at the other end, or with each other.

A Python client reaches a C server, and a C client a Python server, through the runner, which is
the kernel between them.  What is passed and returned comes from vectors; nothing is compared here.
"""

import importlib
import inspect
import os
import struct
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mig.rpc.abi import ABIS, Abi
from mig.rpc.client import Client
from mig.rpc.delivery import deliver
from mig.rpc.errors import KernReturnError
from mig.rpc.message import Message, out_of_line_slots
from mig.rpc.port import Port
from mig.rpc.server import Demultiplexer, Server
from mig.rpc.transport import Transport
from tests.conformance import loopback
from tests.conformance.loopback import ZERO, Record
from tests.conformance.shapes import Role
from tests.conformance.targets import Target
from tests.conformance.vectors import SUCCESS, Datum, Vector


def region_messages(abi: Abi, message: Message) -> bytes:
    """Regions as the runner reads them: count, then place of the pointer, size and bytes."""
    slots = out_of_line_slots(abi, message.data)
    parts = [struct.pack("<I", len(slots))]
    for slot, region in zip(slots, message.out_of_line, strict=True):
        parts += [struct.pack("<II", slot.offset, len(region)), bytes(region)]
    return b"".join(parts)


def find(records: Sequence[Record], tag: str) -> Message | None:
    """A message of the records with the memory it carries."""
    tags = [each for each, _ in records]
    if tag not in tags:
        return None
    at = tags.index(tag)
    regions = []
    for each, body in records[at + 1 :]:
        if each != "O":
            break
        regions.append(body)
    return Message(records[at][1], tuple(regions))


@dataclass(frozen=True, slots=True)
class Part:
    """What a vector comes to in Python.

    Attributes:
        arguments: what is passed, by the names that generated methods give it.
        results: what is returned, by the names in a server's table.
    """

    vector: Vector
    arguments: Mapping[str, Any]
    results: Mapping[str, Any]


def given(data: Mapping[str, Datum], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values, with what a sender says about them: its types of rights, and deallocation."""
    found = dict(values)
    for name, datum in data.items():
        found[f"{name}_poly"] = datum.right
        found[f"{name}_dealloc"] = datum.dealloc
    return found


def _named(names: Sequence[str], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a function takes; a keyword of Python's has an underscore behind it."""
    return {name: values[name if name in values else name.removesuffix("_")] for name in names}


# The server.


@dataclass(slots=True)
class Script:
    """What the methods of a server do next, and what they were called with."""

    part: Part | None = None
    calls: list[tuple[str, dict[str, int], tuple[Any, ...]]] = field(default_factory=list)


def server_class(package: str) -> type[Server]:
    """The generated server."""
    module = importlib.import_module(f"{package}.server")
    (base,) = (
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Server) and each is not Server
    )
    return base


def scripted_server(package: str, script: Script) -> Server:
    """An instance of the generated server whose methods follow a script."""
    base = server_class(package)
    methods = {
        routine.method or routine.name: _method(
            script, routine.name, routine.header, routine.results
        )
        for routine in base._routines.values()
    }
    made: Server = type("Scripted", (base,), methods)()
    return made


def _method(
    script: Script, name: str, header: Sequence[str], results: Sequence[str]
) -> Callable[..., Any]:
    def method(_: Server, *values: Any) -> Any:
        ports = dict(zip(header, values, strict=False))
        script.calls.append((name, ports, values[len(header) :]))
        part = script.part
        assert part is not None
        if part.vector.code != SUCCESS:
            raise KernReturnError.from_code(part.vector.code)
        returned = tuple(_named(results, part.results).values())
        return returned[0] if len(results) == 1 else returned or None

    return method


def serve_c_client(
    target: Target,
    runner: Path,
    relay: Path,
    client: Path,
    parts: Sequence[tuple[bytes, Part]],
    package: str,
) -> tuple[list[list[Record]], Script]:
    """Let a C client make calls, each an operation, and a Python server answer them."""
    abi, script = ABIS[target.abi], Script()
    demultiplexer = Demultiplexer(abi, scripted_server(package, script))
    there, their_out = os.pipe()
    their_in, back = os.pipe()
    with tempfile.TemporaryFile() as work, tempfile.TemporaryFile() as output:
        work.write(b"".join(operation for operation, _ in parts))
        work.seek(0)
        process = subprocess.Popen(
            [str(runner), str(client), str(relay), str(ZERO.byte)],
            stdin=work,
            stdout=output,
            stderr=subprocess.PIPE,
            env=os.environ | {"RELAY": f"{their_out},{their_in}"},
            pass_fds=(their_out, their_in),
        )
        os.close(their_out)
        os.close(their_in)
        with os.fdopen(there, "rb") as requests, os.fdopen(back, "wb") as replies:
            for _, part in parts:
                script.part = part
                request = _read_message(abi, requests)
                if request is None:
                    break
                replies.write(_answer(abi, demultiplexer, request))
                replies.flush()
        errors = process.communicate()[1]
        output.seek(0)
        records = loopback.parse(output.read())
    if process.returncode or len(records) != len(parts):
        raise loopback.RunnerError(len(records), process.returncode, errors.decode())
    return records, script


def _read_message(abi: Abi, stream: Any) -> Message | None:
    def sized() -> bytes:
        word = stream.read(4)
        return stream.read(int.from_bytes(word, "little")) if len(word) == 4 else b""

    data = sized()
    if not data:
        return None
    return Message(data, tuple(sized() for _ in out_of_line_slots(abi, data)))


def _answer(abi: Abi, demultiplexer: Demultiplexer, request: Message) -> bytes:
    reply = demultiplexer.handle(request)
    if reply is None:
        return struct.pack("<I", 0)
    return struct.pack("<I", len(reply.data)) + reply.data + region_messages(abi, reply)


# The client.


class ToRunner(Transport):
    """A way to a C server, which is in a runner.

    Attributes:
        results: what the server driver takes for the next call.
        records: of the last call.
        sent: its request.
    """

    def __init__(self, target: Target, runner: Path, client: Path, server: Path) -> None:
        self.address = "runner:"
        self.abi = ABIS[target.abi]
        self.reply_port = 0
        self.ports = {}
        self.results = b""
        self.records: list[Record] = []
        self.sent: Message | None = None
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by close)
        self._process = subprocess.Popen(
            [str(runner), str(client), str(server), str(ZERO.byte)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )

    def call(self, request: Message, timeout: float | None = None) -> Message:
        """See Transport."""
        reply = self._exchange(request)
        assert reply is not None
        return deliver(self.abi, reply)

    def send(self, request: Message) -> None:
        """See Transport."""
        self._exchange(request)

    def close(self) -> None:
        """See Transport."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        self._errors.close()

    def _exchange(self, request: Message) -> Message | None:
        self.sent = request
        received = deliver(self.abi, request)
        work = region_messages(self.abi, received) + received.data
        pipe = self._process
        assert pipe.stdin and pipe.stdout
        pipe.stdin.write(loopback.operation(loopback.DELIVER, 0, work, self.results))
        pipe.stdin.flush()
        self.records = []
        while (head := pipe.stdout.read(5))[:1] not in {b".", b""}:
            tag, length = struct.unpack("<cI", head)
            self.records.append((tag.decode(), pipe.stdout.read(length)))
        if not head:
            self._errors.seek(0)
            raise loopback.RunnerError(0, pipe.wait(), self._errors.read().decode())
        return find(self.records, "P")


class ToPython(Transport):
    """A way to a Python server in this process; keeps both messages as they are sent."""

    def __init__(self, demultiplexer: Demultiplexer) -> None:
        self.address = "python:"
        self.abi = demultiplexer.abi
        self.reply_port = 0
        self.ports = {}
        self.sent: Message | None = None
        self.reply: Message | None = None
        self._demultiplexer = demultiplexer

    def call(self, request: Message, timeout: float | None = None) -> Message:
        """See Transport."""
        self.send(request)
        assert self.reply is not None
        return deliver(self.abi, self.reply)

    def send(self, request: Message) -> None:
        """See Transport."""
        self.sent = request
        self.reply = self._demultiplexer.handle(deliver(self.abi, request))

    def close(self) -> None:
        """See Transport."""


def python_client(package: str, transport: Transport, port: int) -> Client:
    """An instance of the generated client."""
    module = importlib.import_module(f"{package}.client")
    (made,) = (
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Client) and each is not Client
    )
    client: Client = made(Port(transport, port))
    return client


def call(package: str, transport: Any, part: Part, port: int, reply_port: int) -> Any:
    """Make a vector's call with the generated client; what it returned, or the code it raised."""
    transport.reply_port = reply_port
    client = python_client(package, transport, port)
    name = part.vector.routine.name
    method = getattr(client, name if hasattr(client, name) else f"{name}_")
    values = dict(part.arguments)
    for argument in part.vector.routine.arguments:
        if argument.role is Role.REPLY_PORT and argument.user:
            values[argument.name] = part.vector.arguments[argument.name].elements[0][0]
        if argument.role is Role.WAIT_TIME:
            values[argument.name] = None  # no clock runs here
    try:
        return method(**_named(list(inspect.signature(method).parameters), values))
    except KernReturnError as error:
        return error
