# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds host.c with clang's libFuzzer, and makes the requests that it begins with."""

import inspect
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType

from mig.rpc.abi import X86_64
from mig.rpc.errors import PeerDied
from mig.rpc.message import Message
from mig.rpc.port import Port
from mig.rpc.transport import Transport
from perfmon._generated.perf_monitor import PerfMonitor

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("csrc/core", "csrc/rpc", "csrc/embedded")
SANITIZERS = ("-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=undefined")
_KEYWORD = inspect.Parameter.KEYWORD_ONLY
WAYS = 4
"""Values of an input's first byte that mean different things."""


CHECKS = MappingProxyType(
    {
        "size": ("stubs/perf_monitor_server.c", "In->Head.msgh_size != "),
        "event": ("core/perf_report.c", "!perf_event_exists(event)"),
    }
)
"""What a fuzzer must miss when it is left out: of the stub, and of the core; file and condition."""


def build(directory: Path, *, without: str = "") -> Path:
    """Compile the fuzzer into a directory; returns its program.

    Args:
        directory: for the program, and what it is made of.
        without: of CHECKS, the one to leave out.
    """
    if str(ROOT / "csrc" / "embedded") not in sys.path:
        sys.path.insert(0, str(ROOT / "csrc" / "embedded"))
    from build_embedded import generate_stubs

    stubs, program = directory / "stubs", directory / "fuzz-host"
    generate_stubs(stubs)
    include = (*(ROOT / room for room in ROOMS), stubs, ROOT / "include")
    sources = [
        *(path for room in ROOMS for path in sorted((ROOT / room).glob("*.c"))),
        *sorted(stubs.glob("*.c")),
        ROOT / "tests" / "fuzz" / "host.c",
    ]
    if without:
        name, condition = CHECKS[without]
        (at,) = (at for at, source in enumerate(sources) if source.match(name))
        text = sources[at].read_text()
        assert condition in text
        sources[at] = directory / sources[at].name
        sources[at].write_text(text.replace(condition, f"0 && {condition}"))
    command = ["clang", "-g", "-O1", "-std=gnu11", "-D_GNU_SOURCE", "-pthread", *SANITIZERS]
    command += [f"-I{path}" for path in include]
    command += ["-idirafter", str(ROOT / "include" / "fallback"), *map(str, sources)]
    subprocess.run([*command, "-o", str(program)], check=True)
    return program


class _Notebook(Transport):
    """Writes down what is sent, and answers nothing."""

    address = "notebook:"
    abi = X86_64
    reply_port = 2
    ports = MappingProxyType({"host": 1})

    def __init__(self) -> None:
        self.requests: list[bytes] = []

    def call(self, request: Message, timeout: float | None = None) -> Message:
        """See Transport."""
        del timeout
        self.requests.append(request.data)
        raise PeerDied("nobody answers", address=self.address)

    def send(self, request: Message) -> None:
        """See Transport."""
        self.requests.append(request.data)

    def close(self) -> None:
        """See Transport."""


def seeds() -> list[bytes]:
    """A request of each routine, in each way that the fuzzer knows."""
    notebook = _Notebook()
    client = PerfMonitor(Port(notebook, 1))
    for name, method in inspect.getmembers(client, inspect.ismethod):
        if name.startswith("perf_"):
            parameters = inspect.signature(method).parameters.values()
            arguments = [1 for parameter in parameters if parameter.kind is not _KEYWORD]
            try:
                method(*arguments)
            except PeerDied:
                continue
    return [bytes([way]) + request for way in range(WAYS) for request in notebook.requests]
