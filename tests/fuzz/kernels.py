# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel images with some bytes changed: an input is a list of edits of one image.

An image is mostly code, and a fuzzer that changes any byte of it learns nothing.  So an edit names
a region (a header, a table, a section), a place in it, and what to do there.

As a program: so many images made of a real kernel by edits drawn at random, each surveyed.

    python -m tests.fuzz.kernels [--kind i386-up] [--count 200] [--seed 1]
"""

import argparse
import contextlib
import gzip
import io
import random
import resource
import struct
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from elftools.elf.elffile import ELFFile

from perfmon.kernel.machines import machine_of
from tests.kernel.standin_kernel import build

EDIT = struct.Struct("<BBII")
"""Region, operation, place, value; all taken modulo what there is."""

OPERATIONS = 6
_PUT_1, _PUT_2, _PUT_4, _ADD, _CUT, _SPECIAL = range(OPERATIONS)
_SPECIAL_VALUES = (0, 1, 0x7F, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF0, 0x1000)
MOST_EDITS = 64
PLAIN, COMPRESSED, DAMAGED = range(3)
"""An input's first byte: the image as it is, compressed, or compressed and then edited."""


@dataclass(frozen=True, slots=True)
class Original:
    """An image to be edited, and its regions, as (offset, size) in the file."""

    data: bytes
    regions: tuple[tuple[int, int], ...]


def original(data: bytes) -> Original:
    """Find the regions of an image."""
    elf = ELFFile(io.BytesIO(data))
    header = elf.header
    regions = [
        (0, len(data)),
        (0, header["e_ehsize"]),
        (header["e_phoff"], header["e_phnum"] * header["e_phentsize"]),
        (header["e_shoff"], header["e_shnum"] * header["e_shentsize"]),
    ]
    for section in elf.iter_sections():
        if section["sh_type"] != "SHT_NOBITS" and section["sh_size"]:
            regions.append((section["sh_offset"], section["sh_size"]))
    return Original(data, tuple(regions))


@cache
def standin() -> Original:
    """The stand-in for a kernel, compiled the first time."""
    with tempfile.TemporaryDirectory(prefix="perfmon-fuzz-") as directory:
        return original(build(Path(directory)).read_bytes())


def edited(image: Original, script: bytes) -> bytes:
    """The image that an input describes."""
    way, edits = script[0] % 3 if script else PLAIN, script[1:]
    if way == DAMAGED:
        packed = gzip.compress(image.data, compresslevel=1, mtime=0)
        return _apply(packed, ((0, len(packed)), (0, 10)), edits)
    data = _apply(image.data, image.regions, edits)
    return gzip.compress(data, compresslevel=1, mtime=0) if way == COMPRESSED else data


def _apply(original: bytes, regions: tuple[tuple[int, int], ...], edits: bytes) -> bytes:
    data = bytearray(original)
    count = min(len(edits) // EDIT.size, MOST_EDITS)
    for region, operation, place, value in EDIT.iter_unpack(edits[: count * EDIT.size]):
        offset, size = regions[region % len(regions)]
        at = offset + place % size
        what = operation % OPERATIONS
        if what == _CUT:
            del data[at:]
        elif at + 4 <= len(data):
            _change(data, at, what, value)
    return bytes(data)


def _change(data: bytearray, at: int, operation: int, value: int) -> None:
    if operation == _SPECIAL:
        value = _SPECIAL_VALUES[value % len(_SPECIAL_VALUES)]
    elif operation == _ADD:
        value += int.from_bytes(data[at : at + 4], "little")
    size = {_PUT_1: 1, _PUT_2: 2}.get(operation, 4)
    data[at : at + size] = (value % (1 << 8 * size)).to_bytes(size, "little")


def examine(file: Path) -> str:
    """What the instrumenter says of an image: an error's text, or nothing.

    It may raise nothing, and an error has to name the file.
    """
    from perfmon.kernel.container import elf32
    from perfmon.kernel.errors import KernelError
    from perfmon.kernel.image import KernelImage
    from perfmon.kernel.instrument import survey

    machine_of(file)
    with contextlib.suppress(KernelError):
        elf32(file.read_bytes())
    try:
        survey(KernelImage(file))
    except KernelError as error:
        assert str(file) in str(error), f"an error that does not name the image: {error}"
        return str(error)
    return ""


def random_script(draw: random.Random) -> bytes:
    """One edit or a few, somewhere."""
    edits = (
        EDIT.pack(
            draw.randrange(256),
            draw.randrange(OPERATIONS),
            draw.getrandbits(32),
            draw.getrandbits(32),
        )
        for _ in range(draw.choice((1, 1, 1, 2, 4, 16)))
    )
    way = draw.choices((PLAIN, COMPRESSED, DAMAGED), (18, 1, 1))[0]
    return bytes([way]) + b"".join(edits)


def campaign(kernel: Path, count: int, seed: int) -> Counter[str]:
    """Survey so many edited images of a kernel; outcomes, shortened, by how often they came."""
    image, draw = original(kernel.read_bytes()), random.Random(seed)
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="perfmon-fuzz-") as directory:
        file = Path(directory) / "kernel"
        for _ in range(count):
            script = random_script(draw)
            file.write_bytes(edited(image, script))
            try:
                refusal = examine(file)
            except BaseException:
                print(f"edits: {script.hex()}", file=sys.stderr)
                raise
            outcomes[refusal.partition("assumption failed: ")[2][:40] or refusal[:40]] += 1
    return outcomes


def main() -> None:
    """Run the command line."""
    from perfmon.kernel.images import kernel_image
    from perfmon.kernel.kinds import DEFAULT, KINDS

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kind", choices=KINDS, default=DEFAULT, help="of kernel")
    parser.add_argument("--count", type=int, default=200, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    start = time.monotonic()
    outcomes = campaign(kernel_image(arguments.kind), arguments.count, arguments.seed)
    seconds = time.monotonic() - start
    for outcome, times in outcomes.most_common():
        print(f"{times:6}  {outcome or '(can be instrumented)'}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{arguments.count} images in {seconds:.0f} s, {memory} MB at the most")


if __name__ == "__main__":
    main()
