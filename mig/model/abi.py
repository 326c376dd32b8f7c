# SPDX-License-Identifier: GPL-2.0-or-later
"""The targets: everything about a machine that the wire layout depends on.

No other place of the compiler knows a size of a target.
"""

from __future__ import annotations

from mig.record import record


@record
class Abi:
    """Constants of one target; sizes and alignments in bytes.

    Attributes:
        name: as ``--abi`` takes it.
        macro: what the target's compiler predefines.
        compiler_flag: makes a multilib compiler generate code for the target.
        word: size of a pointer, and the alignment of every descriptor and datum in a message.
        header: size of ``mach_msg_header_t``.
        short_descriptor: size of ``mach_msg_type_t``.
        long_descriptor: size of ``mach_msg_type_long_t``.
        inline_port: size of a port right in the body of a message.
        port_name: size of a port name, also in out-of-line memory.
    """

    name: str
    macro: str
    compiler_flag: str
    word: int
    header: int
    short_descriptor: int
    long_descriptor: int
    inline_port: int
    port_name: int = 4

    def align(self, size: int) -> int:
        """`size` rounded up to the alignment of a message's parts."""
        return -(-size // self.word) * self.word

    @property
    def long_is_separate(self) -> bool:
        """Whether a long descriptor keeps name, size and number in fields of its own."""
        return self.long_descriptor != self.short_descriptor

    @property
    def error_reply(self) -> int:
        """Size of ``mig_reply_header_t``: header, descriptor and return code."""
        return self.header + self.short_descriptor + self.align(4)


I386 = Abi("i386", "__i386__", "-m32", 4, 24, 4, 12, 4)
X86_64 = Abi("x86_64", "__x86_64__", "-m64", 8, 32, 8, 8, 8)

ABIS = {abi.name: abi for abi in (I386, X86_64)}
