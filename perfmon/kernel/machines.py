# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs between the machines that GNU Mach runs on, as data."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from perfmon.kernel import packages
from perfmon.kernel.packages import Package


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine: how its code is made, read and run.

    Attributes:
        name: as mig's --abi and the sources have it.
        elf: the ELF class and machine of its kernels.
        word: a pointer.
        program_header: a program header's size in bytes.
        phnum_at: where an ELF file keeps the number of program headers.
        flags: the compiler's, for all code.
        kernel_flags: further ones, for code in the kernel.
        emulation: the linker's.
        headers: the package with Mach's headers.
        headers_directory: where in the package they are.
        qemu: the program that runs its kernels.
    """

    name: str
    elf: str
    word: struct.Struct
    program_header: int
    phnum_at: int
    flags: tuple[str, ...]
    kernel_flags: tuple[str, ...]
    emulation: str
    headers: Package
    headers_directory: str
    qemu: str

    @property
    def bits(self) -> int:
        """How many a pointer has."""
        return 8 * self.word.size

    def wrap(self, address: int) -> int:
        """An address computed with more bits than the machine has."""
        return int(address & ((1 << self.bits) - 1))


I386 = Machine(
    name="i386",
    elf="ELF32 x86",
    word=struct.Struct("<I"),
    program_header=32,
    phnum_at=44,
    flags=("-m32", "-march=i686", "-mtune=generic", "-mno-sse", "-mno-mmx"),
    kernel_flags=("-mgeneral-regs-only", "-mpreferred-stack-boundary=2"),
    emulation="elf_i386",
    headers=packages.GNUMACH_DEV_I386,
    headers_directory="usr/include/i386-linux-gnu",
    qemu="qemu-system-i386",
)
X86_64 = Machine(
    name="x86_64",
    elf="ELF64 x64",
    word=struct.Struct("<Q"),
    program_header=56,
    phnum_at=56,
    # The kernel and what traps into it know of no memory below the stack pointer.
    flags=("-m64", "-mno-red-zone", "-mgeneral-regs-only"),
    kernel_flags=("-mcmodel=kernel",),
    emulation="elf_x86_64",
    headers=packages.GNUMACH_DEV_AMD64,
    headers_directory="usr/include/x86_64-linux-gnu",
    qemu="qemu-system-x86_64",
)
MACHINES: Mapping[str, Machine] = {machine.elf: machine for machine in (I386, X86_64)}
"""By the ELF class and machine of an image."""

# The first bytes of an ELF file, up to the machine.
_IDENTITY = struct.Struct("<4sBBB9xHH")
_BY_CODE = {(1, 3): I386, (2, 62): X86_64}


def machine_of(file: Path) -> Machine | None:
    """The machine that an ELF file is for; None if it is for no such machine, or no ELF file."""
    with file.open("rb") as stream:
        header = stream.read(_IDENTITY.size)
    if len(header) < _IDENTITY.size:
        return None
    magic, elf_class, order, _, _, code = _IDENTITY.unpack_from(header)
    return _BY_CODE.get((elf_class, code)) if (magic, order) == (b"\x7fELF", 1) else None
