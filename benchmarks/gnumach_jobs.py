# SPDX-License-Identifier: GPL-2.0-or-later
"""The 17 jobs that a build of GNU Mach gives to mig: what they compile and which files they want.

The build compiles small wrappers that define macros and include an interface; these are ours,
over the interfaces of gnumach-dev.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_RENAMED = (
    *("init", "terminate", "copy", "data_request", "data_unlock", "lock_completed"),
    *("supply_completed", "data_return", "change_completed", "server"),
)


@dataclass(frozen=True, slots=True)
class Job:
    """One run of mig.

    Attributes:
        name: of the files it makes.
        kind: ``"server"``, ``"user"`` or ``"none"``, which wants the list of message ids only.
        interface: what the wrapper includes.
        macros: what it defines first.
    """

    name: str
    kind: str
    interface: str
    macros: tuple[str, ...]

    @property
    def text(self) -> str:
        """The wrapper."""
        lines = [*(f"#define {macro}" for macro in self.macros), f"#include <{self.interface}>"]
        return "\n".join(lines) + "\n"

    def outputs(self, directory: Path | str = ".") -> list[str]:
        """The options that name the files to be made."""
        place = f"{directory}/{self.name}.{self.kind}"
        named = {"server": ("-sheader", "-server"), "user": ("-header", "-user"), "none": ()}
        files = zip(named[self.kind], (f"{place}.h", f"{place}.c"), strict=False)
        return [word for pair in files for word in pair] + ["-list", f"{place}.msgids"]


def _server(name: str, interface: str, *macros: str) -> Job:
    return Job(name, "server", interface, ("KERNEL_SERVER 1", *macros))


def _user(name: str, interface: str, *macros: str) -> Job:
    return Job(name, "user", interface, ("KERNEL_USER 1", *macros))


JOBS = (
    _server("device", "device/device.defs"),
    _server(
        "device_pager",
        "mach/memory_object.defs",
        *(f"memory_object_{name} device_pager_{name}" for name in _RENAMED),
    ),
    _server("mach_port", "mach/mach_port.defs"),
    _server("mach", "mach/mach.defs", "SIMULATE 1"),
    _server("mach4", "mach/mach4.defs", "SIMULATE 1"),
    _server("gnumach", "mach/gnumach.defs", "SIMULATE 1"),
    _server("experimental", "mach/experimental.defs"),
    _server("mach_debug", "mach_debug/mach_debug.defs"),
    _server("mach_host", "mach/mach_host.defs"),
    _server("mach_i386", "mach/machine/mach_i386.defs"),
    _user("memory_object_user", "mach/memory_object.defs", "SEQNOS 1"),
    _user("memory_object_default", "mach/memory_object_default.defs", "SEQNOS 1"),
    _user("device_reply", "device/device_reply.defs"),
    _user("memory_object_reply", "mach/mach.defs"),
    _user("task_notify", "mach/task_notify.defs"),
    Job("notify", "none", "mach/notify.defs", ()),
    Job("exc", "none", "mach/exc.defs", ()),
)


def write_wrappers(directory: Path) -> None:
    """Write the file of each job, ``NAME.KIND.defs``."""
    for job in JOBS:
        (directory / f"{job.name}.{job.kind}.defs").write_text(job.text)
