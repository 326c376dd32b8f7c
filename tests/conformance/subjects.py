# SPDX-License-Identifier: GPL-2.0-or-later
"""The interfaces that are compared, and what about each cannot be."""

from dataclasses import dataclass
from pathlib import Path

from tests.conformance.targets import HERE, INCLUDE, ROOT, Target

KERNEL_SERVER = "KERNEL_SERVER"
KERNEL_USER = "KERNEL_USER"


@dataclass(frozen=True, slots=True)
class Subject:
    """A `.defs` and how its sides are compiled.

    Attributes:
        path: absolute, or relative to the headers of gnumach-dev.
        kernel_server: the server side is the kernel's.
        gnu_server: GNU MIG's server stub compiles.
        roles: the other ways in which it is meant to be compiled, by the macro that says so.
    """

    name: str
    path: Path
    kernel_server: bool = False
    gnu_server: bool = True
    roles: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name

    def defs(self, target: Target) -> Path:
        return target.mach_include / self.path

    @property
    def server_options(self) -> tuple[str, ...]:
        return ("-DKERNEL", f"-D{KERNEL_SERVER}") if self.kernel_server else ()


OURS = (
    Subject("perf_monitor", INCLUDE / "mach" / "perf_monitor.defs", roles=(KERNEL_SERVER,)),
    Subject(
        "perf_monitor in the kernel", INCLUDE / "mach" / "perf_monitor.defs", kernel_server=True
    ),
    Subject("perf_alert", INCLUDE / "mach" / "perf_alert.defs", roles=(KERNEL_USER,)),
    Subject("perf_workload", ROOT / "csrc" / "workload" / "perf_workload.defs"),
)

KITCHEN_SINK = Subject("kitchen_sink", HERE / "kitchen_sink.defs")

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

SUBJECTS = (*OURS, KITCHEN_SINK, *MACH)
