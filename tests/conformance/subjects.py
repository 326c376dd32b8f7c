# SPDX-License-Identifier: GPL-2.0-or-later
"""The interfaces that are compared, and what about each cannot be."""

from dataclasses import dataclass, replace
from pathlib import Path

from tests.conformance.targets import HERE, INCLUDE, ROOT, Target

KERNEL_SERVER = "KERNEL_SERVER"
KERNEL_USER = "KERNEL_USER"


_SIDES = {KERNEL_SERVER: "server", KERNEL_USER: "client"}


@dataclass(frozen=True, slots=True)
class Subject:
    """A `.defs` and how its sides are compiled.

    Attributes:
        path: absolute, or relative to the headers of gnumach-dev.
        gnu_client: GNU MIG's client stub compiles.
        gnu_server: its server stub does.
        roles: the ways in which one side is meant to be the kernel's, by the macro that says so.
        role: the one of them in force.
    """

    name: str
    path: Path
    gnu_client: bool = True
    gnu_server: bool = True
    roles: tuple[str, ...] = ()
    role: str | None = None

    def __str__(self) -> str:
        return self.name if self.role is None else f"{self.name}, {self.kernel_side} in the kernel"

    def defs(self, target: Target) -> Path:
        return target.mach_include / self.path

    @property
    def kernel_side(self) -> str | None:
        """The side that the kernel has, "client" or "server"."""
        return None if self.role is None else _SIDES[self.role]

    def options(self, side: str) -> tuple[str, ...]:
        """What a side's stubs are generated with."""
        return ("-DKERNEL", f"-D{self.role}") if side == self.kernel_side else ()


OURS = (
    Subject("perf_monitor", INCLUDE / "mach" / "perf_monitor.defs", roles=(KERNEL_SERVER,)),
    Subject("perf_alert", INCLUDE / "mach" / "perf_alert.defs", roles=(KERNEL_USER,)),
    Subject("perf_workload", ROOT / "csrc" / "workload" / "perf_workload.defs"),
)

KITCHEN_SINK = Subject("kitchen_sink", HERE / "kitchen_sink.defs")
BEYOND = Subject("beyond", HERE / "beyond.defs", gnu_client=False, gnu_server=False)

MACH = (
    Subject("device", Path("device/device.defs"), roles=(KERNEL_SERVER,)),
    Subject("device_reply", Path("device/device_reply.defs"), roles=(KERNEL_USER,)),
    Subject("device_request", Path("device/device_request.defs")),
    Subject("default_pager", Path("mach/default_pager.defs")),
    Subject("exc", Path("mach/exc.defs"), roles=(KERNEL_USER,)),
    Subject("experimental", Path("mach/experimental.defs"), roles=(KERNEL_SERVER, KERNEL_USER)),
    Subject("gnumach", Path("mach/gnumach.defs"), roles=(KERNEL_SERVER, KERNEL_USER)),
    Subject("mach", Path("mach/mach.defs"), roles=(KERNEL_SERVER, KERNEL_USER)),
    # array[*:n] of ports: GNU MIG's server takes a member of a pointer.
    Subject("mach4", Path("mach/mach4.defs"), roles=(KERNEL_SERVER, KERNEL_USER), gnu_server=False),
    Subject("mach_host", Path("mach/mach_host.defs"), roles=(KERNEL_SERVER,)),
    Subject("mach_i386", Path("mach/machine/mach_i386.defs"), roles=(KERNEL_SERVER,)),
    Subject("mach_port", Path("mach/mach_port.defs"), roles=(KERNEL_SERVER,)),
    Subject("memory_object", Path("mach/memory_object.defs"), roles=(KERNEL_SERVER, KERNEL_USER)),
    Subject("memory_object_default", Path("mach/memory_object_default.defs"), roles=(KERNEL_USER,)),
    Subject("notify", Path("mach/notify.defs")),
    Subject("task_notify", Path("mach/task_notify.defs"), roles=(KERNEL_SERVER, KERNEL_USER)),
    Subject("mach_debug", Path("mach_debug/mach_debug.defs"), roles=(KERNEL_SERVER,)),
)

FORMER = (
    Subject("bootstrap", Path("mach/bootstrap.defs")),
    Subject("default_pager_helper", Path("mach/default_pager_helper.defs")),
)
"""What bookworm's gnumach-dev still has."""

SUBJECTS = (*OURS, KITCHEN_SINK, BEYOND, *MACH)
IN_KERNEL = tuple(replace(subject, role=role) for subject in SUBJECTS for role in subject.roles)
