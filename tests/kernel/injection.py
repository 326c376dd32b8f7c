# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel whose functions can be made longer while it runs, by any number of instructions.

The first instructions of each chosen function move into the code of the
kernel's debugger, which the tests never enter, behind a loop that runs as
often as a word beside it says.  A debugger's stub in QEMU writes that word.
"""

import os
import socket
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import capstone

from perfmon.kernel.boot import Guest
from perfmon.kernel.image import KernelImage
from perfmon.kernel.sites import disassembler

DEBUGGER = ("-gdb", "unix:gdb,server=on,wait=off")
"""Arguments of QEMU: a debugger may write a word."""

COUNTED_INSTRUCTIONS = (
    "-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01,clock=vm", *DEBUGGER
)  # fmt: skip
"""Arguments of QEMU: the guest's clock counts its instructions; a debugger may write a word."""

_UNUSED = "db_lex"
_JUMP_SIZE = 5
_INT = struct.Struct("<I")


def pad(kernel: Path, output: Path, functions: Iterable[str]) -> dict[str, int]:
    """Write a copy of the kernel; the addresses of the words that lengthen its functions."""
    image = KernelImage(kernel)
    data = bytearray(image.data)
    at, end = image.symbols[_UNUSED], image.symbols[_UNUSED] + image.sizes[_UNUSED]
    disassemble = disassembler(image)
    disassemble.detail = True
    words = {}
    for function in functions:
        address = image.symbols[function]
        moved: list[capstone.CsInsn] = []
        length = 0
        while length < _JUMP_SIZE:
            moved += disassemble.disasm(image.read(address + length, 16), address + length, 1)
            length += moved[-1].size
        words[function] = at
        code = at + 4
        body = _lengthen(image, at)
        for instruction in moved:
            body += _relocated(instruction, code + len(body))
        body += _jump(code + len(body), address + length)
        _put(image, data, at, bytes(4) + body)
        _put(image, data, address, _jump(address, code))
        at = code + len(body)
        assert at <= end
    output.write_bytes(data)
    return words


def _lengthen(image: KernelImage, word: int) -> bytes:
    """As many more instructions as a word says; ecx is kept.

    push ecx; mov ecx, [word]; jecxz done; loop here; done: pop ecx
    """
    load = b"\x8b\x0d" if image.machine.bits == 32 else b"\x8b\x0c\x25"
    return b"\x51" + load + image.machine.word.pack(word)[:4] + b"\xe3\x02\xe2\xfe\x59"


def _relocated(instruction: capstone.CsInsn, address: int) -> bytes:
    """What an instruction of the first of a function is at another address."""
    code = bytes(instruction.bytes)
    if instruction.group(capstone.CS_GRP_JUMP):
        (target,) = (operand.imm for operand in instruction.operands)
        short = code[0] & 0xF0 == 0x70
        condition = code[0] & 0xF if short else code[1] & 0xF
        return bytes([0x0F, 0x80 | condition]) + _distance(target - (address + 6))
    if "rip" in instruction.op_str:
        at = instruction.disp_offset
        (displacement,) = _INT.unpack_from(code, at)
        moved = _distance(displacement + instruction.address - address)
        return code[:at] + moved + code[at + _INT.size :]
    return code


def _distance(bytes_: int) -> bytes:
    return _INT.pack(bytes_ & 0xFFFFFFFF)


def _jump(source: int, target: int) -> bytes:
    return b"\xe9" + _distance(target - (source + _JUMP_SIZE))


def _put(image: KernelImage, data: bytearray, address: int, code: bytes) -> None:
    offset = image.offset_of(address)
    data[offset : offset + len(code)] = code


def write_word(guest: Guest, address: int, value: int) -> None:
    """Write a word of the kernel's memory while the guest stands still."""
    with _stub(guest) as stub:
        _command(stub, f"M{address:x},4:{struct.pack('<I', value).hex()}")
        _command(stub, "D")


@contextmanager
def _stub(guest: Guest) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        directory = os.open(guest.directory, os.O_PATH)
        try:
            connection.connect(f"/proc/self/fd/{directory}/gdb")
        finally:
            os.close(directory)
        yield connection


def _command(stub: socket.socket, text: str) -> None:
    stub.sendall(f"${text}#{sum(text.encode()) & 0xFF:02x}".encode())
    answer = b""
    while not answer.endswith(b"$OK#9a"):
        part = stub.recv(100)
        assert part, answer
        answer += part
    stub.sendall(b"+")
