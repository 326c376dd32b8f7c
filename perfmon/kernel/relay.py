# SPDX-License-Identifier: GPL-2.0-or-later
"""Building the boot task that relays messages in a guest, from csrc/guest."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from perfmon.kernel import paths
from perfmon.kernel.machines import Machine
from perfmon.kernel.toolchain import Build, mach_headers, stub_generator

_KERNEL_INTERFACES = (
    "mach/mach.defs",
    "mach/mach_host.defs",
    "mach/mach_port.defs",
    "mach/machine/mach_i386.defs",
    "device/device.defs",
)
_ASKED_BY_KERNEL = ("mach/memory_object.defs", "mach/exc.defs")
"""What the kernel asks of pagers and of whoever handles exceptions."""


def relay(machine: Machine) -> Path:
    """The relay's boot module for a machine, built when anything that it is made of has changed.

    Raises:
        ToolError: a program is missing or failed.
        PackageError: Mach's headers cannot be had.
    """
    module = paths.cache() / "relays" / _digest(machine)
    if not module.exists():
        module.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=module.parent, prefix="new-") as directory:
            shutil.move(_build(machine, Path(directory)), module)
    return module


def boot_module(machine: Machine, program: Path, directory: Path) -> Path:
    """A boot module with a program of one's own in place of the relay.

    Args:
        machine: what it runs on.
        program: C with a function guest_main(); see csrc/guest/runtime.h.
        directory: where it is built.

    Raises:
        ToolError: a program is missing or failed.
        PackageError: Mach's headers cannot be had.
    """
    return _build(machine, directory, program)


def _build(machine: Machine, directory: Path, program: Path | None = None) -> Path:
    root = paths.sources()
    guest = root / "csrc" / "guest"
    build = Build(machine, directory, (guest, guest / "include", root / "include"))
    headers = mach_headers(machine)
    stubs = [build.user_stubs(headers / defs, Path(defs).stem) for defs in _KERNEL_INTERFACES]
    served = [build.server_stubs(headers / defs, Path(defs).stem) for defs in _ASKED_BY_KERNEL]
    workload = root / "csrc" / "workload" / "perf_workload.defs"
    server = build.server_stubs(workload, "perf_workload", "-DPERF_WORKLOAD_SERVERPREFIX=serve_")
    if program is not None:
        monitor = root / "include" / "mach" / "perf_monitor.defs"
        stubs.append(build.user_stubs(monitor, "perf_monitor_client"))
    main = program or guest / "relay.c"
    library = [path for path in sorted(guest.glob("*.c")) if path.name != "relay.c"]
    own = [main, *library, guest / f"start_{machine.name}.S"]
    objects = build.compile([*own, *stubs, *served, server])
    return build.link(objects, "relay", "-z", "noseparate-code", "--gc-sections")


def _digest(machine: Machine) -> str:
    """A name for what the sources, the stub generator and Mach's headers are now."""
    root = paths.sources()
    digest = hashlib.sha256(str(mach_headers(machine)).encode())
    for directory in (root / "csrc" / "guest", root / "csrc" / "workload", root / "include"):
        _add_files(digest, directory.rglob("*.*"))
    _add_files(digest, stub_generator().rglob("*.py"))
    return digest.hexdigest()[:32]


def _add_files(digest: "hashlib._Hash", files: Iterable[Path]) -> None:
    for file in sorted(files):
        if file.is_file():
            digest.update(file.read_bytes())
