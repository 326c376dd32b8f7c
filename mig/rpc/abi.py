# SPDX-License-Identifier: GPL-2.0-or-later
"""The two message layouts that GNU Mach speaks: sizes, alignments and bit positions.

Only constants and the arithmetic of alignment belong here; nothing that reads a message.
"""

from dataclasses import dataclass
from struct import Struct


@dataclass(frozen=True, slots=True)
class Abi:
    """The layout of a Mach message on one architecture.  All sizes are in bytes.

    Attributes:
        name: what addresses, options and hellos call it.
        header: ``mach_msg_header_t`` as (bits, size, remote, local, seqno, id).
        short_descriptor: size of ``mach_msg_type_t``.
        long_descriptor: size of ``mach_msg_type_long_t``.
        pointer: size of the pointer to an out-of-line region.
        port: size of a port name that travels inline.
        alignment: alignment of every descriptor and of the data behind it.
        inline_shift: bit of a descriptor's first word that says ``msgt_inline``; ``longform``
            and ``deallocate`` are the two bits above.
        wide: the item count is a word of its own (x86_64) instead of bits 16-27 (i386).
    """

    name: str
    header: Struct
    short_descriptor: int
    long_descriptor: int
    pointer: int
    port: int
    alignment: int
    inline_shift: int
    wide: bool

    @property
    def header_size(self) -> int:
        """Size of ``mach_msg_header_t``."""
        return self.header.size

    @property
    def error_reply_size(self) -> int:
        """Size of ``mig_reply_header_t``: header, descriptor and the return code, padded."""
        return self.align(self.header.size + self.short_descriptor + 4)

    def align(self, offset: int) -> int:
        """Return the first aligned offset that is not below ``offset``."""
        return -(-offset // self.alignment) * self.alignment


I386 = Abi(
    name="i386",
    header=Struct("<IIIIIi"),
    short_descriptor=4,
    long_descriptor=12,
    pointer=4,
    port=4,
    alignment=4,
    inline_shift=28,
    wide=False,
)

X86_64 = Abi(
    name="x86_64",
    header=Struct("<III4xI4xIi"),
    short_descriptor=8,
    long_descriptor=8,
    pointer=8,
    port=8,
    alignment=8,
    inline_shift=29,
    wide=True,
)

ABIS = {abi.name: abi for abi in (I386, X86_64)}
