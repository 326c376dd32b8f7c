# SPDX-License-Identifier: GPL-2.0-or-later
"""An image of 64 bits in an ELF file of 32, which is what QEMU loads itself.

A multiboot loader copies segments to where they lie in memory and jumps to the entry, both below
4 GiB whatever the kernel goes on to do.  GRUB reads the image of 64 bits as it is; QEMU wants a
file of 32.
"""

import struct

from perfmon.kernel.errors import KernelError

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
_HEADER_32 = struct.Struct("<16sHHIIIIIHHHHHH")
_PROGRAM_HEADER_32 = struct.Struct("<8I")
_IDENTITY_32 = b"\x7fELF\1\1\1"
_EXECUTABLE, _EM_386, _PT_LOAD, _PAGE = 2, 3, 1, 4096


def elf32(image: bytes) -> bytes:
    """The loaded segments of an ELF64 image, by physical address, in an ELF32 file.

    Raises:
        KernelError: the image is damaged, or a part of it lies beyond 4 GiB.
    """
    try:
        return _convert(image)
    except (struct.error, OverflowError) as error:
        raise KernelError(f"the kernel image cannot be loaded by QEMU: {error}") from error


def _convert(image: bytes) -> bytes:
    _, _, _, version, entry, at, _, _, _, size, count, _, _, _ = _HEADER.unpack_from(image)
    headers = [_PROGRAM_HEADER.unpack_from(image, at + index * size) for index in range(count)]
    segments = [header for header in headers if header[0] == _PT_LOAD]
    contents = bytearray(_PAGE)
    table = bytearray()
    for _, flags, offset, _, physical, file_size, memory_size, alignment in segments:
        table += _PROGRAM_HEADER_32.pack(
            _PT_LOAD, len(contents), physical, physical, file_size, memory_size, flags, alignment
        )
        contents += image[offset : offset + file_size]
        contents += bytes(-len(contents) % _PAGE)
    header = _HEADER_32.pack(
        _IDENTITY_32, _EXECUTABLE, _EM_386, version, entry, _HEADER_32.size, 0, 0,
        _HEADER_32.size, _PROGRAM_HEADER_32.size, len(segments), 0, 0, 0,
    )  # fmt: skip
    if len(header) + len(table) > _PAGE:
        raise struct.error(f"{len(segments)} segments are too many")
    contents[: len(header) + len(table)] = header + table
    return bytes(contents)
