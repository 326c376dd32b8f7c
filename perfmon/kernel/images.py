# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel images that are known to work, fetched and unpacked."""

import gzip
from pathlib import Path

from perfmon.kernel import packages, paths, toolchain
from perfmon.kernel.errors import PackageError
from perfmon.kernel.packages import Package


def default_kernel() -> Path:
    """Debian's i386 kernel for one processor, unstripped and uncompressed, fetched the first time.

    Mach's headers, which instrumenting it needs, are fetched as well.

    Raises:
        PackageError: a package cannot be had.
    """
    toolchain.mach_headers()
    return kernel_of(packages.KERNEL_I386_UP)


def kernel_of(package: Package) -> Path:
    """The uncompressed kernel of an image package, fetched the first time.

    Raises:
        PackageError: it cannot be had, or has no kernel in it.
    """
    tree = packages.fetch(package)
    compressed = next(tree.glob("boot/gnumach-*.gz"), None)
    if compressed is None:
        raise PackageError(f"{package} has no boot/gnumach-*.gz")
    kernel = paths.cache() / "kernels" / f"{compressed.stem}_{tree.name}"
    if not kernel.exists():
        kernel.parent.mkdir(parents=True, exist_ok=True)
        temporary = kernel.with_suffix(".new")
        temporary.write_bytes(gzip.decompress(compressed.read_bytes()))
        temporary.replace(kernel)
    return kernel
