# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a call takes: in the process, over a Unix socket, and with gRPC and dbus-fast.

The same call everywhere: one number there, ten back.  From the project's directory:

    python -m benchmarks.calls.calls
"""

from __future__ import annotations

import asyncio
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import perfmon
from benchmarks.calls.servers import METHOD, NAME, PATH, REPLY, WORDS
from benchmarks.figures import Figure, grouped, table

CALLS = 300
ROUNDS = 7
_PATIENCE = 30.0
_SECTION = "a call in Python, one number there and ten back"
_BUS = """\
<busconfig>
  <type>session</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>
"""


def measure() -> Iterator[Figure]:
    """Yield microseconds of a call."""
    with ExitStack() as stack, tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        embedded = stack.enter_context(perfmon.connect("embedded:"))
        socket = directory / "relay"
        stack.enter_context(
            _process(
                [sys.executable, "-m", "perfmon", "-H", "embedded:", "relay", "--unix", str(socket)]
            )
        )
        _wait_for(socket)
        relayed = stack.enter_context(perfmon.connect(f"unix:{socket}"))
        rounds = {
            ("in the process", "perfmon, embedded:"): _repeat(
                lambda: embedded.rpc.perf_get_info(1)
            ),
            ("to another process", "perfmon, unix:"): _repeat(lambda: relayed.rpc.perf_get_info(1)),
            ("to another process", "gRPC"): stack.enter_context(_grpc(directory / "grpc")),
            ("to another process", "dbus-fast"): stack.enter_context(_dbus(directory)),
        }
        rows = [
            (f"{subject}\0{who}", run() / CALLS * 1e6)
            for _ in range(ROUNDS)
            for (subject, who), run in rounds.items()
        ]
    targets = {"perfmon, embedded:": "5 us"}
    for key, values in grouped(rows).items():
        subject, who = key.split("\0")
        yield Figure(_SECTION, subject, who, "us", values, targets.get(who, ""))


def _repeat(call: Callable[[], object]) -> Callable[[], float]:
    def run() -> float:
        start = time.perf_counter()
        for _ in range(CALLS):
            call()
        return time.perf_counter() - start

    return run


@contextmanager
def _process(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def _wait_for(path: Path) -> None:
    for _ in range(1000):
        if path.exists():
            return
        time.sleep(0.01)
    raise TimeoutError(f"nobody listens on {path}")


@contextmanager
def _server(kind: str, where: str) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.calls.servers", kind, where]
    with _process(command) as process:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"the {kind} server did not start: {process.communicate()[1]}")
        yield


@contextmanager
def _grpc(path: Path) -> Iterator[Callable[[], float]]:
    import grpc

    with _server("grpc", str(path)), grpc.insecure_channel(f"unix:{path}") as channel:
        call = channel.unary_unary(METHOD)
        assert REPLY.unpack(call(struct.pack("<I", 1))) == WORDS
        yield _repeat(lambda: REPLY.unpack(call(struct.pack("<I", 1))))


@contextmanager
def _dbus(directory: Path) -> Iterator[Callable[[], float]]:
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

    path = directory / "bus"
    configuration = directory / "bus.conf"
    configuration.write_text(_BUS.format(path=path))
    loop = asyncio.new_event_loop()
    with (
        _process(["dbus-daemon", f"--config-file={configuration}", "--nofork"]),
        ExitStack() as stack,
    ):
        _wait_for(path)
        stack.enter_context(_server("dbus", f"unix:path={path}"))

        async def connect() -> MessageBus:
            async with asyncio.timeout(_PATIENCE):
                return await MessageBus(bus_address=f"unix:path={path}").connect()

        bus = loop.run_until_complete(connect())

        async def call() -> list[int]:
            reply = await bus.call(Message(NAME, PATH, NAME, "GetInfo", signature="u", body=[1]))
            assert reply is not None
            return list(reply.body[0])

        async def calls() -> None:
            for _ in range(CALLS):
                await call()

        def run() -> float:
            start = time.perf_counter()
            loop.run_until_complete(calls())
            return time.perf_counter() - start

        assert tuple(loop.run_until_complete(call())) == WORDS
        yield run
        bus.disconnect()
    loop.close()


if __name__ == "__main__":
    print(table(list(measure())))
