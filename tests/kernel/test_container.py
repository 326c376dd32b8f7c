# SPDX-License-Identifier: GPL-2.0-or-later
"""An image of 64 bits in a file of 32 is the same memory."""

import io
import struct

import pytest
from elftools.elf.elffile import ELFFile

from perfmon.kernel.container import elf32
from perfmon.kernel.errors import KernelError

ENTRY = 0x0100_0010
SEGMENTS = [
    (0x0100_0000, 0x0100_0000, b"first steps", 11, 5),
    (0xFFFF_FFFF_8100_C000, 0x0100_C000, bytes(range(256)) * 20, 5120, 5),
    (0xFFFF_FFFF_8109_A000, 0x0109_A000, b"data", 70_000, 6),
]
"""Virtual and physical address, contents, size in memory, flags."""
PT_LOAD, PT_GNU_STACK = 1, 0x6474E551


def image(*, move: int = 0) -> bytes:
    """An ELF64 image with the segments, and one program header that loads nothing."""
    headers, contents = b"", b""
    at = 64 + 56 * (len(SEGMENTS) + 1)
    for virtual, physical, data, size, flags in SEGMENTS:
        headers += struct.pack(
            "<2I6Q", PT_LOAD, flags, at + len(contents), virtual, physical + move, len(data), size,
            4096,
        )  # fmt: skip
        contents += data
    headers += struct.pack("<2I6Q", PT_GNU_STACK, 6, 0, 0, 0, 0, 0, 16)
    identity = b"\x7fELF\2\1\1".ljust(16, b"\0")
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", identity, 2, 62, 1, ENTRY, 64, 0, 0, 64, 56, len(SEGMENTS) + 1,
        64, 0, 0,
    )  # fmt: skip
    return header + headers + contents


def test_what_is_loaded_lies_where_it_lay():
    elf = ELFFile(io.BytesIO(elf32(image())))
    assert (elf.elfclass, elf.get_machine_arch(), elf["e_entry"]) == (32, "x86", ENTRY)
    found = [
        (s["p_paddr"], s["p_vaddr"], s.data(), s["p_memsz"], s["p_flags"])
        for s in elf.iter_segments("PT_LOAD")
    ]
    assert found == [(p, p, data, size, flags) for _, p, data, size, flags in SEGMENTS]


@pytest.mark.parametrize("damaged", [image()[:100], image()[:20], image(move=1 << 32)])
def test_what_cannot_be_loaded_is_refused(damaged: bytes):
    with pytest.raises(KernelError, match="the kernel image cannot be loaded by QEMU"):
        elf32(damaged)
