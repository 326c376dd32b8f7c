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

from perfmon.kernel.boot import Guest
from perfmon.kernel.image import KernelImage
from perfmon.kernel.sites import instruction_at

COUNTED_INSTRUCTIONS = (
    "-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01,clock=vm",
    "-gdb", "unix:gdb,server=on,wait=off",
)  # fmt: skip
"""Arguments of QEMU: the guest's clock counts its instructions; a debugger may write a word."""

_UNUSED = "db_disasm"
_JUMP_SIZE = 5
_LOOP_SIZE = 12


def pad(kernel: Path, output: Path, functions: Iterable[str]) -> dict[str, int]:
    """Write a copy of the kernel; the addresses of the words that lengthen its functions."""
    image = KernelImage(kernel)
    data = bytearray(image.data)
    at, end = image.symbols[_UNUSED], image.symbols[_UNUSED] + image.sizes[_UNUSED]
    words = {}
    for function in functions:
        address = image.symbols[function]
        moved = b""
        while len(moved) < _JUMP_SIZE:
            moved += bytes(instruction_at(image, address + len(moved)).bytes)
        words[function] = at
        code = at + 4
        # push ecx; mov ecx, [word]; jecxz done; loop here; done: pop ecx
        lengthen = b"\x51\x8b\x0d" + struct.pack("<I", at) + b"\xe3\x02\xe2\xfe\x59"
        assert len(lengthen) == _LOOP_SIZE
        back = code + len(lengthen) + len(moved)
        body = lengthen + moved + _jump(back, address + len(moved))
        _put(image, data, at, bytes(4) + body)
        _put(image, data, address, _jump(address, code))
        at = code + len(body)
        assert at <= end
    output.write_bytes(data)
    return words


def _jump(source: int, target: int) -> bytes:
    return b"\xe9" + struct.pack("<i", target - (source + _JUMP_SIZE))


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
