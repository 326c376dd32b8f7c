# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel images that are known to work, fetched and unpacked."""

import gzip
from pathlib import Path

from perfmon.kernel import kinds, packages, paths, toolchain
from perfmon.kernel.errors import PackageError
from perfmon.kernel.machines import machine_of
from perfmon.whole_file import whole_file


def default_kernel() -> Path:
    """The image that is taken when none is asked for; see kernel_image()."""
    return kernel_image(kinds.DEFAULT)


def kernel_image(kind: str) -> Path:
    """Debian's kernel of a kind, unstripped and uncompressed, fetched the first time.

    Mach's headers, which instrumenting it needs, are fetched as well.

    Raises:
        KernelError: there is no such kind.
        PackageError: a package cannot be had, or has no kernel in it.
    """
    tree = packages.fetch_first(kinds.kind_of(kind).candidates)
    compressed = next(tree.glob("boot/gnumach-*.gz"), None)
    if compressed is None:
        raise PackageError(f"{tree} has no boot/gnumach-*.gz")
    kernel = paths.cache() / "kernels" / f"{compressed.stem}_{tree.name}"
    if not kernel.exists():
        kernel.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(kernel) as file:
            file.write_bytes(gzip.decompress(compressed.read_bytes()))
    machine = machine_of(kernel)
    if machine is None:
        raise PackageError(f"{compressed} is a kernel for neither i386 nor x86_64")
    toolchain.mach_headers(machine)
    return kernel
