# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kernel saves of what an interrupt hits, read from the code that does it."""

from perfmon.kernel.image import KernelImage
from perfmon.kernel.sites import instruction_at

_ENTRY, _NESTED = "all_intrs", "int_from_intstack"
_MOST_BYTES = 128


def nested_pc(image: KernelImage) -> int:
    """At which word above the return address of interrupt() a nested interrupt has its pc.

    Below it are the interrupt's number and what the entry has pushed before it finds that it is
    nested.

    Raises:
        AssumptionError: the entry does not look like that.
    """
    at = image.symbols[_ENTRY]
    end = at + _MOST_BYTES
    pushes = 0
    while at < end:
        instruction = instruction_at(image, at)
        if instruction.mnemonic == "push":
            pushes += 1
        if instruction.mnemonic.startswith("j"):
            if instruction.op_str == f"{image.symbols[_NESTED]:#x}":
                return pushes + 1
            break
        at += instruction.size
    raise image.failed(f"{_ENTRY} saves registers and goes on at {_NESTED} if it is nested")
