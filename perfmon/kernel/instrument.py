# SPDX-License-Identifier: GPL-2.0-or-later
"""Adding the monitor to a kernel image, without the kernel's source.

Every assumption about the image is checked first; an image that does not meet
one is refused with its name, and nothing is written.
"""

import struct
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from perfmon.kernel.arguments import constant_arguments
from perfmon.kernel.errors import KernelError
from perfmon.kernel.hooks import redirected
from perfmon.kernel.image import KernelImage
from perfmon.kernel.link import Blob, build_blob
from perfmon.kernel.plan import BOOT_CALLEE, Plan, plan_of
from perfmon.kernel.sites import CallSite, call_sites
from perfmon.whole_file import whole_file

_PAGE = 4096
_INT = struct.Struct("<I")


_PT_LOAD, _READ_WRITE_EXECUTE = 1, 7
_MULTIBOOT_MAGIC = 0x1BADB002
_MULTIBOOT_SEARCH = 8192
_MULTIBOOT_ADDRESSES = 1 << 16


@dataclass(frozen=True, slots=True)
class InstrumentReport:
    """What was done to an image.

    Attributes:
        kernel: the image that was read.
        output: the image that was written.
        sites: calls redirected while monitoring is enabled, by function.
        address: where the added segment begins, virtual.
        file_size: bytes of code and data in it.
        memory_size: bytes of memory it occupies, its tables included.
        symbols: what is in it, with the kernel's own symbols.
    """

    kernel: Path
    output: Path
    sites: Mapping[str, int]
    address: int
    file_size: int
    memory_size: int
    symbols: Mapping[str, int] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Survey:
    """An image that can be instrumented: what is to be done to it.

    Attributes:
        plan: the monitor for its kernel.
        sites: the calls that are switched at run time.
        boot_calls: the calls that are redirected for good.
        header_at: the file offset of the program header to add.
        address: where the added segment begins, virtual.
    """

    plan: Plan
    sites: Sequence[CallSite]
    boot_calls: Sequence[CallSite]
    header_at: int
    address: int


def survey(image: KernelImage) -> Survey:
    """Check every assumption about an image; nothing is compiled or written.

    Raises:
        AssumptionError: the image is not what can be instrumented; says which assumption failed.
    """
    plan = plan_of(image)
    _check_end(image)
    _check_multiboot(image)
    return Survey(
        plan,
        redirected(image, call_sites(image, plan.functions), plan.hooks),
        _boot_calls(image, plan.base),
        _room_for_header(image),
        -(-image.symbols["_end"] // _PAGE) * _PAGE,
    )


def instrument(kernel: Path, output: Path) -> InstrumentReport:
    """Write a copy of a kernel image that has the monitor in it.

    Args:
        kernel: an unstripped image for i386 or x86_64, perhaps compressed.
        output: the image to write, never compressed.

    Raises:
        AssumptionError: the image is not what can be instrumented; says which assumption failed.
        ToolError: a program is missing or failed.
        PackageError: Mach's headers cannot be had.
        KernelError: a file cannot be read or written.
    """
    image = KernelImage(kernel)
    found = survey(image)
    with tempfile.TemporaryDirectory(prefix="perfmon-") as directory:
        blob = build_blob(
            image, Path(directory), address=found.address, plan=found.plan, sites=found.sites
        )
    data = _add_segment(image, blob, found.address - found.plan.base, found.header_at)
    for call in found.boot_calls:
        _retarget(image, data, call, blob.symbols[f"__wrap_{BOOT_CALLEE}"])
    _write(output, data)
    counts = Counter(site.function for site in found.sites)
    return InstrumentReport(
        kernel, output, counts, found.address, len(blob.data), blob.memory_size, blob.symbols
    )


def _check_end(image: KernelImage) -> None:
    """What is added goes behind the kernel's memory."""
    last = max(image.segments, key=lambda segment: segment.end)
    if image.symbols["_end"] != last.end:
        raise image.failed(
            f"_end is the end of the last segment ({image.symbols['_end']:#x}, {last.end:#x})"
        )


def _check_multiboot(image: KernelImage) -> None:
    """A boot loader must go by the program headers and not by addresses of its own."""
    at = image.data.find(_INT.pack(_MULTIBOOT_MAGIC), 0, _MULTIBOOT_SEARCH)
    if at < 0:
        raise image.failed(f"a multiboot header is in the first {_MULTIBOOT_SEARCH} bytes")
    (flags,) = _INT.unpack_from(image.data, at + 4)
    if flags & _MULTIBOOT_ADDRESSES:
        raise image.failed(f"the multiboot header has no load addresses (flags {flags:#x})")


def _room_for_header(image: KernelImage) -> int:
    """The file offset behind the program headers, if one more fits there."""
    header = image.header
    at = header["e_phoff"] + header["e_phnum"] * header["e_phentsize"]
    contents = min(segment.offset for segment in image.segments if segment.file_size)
    size = image.machine.program_header
    if header["e_phentsize"] != size or at + size > contents:
        raise image.failed(f"there is room for a program header at offset {at:#x}")
    if any(image.data[at : at + size]):
        raise image.failed(f"the room for a program header at offset {at:#x} is empty")
    return at


def _boot_calls(image: KernelImage, base: int) -> list[CallSite]:
    """The calls by which the kernel registers its own memory, found by their arguments.

    A kernel makes one of them: there is one for each protocol that boot loaders speak.
    """
    expected = {i: image.symbols[name] - base for i, name in enumerate(("_start", "_end"))}
    found = [
        site
        for site in call_sites(image, [BOOT_CALLEE])
        if expected.items() <= constant_arguments(image, site.instruction).items()
    ]
    if not found:
        raise image.failed(f"{BOOT_CALLEE} is called with _start and _end")
    return found


def _add_segment(image: KernelImage, blob: Blob, physical: int, header_at: int) -> bytearray:
    data = bytearray(image.data)
    data.extend(bytes(-len(data) % _PAGE))
    where = (len(data), blob.address, physical, len(blob.data), blob.memory_size)
    if image.machine.bits == 32:
        header = struct.pack("<8I", _PT_LOAD, *where, _READ_WRITE_EXECUTE, _PAGE)
    else:
        header = struct.pack("<2I6Q", _PT_LOAD, _READ_WRITE_EXECUTE, *where, _PAGE)
    data[header_at : header_at + len(header)] = header
    struct.pack_into("<H", data, image.machine.phnum_at, image.header["e_phnum"] + 1)
    data.extend(blob.data)
    return data


def _retarget(image: KernelImage, data: bytearray, site: CallSite, target: int) -> None:
    displacement = (target - (site.operand + _INT.size)) & 0xFFFFFFFF
    _INT.pack_into(data, image.offset_of(site.operand), displacement)


def _write(output: Path, data: bytes | bytearray) -> None:
    """All or nothing: a failure leaves no output file behind."""
    try:
        with whole_file(output) as file:
            file.write_bytes(data)
    except OSError as error:
        raise KernelError(f"cannot write {output}: {error.strerror}") from error
