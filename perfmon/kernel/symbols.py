# SPDX-License-Identifier: GPL-2.0-or-later
"""The functions of a kernel image, for who resolves addresses."""

from itertools import pairwise
from pathlib import Path

from perfmon.kernel.image import KernelImage

MONITOR = "[perfmon]"
"""What the instrumenter has added, which has no symbols in the image."""


def kernel_functions(path: Path) -> list[tuple[int, int, str]]:
    """Address, size and name of each function of an image; each ends where the next begins.

    Args:
        path: an unstripped image, stock or instrumented.

    Raises:
        KernelError: it cannot be read, or has no symbols.
    """
    image = KernelImage(path)
    image.require_symbols(["_end"])
    functions = []
    for section in image.sections:
        if not section.executable:
            continue
        end = section.address + len(section.data)
        # Of several labels at one address, the one with a size is a function and comes last.
        names = {
            label.address: label.name
            for label in image.labels
            if section.address <= label.address < end
        }
        for address, after in pairwise([*names, end]):
            functions.append((address, after - address, names[address]))
    functions += [
        (segment.address, segment.memory_size, MONITOR)
        for segment in image.segments
        if segment.address >= image.symbols["_end"]
    ]
    return functions
