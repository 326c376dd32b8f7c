# SPDX-License-Identifier: GPL-2.0-or-later
"""Compiling runner, drivers and stubs, and running vectors through a client and a server."""

import os
import struct
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.targets import HERE, INCLUDE, Target

HARNESS = HERE / "harness"
SHIMS = HERE / "shims"
RELAY = HERE / "relay" / "relay.c"
WARNINGS = ("-Wall", "-Wextra", "-Werror")
ADDRESS_SANITIZER = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")

SHOWN_LINES = 16
"""Of what a sanitizer has to say; the rest is memory."""

Record = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Fill:
    """What memory holds that a stub did not write: automatic variables and reply buffers."""

    name: str
    byte: int

    @property
    def flag(self) -> str:
        return f"-ftrivial-auto-var-init={self.name}"


ZERO = Fill("zero", 0)
PATTERN = Fill("pattern", 0xFE)


def compile_c(
    target: Target, sources: Sequence[Path], output: Path, flags: Sequence[str] = ()
) -> Path:
    """Run the C compiler; its whole output is the failure's message."""
    command = [
        *target.compiler,
        *("-std=gnu11", "-O0", "-fno-strict-aliasing"),
        *flags,
        *(f"-I{directory}" for directory in (INCLUDE, SHIMS, HARNESS, target.headers)),
        *("-o", str(output)),
        *map(str, sources),
    ]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stderr}"
    return output


def build_runner(target: Target, output: Path, flags: Sequence[str] = ()) -> Path:
    """The runner of one ABI."""
    sources = sorted(HARNESS.glob("*.c"))
    return compile_c(target, sources, output, [*WARNINGS, *flags, "-rdynamic"])


def build_relay(target: Target, output: Path, flags: Sequence[str] = ()) -> Path:
    """The server that hands on what it gets, and hands over what comes back."""
    return compile_c(target, [RELAY], output, [*WARNINGS, "-shared", "-fPIC", *flags])


def build_side(
    target: Target,
    stub: Path,
    driver: Path,
    output: Path,
    *,
    fill: Fill,
    flags: Sequence[str] = (),
) -> Path:
    """A client or a server: a stub and its driver as a shared object.

    The stub's own directory comes first, so that the driver sees the stub's own header.
    """
    return compile_c(
        target,
        [stub, driver],
        output,
        [f"-I{stub.parent}", fill.flag, "-w", "-shared", "-fPIC", "-Wl,-Bsymbolic", *flags],
    )


CALL, DELIVER = 0, 1


def operation(kind: int, routine: int, arguments: bytes, results: bytes) -> bytes:
    """One operation as the runner reads it."""
    return (
        struct.pack("<III", kind, routine, len(arguments))
        + arguments
        + struct.pack("<I", len(results))
        + results
    )


class RunnerError(Exception):
    """The runner ended early; `done` operations were complete."""

    def __init__(self, done: int, status: int, text: str) -> None:
        self.done = done
        self.text = "\n".join(text.splitlines()[:SHOWN_LINES])
        super().__init__(f"operation {done} ended the runner with status {status}:\n{self.text}")


def run(
    runner: Path,
    client: Path,
    server: Path,
    fill: Fill,
    operations: Iterable[bytes],
    *,
    left_out: int | None = None,
    relay: tuple[int, int] | None = None,
) -> list[list[Record]]:
    """The records of each operation.

    Args:
        runner: the program.
        client: the shared object with the client.
        server: the one with the server.
        fill: what memory holds that was not written.
        operations: made with `operation`.
        left_out: a check that a stub made separable does not make.
        relay: descriptors that a server which is a relay writes to and reads from.

    Raises:
        RunnerError: the runner found something wrong or a sanitizer did.
    """
    work = list(operations)
    environment = dict(os.environ)
    if left_out is not None:
        environment["RUNNER_LEFT_OUT"] = str(left_out)
    if relay is not None:
        environment["RELAY"] = f"{relay[0]},{relay[1]}"
    result = subprocess.run(
        [str(runner), str(client), str(server), str(fill.byte)],
        check=False,
        input=b"".join(work),
        capture_output=True,
        timeout=120,
        env=environment,
        pass_fds=relay or (),
    )
    records = parse(result.stdout)
    if result.returncode or len(records) != len(work):
        raise RunnerError(len(records), result.returncode, result.stderr.decode(errors="replace"))
    return records


def parse(output: bytes) -> list[list[Record]]:
    """The records of each complete operation in a runner's output."""
    operations: list[list[Record]] = []
    current: list[Record] = []
    at = 0
    while at + 5 <= len(output):
        tag, length = struct.unpack_from("<cI", output, at)
        body = output[at + 5 : at + 5 + length]
        at += 5 + length
        if tag == b".":
            operations.append(current)
            current = []
        else:
            current.append((tag.decode(), body))
    return operations
