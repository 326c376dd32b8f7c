# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds perfmon._embedded: the core, the generated stubs and the embedded host, through cffi.

Used by setup.py, and alone::

    python csrc/embedded/build_embedded.py --output perfmon

Only building belongs here; perfmon.embedded is what uses the result.
"""

import argparse
import shutil
import sys
from pathlib import Path

from cffi import FFI
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parents[2]
MODULE = "perfmon._embedded"
ROOMS = ("csrc/core", "csrc/rpc", "csrc/embedded")
COMPILE_ARGS = (
    *("-std=gnu11", "-D_GNU_SOURCE", "-O2", "-fvisibility=hidden"),
    *("-Wall", "-Wextra", "-Werror"),
)

# interface, server prefix macro and prefix, whether the host serves it, whether it calls it
INTERFACES = (
    ("include/mach/perf_monitor.defs", "PERF_MONITOR_SERVERPREFIX=ipc_", True, True),
    ("include/mach/perf_alert.defs", "PERF_ALERT_SERVERPREFIX=serve_", False, True),
    ("csrc/workload/perf_workload.defs", "PERF_WORKLOAD_SERVERPREFIX=serve_", True, False),
)

DECLARATIONS = """
    struct embedded_ports { uint32_t host, host_priv, workload, reply; };
    int embedded_start(struct embedded_ports *ports);
    int embedded_call(const void *request, uint32_t size, void *reply, uint32_t capacity,
                      uint32_t milliseconds);
    int embedded_send(const void *message, uint32_t size);
    int embedded_receive(uint32_t name, void *message, uint32_t capacity,
                         uint32_t milliseconds);
    void embedded_free(void *memory);
    uint32_t embedded_port_allocate(void);
    void embedded_port_destroy(uint32_t name);
    #define EMBEDDED_FOREVER ...
"""


def generate_stubs(stubs: Path) -> None:
    """Write the C stubs of the host's interfaces, for this machine's ABI, into a directory."""
    from mig.cli import main

    stubs.mkdir(parents=True, exist_ok=True)
    abi = "x86_64" if sys.maxsize > 1 << 32 else "i386"
    for interface, prefix, served, called in INTERFACES:
        base = stubs / Path(interface).stem
        server = ("-server", f"{base}_server.c", "-sheader", f"{base}_server.h")
        user = ("-user", f"{base}_user.c", "-header", f"{base}_user.h")
        arguments = (
            *("--abi", abi, "-D", prefix),
            *(f"-I{ROOT / include}" for include in ("include", "include/fallback")),
            *(server if served else ("-server", "/dev/null", "-sheader", "/dev/null")),
            *(user if called else ("-user", "/dev/null", "-header", "/dev/null")),
            str(ROOT / interface),
        )
        if status := main(arguments):
            raise RuntimeError(f"mig answered {status} for {interface}")


def extension(stubs: Path, work: Path) -> Extension:
    """Return the extension module, to be compiled.

    Args:
        stubs: where generate_stubs() wrote.
        work: a directory for what cffi generates.
    """
    work.mkdir(parents=True, exist_ok=True)
    ffi = FFI()
    ffi.cdef(DECLARATIONS)
    ffi.set_source(MODULE, '#include "embedded_host.h"')
    glue = work / "_embedded.c"
    ffi.emit_c_code(str(glue))
    sources = [path for room in ROOMS for path in sorted((ROOT / room).glob("*.c"))]
    return Extension(
        MODULE,
        sources=[str(path) for path in (glue, *sources, *sorted(stubs.glob("*.c")))],
        include_dirs=[str(path) for path in (*(ROOT / room for room in ROOMS), stubs)]
        + [str(ROOT / "include")],
        extra_compile_args=[*COMPILE_ARGS, "-idirafter", str(ROOT / "include" / "fallback")],
        extra_link_args=["-pthread"],
    )


def build(stubs: Path, work: Path) -> Path:
    """Compile the extension module and return its file."""
    distribution = Distribution({"name": "perfmon", "ext_modules": [extension(stubs, work)]})
    command = build_ext(distribution)
    command.build_lib = str(work / "lib")
    command.build_temp = str(work / "objects")
    command.ensure_finalized()
    command.run()
    return Path(command.get_ext_fullpath(MODULE))


def main() -> None:
    """Build, and put the module where it was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stubs", type=Path, help="generated C stubs; made with mig if not given")
    parser.add_argument("--output", type=Path, default=ROOT / "perfmon", help="directory")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "embedded")
    arguments = parser.parse_args()
    stubs = arguments.stubs
    if stubs is None:
        sys.path.insert(0, str(ROOT))
        stubs = arguments.work / "stubs"
        generate_stubs(stubs)
    module = build(stubs, arguments.work)
    arguments.output.mkdir(parents=True, exist_ok=True)
    print(shutil.copy2(module, arguments.output))


if __name__ == "__main__":
    main()
