# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds the stand-in for a kernel, linked as GNU Mach is: an archive, `ld -r`, then the image."""

import subprocess
from pathlib import Path

from perfmon.kernel import paths
from perfmon.kernel.machines import I386
from perfmon.kernel.toolchain import Build

STANDIN = Path(__file__).with_name("standin")
LD = ("ld", "-melf_i386")


def link(directory: Path, name: str, *more: str) -> Path:
    """Link the stand-in from its archive, as GNU Mach's Makefile links."""
    whole, image = directory / f"{name}.o", directory / name
    archive = directory / "libkernel.a"
    subprocess.run([*LD, "-u", "_start", "-r", "-o", whole, *more, archive], check=True)
    subprocess.run([*LD, "-T", STANDIN / "standin.lds", "-o", image, whole], check=True)
    return image


def build(directory: Path, last_calls: str = "-fno-optimize-sibling-calls") -> Path:
    """Compile the stand-in, without the monitor, into a directory; returns its image.

    Args:
        directory: where to; exists.
        last_calls: the compiler's option for calls that are the last a function does.
    """
    root = paths.sources()
    include = (STANDIN, root / "csrc" / "guest" / "include", root / "include")
    build = Build(I386, directory, include)
    stub = build.user_stubs(root / "include" / "mach" / "perf_monitor.defs", "perf_monitor")
    sources = [*sorted(STANDIN.glob("*.c")), *sorted(STANDIN.glob("*.S")), stub]
    objects = build.compile(sources, "-g", last_calls)
    subprocess.run(["ar", "rcs", directory / "libkernel.a", *objects], check=True)
    return link(directory, "plain")
