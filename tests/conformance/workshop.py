# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything compiled, once per test run: stubs of both compilers, drivers, runners, and what
came out of running the vector table through each client and each server.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, cached_property
from itertools import product
from pathlib import Path

from mig.compile import compile_defs
from tests.conformance import drivers, kernel_headers, loopback
from tests.conformance.interfaces import interface
from tests.conformance.loopback import PATTERN, ZERO, Fill, Record
from tests.conformance.prototypes import prototypes
from tests.conformance.shapes import Interface
from tests.conformance.stub_compilers import Stubs, generate
from tests.conformance.subjects import Subject
from tests.conformance.targets import INCLUDE, Target
from tests.conformance.vectors import Vector, agreed, client_input, server_input, vectors

WHO = ("ours", "gnu")
JOBS = 2
SEED = "conformance"


class Workshop:
    """Builds under one directory, each thing once."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.kernel_include = kernel_headers.write_kernel_headers(directory / "kernel")
        self.runner = cache(self._runner)
        self.relay = cache(self._relay)
        self.bench = cache(lambda subject, target: Bench(self, subject, target))

    def _runner(self, target: Target, sanitized: bool = False) -> Path:
        flags = loopback.ADDRESS_SANITIZER if sanitized else ()
        name = f"runner-{target.abi}" + ("-sanitized" if sanitized else "")
        return loopback.build_runner(target, self.directory / name, flags)

    def _relay(self, target: Target, sanitized: bool = False) -> Path:
        """A server that is another process; the sanitized one plays the kernel, too."""
        name = f"relay-{target.abi}" + ("-sanitized" if sanitized else "")
        flags = [*loopback.ADDRESS_SANITIZER, "-DAS_THEY_ARRIVE"] if sanitized else []
        return loopback.build_relay(target, self.directory / f"{name}.so", flags)

    def kernel_flags(self, side: str) -> list[str]:
        """What a stub for the kernel is compiled with."""
        includes = [f"-I{self.kernel_include}", f"-I{loopback.SHIMS / 'kernel'}"]
        # Nothing that a client stub in the kernel includes declares ipc_port_t.
        objects = ["-include", "kernel_objects.h"] if side == "client" else []
        return [*includes, *kernel_headers.FLAGS, *objects]


class Bench:
    """One interface on one ABI."""

    def __init__(self, workshop: Workshop, subject: Subject, target: Target) -> None:
        self.workshop = workshop
        self.subject = subject
        self.target = target
        self.directory = workshop.directory / target.abi / (subject.role or "user") / subject.name
        self.stubs = cache(self._stubs)
        self.driver = cache(self._driver)
        self.build = cache(self._build)
        self.run = cache(self._run)

    def __str__(self) -> str:
        return f"{self.subject} on {self.target.abi}"

    @property
    def clients(self) -> tuple[str, ...]:
        return WHO if self.subject.gnu_client else ("ours",)

    @property
    def servers(self) -> tuple[str, ...]:
        return WHO if self.subject.gnu_server else ("ours",)

    @property
    def reference(self) -> tuple[str, str]:
        """The client and the server that the others are held against."""
        return self.clients[-1], self.servers[-1]

    @property
    def pairs(self) -> Iterator[tuple[str, str]]:
        """Who the client is and who the server is."""
        return product(self.clients, self.servers)

    def _interface(self, side: str) -> Interface:
        model = compile_defs(
            self.subject.defs(self.target),
            abi=self.target.abi,
            include=[INCLUDE, self.target.mach_include],
            options=self.subject.options(side),
        )
        return interface(model, in_kernel=self.kernel(side))

    @cached_property
    def client(self) -> Interface:
        """The shapes as a client sees them."""
        return self._interface("client")

    @cached_property
    def server(self) -> Interface:
        """The shapes as the server sees them."""
        return self._interface("server")

    @cached_property
    def vectors(self) -> list[Vector]:
        """The vector table, for the client."""
        served = {routine.number: routine for routine in self.server.routines}
        return [
            vector
            for routine in self.client.routines
            for vector in vectors(agreed(routine, served[routine.number]), SEED)
        ]

    def as_served(self, vector: Vector) -> Vector:
        """A vector in the shapes that the server sees."""
        (routine,) = (r for r in self.server.routines if r.number == vector.routine.number)
        return replace(vector, routine=routine)

    def _stubs(self, who: str, side: str) -> Stubs:
        """What a compiler makes of the interface for a side, "client" or "server"."""
        if side != self.subject.kernel_side and self is not self.in_user_tasks:
            return self.in_user_tasks.stubs(who, side)
        if side == "server" and self.subject.kernel_side is None:
            return self.stubs(who, "client")
        return generate(
            who,
            self.target,
            self.subject.defs(self.target),
            self.directory / who,
            self.subject.options(side),
        )

    def _driver(self, side: str) -> Path:
        """The generated driver of a side; types are those of GNU MIG's prototypes."""
        path = self.directory / f"{side}_driver.c"
        stubs = self.stubs("gnu", side)
        if side == "client":
            functions = list(prototypes(stubs.header.read_text()).values())
            text = drivers.client_driver(self.client, functions, self.kernel(side))
        else:
            functions = list(prototypes(stubs.server_header.read_text()).values())
            text = drivers.server_driver(self.server, functions, self.kernel(side))
        path.write_text(text)
        return path

    def kernel(self, side: str) -> bool:
        """Whether a side is the kernel's."""
        return side == self.subject.kernel_side

    def _build(self, who: str, side: str, fill: Fill, sanitized: bool = False) -> Path:
        """Compile one side."""
        stubs = self.stubs(who, side)
        suffix = "-sanitized" if sanitized else ""
        return self.build_stub(
            side,
            stubs.user if side == "client" else stubs.server,
            self.directory / f"{who}-{side}-{fill.name}{suffix}.so",
            fill,
            loopback.ADDRESS_SANITIZER if sanitized else (),
        )

    def build_stub(
        self, side: str, stub: Path, output: Path, fill: Fill, flags: Sequence[str] = ()
    ) -> Path:
        """Compile a stub and the driver of its side."""
        kernel = self.workshop.kernel_flags(side) if self.kernel(side) else []
        return loopback.build_side(
            self.target,
            stub,
            self.driver(side),
            output,
            fill=fill,
            flags=[*flags, *kernel],
        )

    @cached_property
    def in_user_tasks(self) -> "Bench":
        """The same interface between two user tasks."""
        if self.subject.role is None:
            return self
        return self.workshop.bench(replace(self.subject, role=None), self.target)

    @cached_property
    def sides(self) -> dict[tuple[str, str, Fill], Path]:
        """Every client and server."""
        makers = [("client", who) for who in self.clients]
        makers += [("server", who) for who in self.servers]
        found = {}
        if self is not self.in_user_tasks:
            found = dict(self.in_user_tasks.sides)
            makers = [(side, who) for side, who in makers if self.kernel(side)]
        for side, who in makers:
            self.stubs(who, side)
            self.driver(side)
        wanted = [(who, side, fill) for side, who in makers for fill in (ZERO, PATTERN)]
        with ThreadPoolExecutor(JOBS) as pool:
            built = pool.map(lambda each: self.build(*each), wanted)
            return found | dict(zip(wanted, built, strict=True))

    def _run(self, client: str, server: str, fill: Fill) -> list[list[Record]]:
        """The records of the table's vectors through a client and a server."""
        return self.through(client, server, fill, self.vectors)

    def through(
        self, client: str, server: str, fill: Fill, table: Sequence[Vector]
    ) -> list[list[Record]]:
        """The records of vectors through a client and a server."""
        operations = [
            loopback.operation(
                loopback.CALL,
                vector.routine.index,
                client_input(vector),
                server_input(self.as_served(vector)),
            )
            for vector in table
        ]
        return loopback.run(
            self.workshop.runner(self.target),
            self.sides[client, "client", fill],
            self.sides[server, "server", fill],
            fill,
            operations,
        )
