# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel image to boot with the monitor in it, whichever way the image came."""

import gzip
from pathlib import Path

from perfmon.kernel.image import KernelImage
from perfmon.kernel.instrument import instrument

_GZIP = b"\x1f\x8b"


def has_monitor(image: KernelImage) -> bool:
    """Whether the monitor is in an image: linked into it, or as a segment behind its own end."""
    last = max(segment.end for segment in image.segments)
    return "perf_analysis_init" in image.symbols or last > image.symbols.get("_end", last)


def prepare(kernel: Path, output: Path) -> Path:
    """The image itself if it can be booted and measured as it is; else `output`, made from it.

    Raises:
        KernelError: the image cannot be read, or not be instrumented.
    """
    image = KernelImage(kernel)
    if not has_monitor(image):
        return instrument(kernel, output).output
    data = kernel.read_bytes()
    if not data.startswith(_GZIP):
        return kernel
    output.write_bytes(gzip.decompress(data))
    return output
