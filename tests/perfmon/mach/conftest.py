# SPDX-License-Identifier: GPL-2.0-or-later
"""A shared library that has what the Hurd's libc has, over the embedded host."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
STUBS = (
    (ROOT / "include/mach/perf_monitor.defs", "PERF_MONITOR_SERVERPREFIX=ipc_"),
    (ROOT / "include/mach/perf_alert.defs", "PERF_ALERT_SERVERPREFIX=serve_"),
    (ROOT / "csrc/workload/perf_workload.defs", "PERF_WORKLOAD_SERVERPREFIX=serve_"),
)
ROOMS = ("csrc/core", "csrc/rpc", "csrc/embedded")


@pytest.fixture(scope="session")
def libmach(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Its path."""
    directory = tmp_path_factory.mktemp("libmach")
    include = (f"-I{ROOT / 'include'}", f"-I{ROOT / 'include/fallback'}")
    abi = "x86_64" if sys.maxsize > 1 << 32 else "i386"
    for defs, prefix in STUBS:
        base = directory / defs.stem
        subprocess.run(
            [
                *(sys.executable, "-m", "mig", "--abi", abi, "-D", prefix, *include),
                *("-user", f"{base}_user.c", "-header", f"{base}_user.h"),
                *("-server", f"{base}_server.c", "-sheader", f"{base}_server.h", defs),
            ],
            check=True,
            cwd=ROOT,
        )
    for unused in ("perf_workload_user.c", "perf_alert_server.c"):
        (directory / unused).unlink()
    sources = [path for room in ROOMS for path in sorted((ROOT / room).glob("*.c"))]
    sources += [Path(__file__).with_name("libmach.c"), *sorted(directory.glob("*.c"))]
    library = directory / "libmach.so"
    subprocess.run(
        [
            *("gcc", "-shared", "-fPIC", "-O1", "-std=gnu11", "-D_GNU_SOURCE"),
            "-Dmach_msg=embedded_mach_msg",
            *("-Wall", "-Wextra", "-Werror", "-fvisibility=hidden", "-pthread", "-o", library),
            *(f"-I{ROOT / room}" for room in ROOMS),
            *(f"-I{directory}", f"-I{ROOT / 'include'}"),
            *("-idirafter", ROOT / "include/fallback", *sources),
        ],
        check=True,
    )
    return str(library)
