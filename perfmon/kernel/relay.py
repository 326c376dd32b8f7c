# SPDX-License-Identifier: GPL-2.0-or-later
"""Building the boot task that relays messages in a guest, from csrc/guest."""

from pathlib import Path

from perfmon.kernel import paths
from perfmon.kernel.toolchain import Build, mach_headers


def build_relay(directory: Path) -> Path:
    """Compile and link the relay in `directory` and return the boot module.

    Raises:
        ToolError: a program is missing or failed.
        PackageError: Mach's headers cannot be had.
    """
    root = paths.sources()
    guest = root / "csrc" / "guest"
    build = Build(directory, (guest, guest / "include", root / "include"))
    headers = mach_headers()
    stubs = [
        build.user_stubs(headers / defs, Path(defs).stem)
        for defs in (
            "mach/mach.defs",
            "mach/mach_host.defs",
            "mach/mach_port.defs",
            "mach/i386/mach_i386.defs",
            "device/device.defs",
        )
    ]
    workload = root / "csrc" / "workload" / "perf_workload.defs"
    server = build.server_stubs(workload, "perf_workload", "-DPERF_WORKLOAD_SERVERPREFIX=serve_")
    own = sorted([*guest.glob("*.c"), *guest.glob("*.S")])
    objects = [*build.compile(own), *build.compile([*stubs, server])]
    return build.link(objects, "relay", "-z", "noseparate-code", "--gc-sections")
