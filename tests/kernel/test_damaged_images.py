# SPDX-License-Identifier: GPL-2.0-or-later
"""Images with damage are refused by name, whatever is damaged: no traceback, no endless memory."""

import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from perfmon.kernel.container import elf32
from perfmon.kernel.errors import AssumptionError, KernelError
from perfmon.kernel.image import KernelImage
from perfmon.kernel.instrument import survey
from tests.fuzz.kernels import campaign, standin

pytestmark = pytest.mark.kernel

IMAGES = 10
PROGBITS, NOBITS = 1, 8


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "kernel"
    path.write_bytes(standin().data)
    return path


def test_the_stand_in_can_be_instrumented(image: Path):
    assert survey(KernelImage(image)).sites


def test_edited_images_of_a_real_kernel_are_refused_or_can_be_instrumented(stock_kernel: Path):
    outcomes = campaign(stock_kernel, IMAGES, seed=3)
    assert sum(outcomes.values()) == IMAGES
    assert len(outcomes) > 2, outcomes


def test_an_image_that_unpacks_without_end_is_refused(image: Path):
    packing = zlib.compressobj(wbits=31)
    zeros = bytes(1 << 24)
    image.write_bytes(b"".join(packing.compress(zeros) for _ in range(20)) + packing.flush())
    with pytest.raises(AssumptionError, match=r"kernel: .*no larger than"):
        KernelImage(image)


@pytest.mark.parametrize("cut", [3, 12, -9])
def test_a_compressed_image_that_ends_early_is_refused(cut: int, image: Path):
    packing = zlib.compressobj(wbits=31)
    image.write_bytes((packing.compress(image.read_bytes()) + packing.flush())[:cut])
    with pytest.raises(AssumptionError, match="a whole gzip file"):
        KernelImage(image)


def test_a_file_without_end_is_refused():
    with pytest.raises(AssumptionError, match=r"/dev/zero: .*no larger than"):
        KernelImage(Path("/dev/zero"))


def test_a_section_that_says_it_is_large_and_has_no_contents_is_refused(image: Path):
    data = bytearray(image.read_bytes())
    (at,) = struct.unpack_from("<I", data, 32)
    size, count = struct.unpack_from("<HH", data, 46)
    for header in range(at, at + size * count, size):
        kind, flags = struct.unpack_from("<II", data, header + 4)
        if (kind, flags) == (PROGBITS, 0):  # debugging information
            struct.pack_into("<I", data, header + 4, NOBITS)
            struct.pack_into("<I", data, header + 20, 0xFFFFFFF0)
    image.write_bytes(data)
    with pytest.raises(AssumptionError, match=r"section .debug_\w+ has contents"):
        KernelImage(image)


def test_a_compressed_section_is_refused(image: Path):
    subprocess.run(["objcopy", "--compress-debug-sections=zlib", image], check=True)
    with pytest.raises(AssumptionError, match=r"section .debug_\w+ is not compressed"):
        KernelImage(image)


def test_a_table_beyond_the_address_space_cannot_be_loaded():
    header = bytearray(64)
    header[:6] = b"\x7fELF\2\1"
    struct.pack_into("<Q", header, 32, (1 << 64) - 8)
    struct.pack_into("<HH", header, 54, 56, 1)
    with pytest.raises(KernelError, match="cannot be loaded by QEMU"):
        elf32(bytes(header))
