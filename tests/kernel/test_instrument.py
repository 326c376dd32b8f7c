# SPDX-License-Identifier: GPL-2.0-or-later
"""Each assumption about an image, with an image that breaks it."""

import gzip
import re
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from perfmon.kernel.errors import AssumptionError, KernelError
from perfmon.kernel.image import KernelImage
from perfmon.kernel.instrument import InstrumentReport, instrument
from perfmon.kernel.sites import call_sites, instruction_at

PROGRAM_HEADERS_END = 52 + 3 * 32
PHNUM_AT = 44


class Surgeon:
    """Changes bytes of a kernel image."""

    def __init__(self, image: KernelImage) -> None:
        self.image = image
        self.data = bytearray(image.data)

    def put(self, offset: int, data: bytes) -> None:
        self.data[offset : offset + len(data)] = data

    def put_at(self, address: int, data: bytes) -> None:
        self.put(self.image.offset_of(address), data)

    def replace(self, old: bytes, new: bytes) -> None:
        assert len(old) == len(new)
        assert self.data.count(old) >= 1
        self.data = self.data.replace(old, new)

    def symbol_field(self, name: str, field: int) -> int:
        """The offset of a word of a symbol: 1 is its value, 2 its size."""
        with self.image.path.open("rb") as file:
            table = ELFFile(file).get_section_by_name(".symtab")
            assert isinstance(table, SymbolTableSection)
            index = next(i for i, s in enumerate(table.iter_symbols()) if s.name == name)
            return int(table["sh_offset"]) + index * 16 + field * 4

    def site_after_short_instruction(self) -> int:
        """A call of vm_allocate whose predecessor is one byte long."""
        for site in call_sites(self.image, ["vm_allocate"]):
            before = site.instruction - 1
            label = self.image.label_at(before)
            starts = []
            at = label.address
            while at < site.instruction:
                starts.append(at)
                at += instruction_at(self.image, at).size
            if starts[-1] == before:
                return site.instruction
        raise AssertionError("no such call")


@pytest.fixture(scope="session")
def image(stock_kernel: Path) -> KernelImage:
    return KernelImage(stock_kernel)


@pytest.fixture
def surgeon(image: KernelImage) -> Surgeon:
    return Surgeon(image)


def word(value: int) -> bytes:
    return struct.pack("<I", value & 0xFFFFFFFF)


def lose_a_symbol(s: Surgeon) -> None:
    s.replace(b"\0copyinmsg\0", b"\0copyinmsG\0")


def move_the_end(s: Surgeon) -> None:
    s.put(s.symbol_field("_end", 1), word(s.image.symbols["_end"] + 16))


def fill_the_header_gap(s: Surgeon) -> None:
    s.put(PROGRAM_HEADERS_END, b"\1")


def use_up_the_header_gap(s: Surgeon) -> None:
    s.put(PHNUM_AT, struct.pack("<H", 126))


def map_segments_apart(s: Surgeon) -> None:
    s.put(52 + 32 + 12, word(s.image.segments[1].physical + 4096))


def give_load_addresses(s: Surgeon) -> None:
    at = s.data.find(word(0x1BADB002), 0, 8192)
    s.put(at + 4, word(struct.unpack_from("<I", s.data, at + 4)[0] | 1 << 16))


def lose_the_multiboot_header(s: Surgeon) -> None:
    s.put(s.data.find(word(0x1BADB002), 0, 8192), word(0))


def take_a_routine_slot(s: Surgeon) -> None:
    s.put_at(s.image.symbols["mach_server_routines"] + 88 * 4, word(1))


def shorten_the_routine_table(s: Surgeon) -> None:
    s.put(s.symbol_field("mach_server_routines", 2), word(88 * 4))


def forget_a_structure_member(s: Surgeon) -> None:
    s.replace(b"\0active_thread\0", b"\0active_Thread\0")


def change_the_trap_count(s: Surgeon) -> None:
    s.put_at(s.image.symbols["mach_trap_count"], word(131))


def enlarge_the_processor_table(s: Surgeon) -> None:
    s.put(s.symbol_field("percpu_array", 2), word(2 * s.image.sizes["percpu_array"]))


def lose_what_is_running(s: Surgeon) -> None:
    s.replace(b"\0percpu_array\0", b"\0percpu_arraY\0")


def save_otherwise_at_an_interrupt(s: Surgeon) -> None:
    s.put_at(s.image.symbols["all_intrs"], b"\xeb\xfe")  # jumps to itself


def hide_a_call_in_an_instruction(s: Surgeon) -> None:
    s.put_at(s.site_after_short_instruction() - 1, b"\xb8")  # mov $imm32, %eax


def jump_instead_of_calling(s: Surgeon) -> None:
    s.put_at(call_sites(s.image, ["vm_allocate"])[0].instruction, b"\xe9")


def point_to_a_function(s: Surgeon) -> None:
    s.put_at(s.image.symbols["mach_trap_table"] + 8, word(s.image.symbols["vm_allocate"]))


def rename_a_caller(s: Surgeon) -> None:
    s.replace(b"\0thread_deallocate\0", b"\0thread_deallocatE\0")


def register_other_memory(s: Surgeon) -> None:
    base = s.image.segments[0].address - s.image.segments[0].physical
    s.replace(b"\x68" + word(s.image.symbols["_end"] - base), b"\x68" + word(0))


def shorten_the_way_to_user_mode(s: Surgeon) -> None:
    s.put_at(s.image.symbols["_return_from_trap"], b"\x90")


def jump_into_the_way_to_user_mode(s: Surgeon) -> None:
    jump = s.image.symbols["thread_exception_return"]
    while instruction_at(s.image, jump).mnemonic != "jmp":
        jump += instruction_at(s.image, jump).size
    assert instruction_at(s.image, jump).size == 2
    s.put_at(jump + 1, bytes([s.image.read(jump + 1, 1)[0] + 1]))


def jump_from_afar_into_the_way_to_user_mode(s: Surgeon) -> None:
    target, jump = s.image.symbols["_return_from_trap"] + 2, s.image.symbols["vm_allocate"]
    s.put_at(jump, b"\xe9" + word(target - (jump + 5)))


@pytest.mark.parametrize(
    ("damage", "assumption"),
    [
        (lose_a_symbol, "symbol copyinmsg is present"),
        (move_the_end, "_end is the end of the last segment"),
        (fill_the_header_gap, "the room for a program header at offset 0x94 is empty"),
        (use_up_the_header_gap, "there is room for a program header at offset 0xff4"),
        (map_segments_apart, "all segments are mapped with one offset"),
        (give_load_addresses, "the multiboot header has no load addresses"),
        (lose_the_multiboot_header, "a multiboot header is in the first 8192 bytes"),
        (take_a_routine_slot, r"mach_server_routines\[72..88\] are unused"),
        (shorten_the_routine_table, "mach_server_routines has 89 entries"),
        (forget_a_structure_member, "has the offset of percpu.active_thread"),
        (save_otherwise_at_an_interrupt, "all_intrs saves registers and goes on at int_from_int"),
        (lose_what_is_running, "the running thread is in percpu_array, or the one of active_thr"),
        (change_the_trap_count, "mach_trap_table has 131 entries of one size"),
        (enlarge_the_processor_table, "percpu_array and kernel_stack have an element for each"),
        (hide_a_call_in_an_instruction, "the call of vm_allocate at .* begins an instruction"),
        (jump_instead_of_calling, "vm_allocate is only called, but it is jumped to"),
        (point_to_a_function, "vm_allocate is only called, but .* has a pointer to it"),
        (rename_a_caller, "thread_deallocate calls kmem_cache_free"),
        (
            shorten_the_way_to_user_mode,
            r"the first instruction of _return_from_trap can be moved \(it is nop",
        ),
        (
            jump_into_the_way_to_user_mode,
            "the first instruction of _return_from_trap is entered at its beginning",
        ),
        (
            jump_from_afar_into_the_way_to_user_mode,
            "the first instruction of _return_from_trap is entered at its beginning",
        ),
        (register_other_memory, "biosmem_register_boot_data is called with _start and _end"),
    ],
)
def test_an_image_that_breaks_an_assumption_is_refused_by_its_name(
    damage: Callable[[Surgeon], None], assumption: str, surgeon: Surgeon, tmp_path: Path
):
    damage(surgeon)
    assert surgeon.data != surgeon.image.data
    refused(bytes(surgeon.data), assumption, tmp_path)


def refused(data: bytes, assumption: str, directory: Path) -> None:
    kernel, output = directory / "kernel", directory / "output"
    kernel.write_bytes(data)
    with pytest.raises(AssumptionError, match=assumption) as caught:
        instrument(kernel, output)
    assert re.match(rf"{re.escape(str(kernel))}: assumption failed: [^\n]+\Z", str(caught.value))
    assert [path.name for path in directory.iterdir()] == ["kernel"]


def test_a_stripped_image_is_refused(stock_kernel: Path, tmp_path: Path):
    stripped = tmp_path / "stripped"
    subprocess.run(["strip", "-o", stripped, stock_kernel], check=True)
    data = stripped.read_bytes()
    stripped.unlink()
    refused(data, "symbols are present", tmp_path)


def test_what_is_no_elf_file_is_refused(tmp_path: Path):
    refused(b"MZ not an ELF file", "an ELF executable", tmp_path)


def test_a_truncated_image_is_refused(stock_kernel: Path, tmp_path: Path):
    refused(stock_kernel.read_bytes()[:5000], "an ELF executable|symbols are present", tmp_path)


def test_a_truncated_compressed_image_is_refused(stock_kernel: Path, tmp_path: Path):
    compressed = gzip.compress(stock_kernel.read_bytes()[:100_000])
    refused(compressed[:-1000], "an ELF executable", tmp_path)


def test_an_image_of_another_class_is_refused(tmp_path: Path):
    header = struct.pack(
        "<4s12x2HI3QI6H", b"\x7fELF\2\1\1", 2, 183, 1, 0, 0, 0, 0, 64, 56, 0, 64, 0, 0
    )
    header = b"\x7fELF\2\1\1".ljust(16, b"\0") + header[16:]
    refused(header, r"the image is ELF32 x86 or ELF64 x64 \(it is ELF64 AArch64\)", tmp_path)


def test_an_image_that_cannot_be_read_is_named(tmp_path: Path):
    with pytest.raises(KernelError, match=r"cannot read .*nowhere: No such file"):
        instrument(tmp_path / "nowhere", tmp_path / "output")


def test_an_output_that_cannot_be_written_is_named(stock_kernel: Path, tmp_path: Path):
    with pytest.raises(KernelError, match=r"cannot write .*nowhere/output: No such file"):
        instrument(stock_kernel, tmp_path / "nowhere" / "output")


def test_only_the_boot_call_and_the_headers_differ_from_the_stock_image(
    stock_kernel: Path, report: InstrumentReport
):
    stock, made = stock_kernel.read_bytes(), report.output.read_bytes()
    different = {at for at, (a, b) in enumerate(zip(stock, made, strict=False)) if a != b}
    image = KernelImage(stock_kernel)
    (boot_call,) = (
        site
        for site in call_sites(image, ["biosmem_register_boot_data"])
        if image.offset_of(site.operand) in different
    )
    call = range(image.offset_of(boot_call.operand), image.offset_of(boot_call.operand) + 4)
    headers = range(PHNUM_AT, PROGRAM_HEADERS_END + 32)
    assert different <= {*call, *headers}
    assert boot_call.caller == "c_boot_entry"


def test_the_added_segment_lies_behind_the_kernels_memory(
    stock_kernel: Path, report: InstrumentReport
):
    stock, made = KernelImage(stock_kernel), KernelImage(report.output)
    *kept, added = made.segments
    assert kept == stock.segments
    assert added.address == report.address == -(-stock.symbols["_end"] // 4096) * 4096
    assert added.address - added.physical == kept[0].address - kept[0].physical
    assert (added.file_size, added.memory_size) == (report.file_size, report.memory_size)


def test_what_is_added_keeps_to_its_budget_of_memory(report: InstrumentReport):
    assert report.file_size <= 28 * 1024  # code and data
    # Statistics of 64 events, ids of 1024 tasks and 4096 threads, what 1024 threads are doing.
    tables = 64 * 1024 + 12 * (1024 + 4096) + 88 * 1024
    assert report.memory_size - report.file_size <= tables + 8 * 1024
    assert report.memory_size + 256 * 1024 <= 512 * 1024  # with the default ring
