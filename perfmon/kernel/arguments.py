# SPDX-License-Identifier: GPL-2.0-or-later
"""What constants a call is made with, by the code that leads to it.  Reads only."""

from collections.abc import Iterable

import capstone
from capstone import x86

from perfmon.kernel.image import KernelImage
from perfmon.kernel.sites import disassembler

# In what place an argument is that x86_64 passes in a register.
_PLACES = {
    x86.X86_REG_RDI: 0, x86.X86_REG_EDI: 0,
    x86.X86_REG_RSI: 1, x86.X86_REG_ESI: 1,
    x86.X86_REG_RDX: 2, x86.X86_REG_EDX: 2,
}  # fmt: skip
_LEAVING = (capstone.CS_GRP_CALL, capstone.CS_GRP_JUMP, capstone.CS_GRP_RET)


def constant_arguments(image: KernelImage, call: int) -> dict[int, int]:
    """The arguments of a call, by place, that are constants of the code in front of it.

    Only what is certain: nothing that was set before another call or a jump.
    """
    begin = image.label_at(call).address
    disassemble = disassembler(image)
    disassemble.detail = True
    code = disassemble.disasm(image.read(begin, call - begin), begin)
    return _pushed(code) if image.machine.bits == 32 else _in_registers(code)


def _pushed(code: Iterable[capstone.CsInsn]) -> dict[int, int]:
    pushed: list[int] = []
    for instruction in code:
        constant = instruction.mnemonic == "push" and instruction.operands[0].type == x86.X86_OP_IMM
        pushed = [instruction.operands[0].imm, *pushed] if constant else []
    return dict(enumerate(pushed))


def _in_registers(code: Iterable[capstone.CsInsn]) -> dict[int, int]:
    known: dict[int, int] = {}
    for instruction in code:
        if any(instruction.group(group) for group in _LEAVING):
            known.clear()
            continue
        for register in instruction.regs_access()[1]:
            known.pop(_PLACES.get(register, -1), None)
        if instruction.mnemonic in {"mov", "movabs"}:
            target, source = instruction.operands
            if target.type == x86.X86_OP_REG and source.type == x86.X86_OP_IMM:
                known[_PLACES.get(target.reg, -1)] = source.imm
    known.pop(-1, None)
    return known
