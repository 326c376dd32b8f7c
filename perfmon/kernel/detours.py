# SPDX-License-Identifier: GPL-2.0-or-later
"""Places in a kernel's code that jumps cannot be made to miss by changing calls.

An instruction there becomes a jump while monitoring is enabled, so it must be
long enough, mean the same elsewhere, and be entered only at its beginning.
Reads only.
"""

from dataclasses import dataclass

from perfmon.kernel.image import KernelImage
from perfmon.kernel.sites import instruction_at, jumps_into

_JUMP_SIZE = 5
_MOVABLE = frozenset({"cmp", "mov"})


@dataclass(frozen=True, slots=True)
class Detour:
    """An instruction that becomes a jump: behind what label, how far, where it is and its bytes."""

    label: str
    skipped: int
    address: int
    instruction: bytes

    @property
    def next(self) -> int:
        """The address behind it."""
        return self.address + len(self.instruction)

    @property
    def overwritten(self) -> bytes:
        """Those of its bytes that the jump replaces."""
        return self.instruction[:_JUMP_SIZE]


def detour(image: KernelImage, label: str) -> Detour:
    """The first instruction behind a label that can become a jump, or the one behind an `xor`.

    Raises:
        AssumptionError: it is too short, depends on its place, or is jumped into.
    """
    instruction = instruction_at(image, image.symbols[label])
    if instruction.mnemonic == "xor":  # sets a register, which stays as it is
        instruction = instruction_at(image, instruction.address + instruction.size)
    depends = "rip" in instruction.op_str
    if instruction.size < _JUMP_SIZE or instruction.mnemonic not in _MOVABLE or depends:
        text = f"{instruction.mnemonic} {instruction.op_str}"
        raise image.failed(f"the first instruction of {label} can be moved (it is {text})")
    inside = range(instruction.address + 1, instruction.address + instruction.size)
    if (source := jumps_into(image, inside)) is not None:
        raise image.failed(
            f"the first instruction of {label} is entered at its beginning "
            f"({source:#x} jumps into it)"
        )
    skipped = instruction.address - image.symbols[label]
    return Detour(label, skipped, instruction.address, bytes(instruction.bytes))
