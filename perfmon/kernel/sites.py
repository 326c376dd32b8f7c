# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the code of an image calls given functions, proved by disassembly.

The sites found are those that the linker's --wrap would redirect if the
kernel were linked again: references from other object files.  Reads only.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import capstone

from perfmon.kernel.image import KernelImage, Label, Section

_CALL, _JUMP, _TWO_BYTE = 0xE8, 0xE9, 0x0F
_LEA, _RELATIVE = 0x8D, 0x05
_NEAR_SIZE = 5
_SHORT_REACH = 130


@dataclass(frozen=True, slots=True, order=True)
class CallSite:
    """A direct call: the address of its 32-bit displacement, and who calls whom."""

    operand: int
    function: str
    caller: str

    @property
    def instruction(self) -> int:
        """The address of the call instruction."""
        return self.operand - 1


def call_sites(image: KernelImage, functions: Iterable[str]) -> list[CallSite]:
    """Every call of one of `functions` from another object file, ascending by address.

    Raises:
        AssumptionError: a function is reached by a jump or a pointer, or what
            looks like a call does not begin an instruction.
    """
    targets = {image.symbols[name]: name for name in functions}
    found = []
    for section in image.sections:
        if section.executable:
            for address, opcode, name in _near_references(image, section, targets):
                if _is_local(image, address, name):
                    continue
                caller = image.label_at(address)
                where = f"{address:#x} in {caller.name}"
                if not _begins_instruction(image, caller, address):
                    raise image.failed(f"the call of {name} at {where} begins an instruction")
                if opcode != _CALL:
                    raise image.failed(f"{name} is only called, but it is jumped to at {where}")
                found.append(CallSite(address + 1, name, caller.name))
        for address, name in _absolute_references(image, section, targets):
            raise image.failed(f"{name} is only called, but {address:#x} has a pointer to it")
    return sorted(found)


def callers(image: KernelImage, function: str) -> set[str]:
    """Who calls a function directly, its own object file's functions as well."""
    target = {image.symbols[function]: function}
    found = set()
    for section in image.sections:
        if section.executable:
            for address, opcode, _ in _near_references(image, section, target):
                label = image.label_at(address)
                if opcode == _CALL and _begins_instruction(image, label, address):
                    found.add(label.name)
    return found


def instruction_at(image: KernelImage, address: int) -> capstone.CsInsn:
    """Disassemble the one instruction at an address."""
    for instruction in disassembler(image).disasm(image.read_up_to(address, 16), address, 1):
        return instruction
    raise image.failed(f"there is an instruction at {address:#x}")


def jumps_into(image: KernelImage, addresses: range) -> int | None:
    """The address of a direct jump or call to one of `addresses`, if there is any."""
    names = dict.fromkeys(addresses, "")
    for section in image.sections:
        if section.executable:
            for address, _, _ in _near_references(image, section, names):
                if _begins_instruction(image, image.label_at(address), address):
                    return address
    # Short jumps reach no further than this; disassemble from label to label.
    low, high = addresses.start - _SHORT_REACH, addresses.stop + _SHORT_REACH
    at = image.label_at(low).address
    while at < high:
        end = next((label.address for label in image.labels if label.address > at), high)
        for code in disassembler(image).disasm(image.read_up_to(at, end - at), at):
            is_jump = code.mnemonic.startswith(("j", "loop")) and code.op_str.startswith("0x")
            if is_jump and int(code.op_str, 16) in addresses:
                return int(code.address)
        at = end
    return None


def disassembler(image: KernelImage) -> capstone.Cs:
    """Of the image's machine."""
    mode = {32: capstone.CS_MODE_32, 64: capstone.CS_MODE_64}[image.machine.bits]
    return capstone.Cs(capstone.CS_ARCH_X86, mode)


def _near_references(
    image: KernelImage, section: Section, targets: dict[int, str]
) -> Iterator[tuple[int, int, str]]:
    """(address, opcode, name) of all bytes that would be a near call or jump to a target."""
    data = section.data
    for opcode, prefix in ((_CALL, 1), (_JUMP, 1), (_TWO_BYTE, 2)):
        at = data.find(opcode)
        while 0 <= at <= len(data) - prefix - 4:
            if opcode != _TWO_BYTE or data[at + 1] & 0xF0 == 0x80:
                (displacement,) = struct.unpack_from("<i", data, at + prefix)
                end = section.address + at + prefix + 4
                name = targets.get(image.machine.wrap(end + displacement))
                if name is not None:
                    yield section.address + at, opcode, name
            at = data.find(opcode, at + 1)


def _absolute_references(
    image: KernelImage, section: Section, targets: dict[int, str]
) -> Iterator[tuple[int, str]]:
    """Places that hold a target's address: any four bytes of code, aligned words of data.

    Four are enough in code: a kernel of 64 bits lies where they are extended to the address.
    """
    if section.name == ".eh_frame":
        return
    if section.executable and image.machine.bits == 64:
        yield from _loaded_addresses(image, section, targets)
    for target, name in targets.items():
        word = image.machine.word.pack(target)
        pattern = word[:4] if section.executable else word
        at = section.data.find(pattern)
        while at >= 0:
            if section.executable or at % 4 == 0:
                yield section.address + at, name
            at = section.data.find(pattern, at + 1)


def _loaded_addresses(
    image: KernelImage, section: Section, targets: dict[int, str]
) -> Iterator[tuple[int, str]]:
    """Where code of 64 bits loads a target's address, relative to its own."""
    data = section.data
    at = data.find(_LEA)
    while 0 <= at <= len(data) - 6:
        if data[at + 1] & 0xC7 == _RELATIVE:
            (displacement,) = struct.unpack_from("<i", data, at + 2)
            name = targets.get(image.machine.wrap(section.address + at + 6 + displacement))
            if name is not None:
                yield section.address + at, name
        at = data.find(_LEA, at + 1)


def _is_local(image: KernelImage, address: int, name: str) -> bool:
    """Do the reference and the function come from one object file?  --wrap leaves those alone."""
    unit = image.unit_of(address)
    return unit is not None and unit == image.unit_of(image.symbols[name])


def _begins_instruction(image: KernelImage, label: Label, address: int) -> bool:
    code = image.read_up_to(label.address, address + _NEAR_SIZE - label.address)
    starts = (start for start, *_ in disassembler(image).disasm_lite(code, label.address))
    return next((start == address for start in starts if start >= address), False)
