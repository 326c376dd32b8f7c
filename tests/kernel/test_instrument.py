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

from perfmon.kernel.arguments import constant_arguments
from perfmon.kernel.errors import AssumptionError, KernelError
from perfmon.kernel.image import KernelImage
from perfmon.kernel.images import kernel_image
from perfmon.kernel.instrument import InstrumentReport, instrument
from perfmon.kernel.sites import call_sites, instruction_at


class Surgeon:
    """Changes bytes of a kernel image."""

    def __init__(self, image: KernelImage) -> None:
        self.image = image
        self.data = bytearray(image.data)

    def word(self, value: int) -> bytes:
        """A pointer of the machine."""
        machine = self.image.machine
        return machine.word.pack(machine.wrap(value))

    @property
    def headers_end(self) -> int:
        """Where the program headers end."""
        header = self.image.header
        return header["e_phoff"] + header["e_phnum"] * header["e_phentsize"]

    @property
    def base(self) -> int:
        """Virtual less physical address."""
        return self.image.segments[-1].address - self.image.segments[-1].physical

    def put(self, offset: int, data: bytes) -> None:
        self.data[offset : offset + len(data)] = data

    def put_at(self, address: int, data: bytes) -> None:
        self.put(self.image.offset_of(address), data)

    def replace(self, old: bytes, new: bytes) -> None:
        assert len(old) == len(new)
        assert self.data.count(old) >= 1
        self.data = self.data.replace(old, new)

    def set_symbol(self, name: str, *, value: int | None = None, size: int | None = None) -> None:
        """Give a symbol another value or size."""
        at = self._symbol(name)
        for place, new in ((0, value), (1, size)):
            if new is not None:
                self.put(at + place * self.image.machine.word.size, self.word(new))

    def _symbol(self, name: str) -> int:
        """The offset of a symbol's value, which its size follows."""
        with self.image.path.open("rb") as file:
            table = ELFFile(file).get_section_by_name(".symtab")
            assert isinstance(table, SymbolTableSection)
            index = next(i for i, s in enumerate(table.iter_symbols()) if s.name == name)
            value_at = 4 if self.image.machine.bits == 32 else 8
            return int(table["sh_offset"]) + index * int(table["sh_entsize"]) + value_at

    def short_jump_to(self, label: str) -> int:
        """Where a jump of two bytes goes to a label."""
        target = self.image.symbols[label]
        for begin in (found.address for found in self.image.labels):
            if abs(begin - target) > 0xFF:
                continue
            at = begin
            while at < begin + 0xFF:
                instruction = instruction_at(self.image, at)
                if instruction.size == 2 and instruction.op_str == f"{target:#x}":
                    return at
                at += instruction.size
        raise AssertionError(f"no short jump to {label}")

    def call_and_instruction_before(self) -> tuple[int, int]:
        """Where vm_allocate is called, and where the instruction before that begins."""
        site = call_sites(self.image, ["vm_allocate"])[0].instruction
        before = at = self.image.label_at(site).address
        while at < site:
            before = at
            at += instruction_at(self.image, at).size
        return site, before


@pytest.fixture(scope="session")
def image(stock_kernel: Path) -> KernelImage:
    return KernelImage(stock_kernel)


@pytest.fixture(scope="session")
def image_of_64_bits() -> KernelImage:
    return KernelImage(kernel_image("x86_64-up"))


@pytest.fixture(scope="session")
def image_for_several_processors() -> KernelImage:
    return KernelImage(kernel_image("i386-smp"))


@pytest.fixture
def surgeon(image: KernelImage) -> Surgeon:
    return Surgeon(image)


def word(value: int) -> bytes:
    return struct.pack("<I", value & 0xFFFFFFFF)


def lose_a_symbol(s: Surgeon) -> None:
    s.replace(b"\0copyinmsg\0", b"\0copyinmsG\0")


def move_the_end(s: Surgeon) -> None:
    s.set_symbol("_end", value=s.image.symbols["_end"] + 16)


def fill_the_header_gap(s: Surgeon) -> None:
    s.put(s.headers_end, b"\1")


def use_up_the_header_gap(s: Surgeon) -> None:
    header = s.image.header
    count = (s.image.segments[0].offset - header["e_phoff"]) // header["e_phentsize"]
    s.put(s.image.machine.phnum_at, struct.pack("<H", count))


def map_segments_apart(s: Surgeon) -> None:
    header = s.image.header
    physical_at = header["e_phoff"] + header["e_phentsize"] + 3 * s.image.machine.word.size
    s.put(physical_at, s.word(s.image.segments[1].physical + 4096))


def give_load_addresses(s: Surgeon) -> None:
    at = s.data.find(word(0x1BADB002), 0, 8192)
    s.put(at + 4, word(struct.unpack_from("<I", s.data, at + 4)[0] | 1 << 16))


def lose_the_multiboot_header(s: Surgeon) -> None:
    s.put(s.data.find(word(0x1BADB002), 0, 8192), word(0))


def take_a_routine_slot(s: Surgeon) -> None:
    s.put_at(s.image.symbols["mach_server_routines"] + 88 * s.image.machine.word.size, word(1))


def shorten_the_routine_table(s: Surgeon) -> None:
    s.set_symbol("mach_server_routines", size=88 * s.image.machine.word.size)


def forget_a_structure_member(s: Surgeon) -> None:
    s.replace(b"\0active_thread\0", b"\0active_Thread\0")


def change_the_trap_count(s: Surgeon) -> None:
    s.put_at(s.image.symbols["mach_trap_count"], word(131))


def enlarge_the_processor_table(s: Surgeon) -> None:
    s.set_symbol("percpu_array", size=2 * s.image.sizes["percpu_array"])


def lose_what_is_running(s: Surgeon) -> None:
    s.replace(b"\0percpu_array\0", b"\0percpu_arraY\0")


def save_otherwise_at_an_interrupt(s: Surgeon) -> None:
    s.put_at(s.image.symbols["all_intrs"], b"\xeb\xfe")  # jumps to itself


def hide_a_call_in_an_instruction(s: Surgeon) -> None:
    call, before = s.call_and_instruction_before()
    s.put_at(before, b"\x90" * (call - before - 1) + b"\xb8")  # nop; mov $imm32, %eax


def jump_instead_of_calling(s: Surgeon) -> None:
    s.put_at(call_sites(s.image, ["vm_allocate"])[0].instruction, b"\xe9")


def point_to_a_function(s: Surgeon) -> None:
    s.put_at(s.image.symbols["mach_trap_table"] + 8, s.word(s.image.symbols["vm_allocate"]))


def rename_a_caller(s: Surgeon) -> None:
    s.replace(b"\0thread_deallocate\0", b"\0thread_deallocatE\0")


def register_other_memory(s: Surgeon) -> None:
    # push $end or movabs $end, %rsi
    load = b"\x68" if s.image.machine.bits == 32 else b"\x48\xbe"
    s.replace(load + s.word(s.image.symbols["_end"] - s.base), load + s.word(0))


def shorten_the_way_to_user_mode(s: Surgeon) -> None:
    s.put_at(s.image.symbols["_return_from_trap"], b"\x90")


def depend_on_the_place_of_the_way_to_user_mode(s: Surgeon) -> None:
    s.put_at(s.image.symbols["_return_from_trap"], b"\x83\x3d" + word(0) + b"\0\x90")


def load_the_address_of_a_function(s: Surgeon) -> None:
    target, at = s.image.symbols["vm_allocate"], s.image.symbols["db_lex"]
    s.put_at(at, b"\x48\x8d\x3d" + word(target - (at + 7)))  # lea vm_allocate(%rip), %rdi


def lose_the_way_out_of_system_calls(s: Surgeon) -> None:
    s.replace(b"\0_syscall64_check_for_ast\0", b"\0_syscall64_check_for_asT\0")


def shorten_the_way_out_of_system_calls(s: Surgeon) -> None:
    s.put_at(s.image.symbols["_syscall64_check_for_ast"], b"\x90")


def call_between_an_argument_and_its_call(s: Surgeon) -> None:
    (boot_call,) = (
        site.instruction
        for site in call_sites(s.image, ["biosmem_register_boot_data"])
        if constant_arguments(s.image, site.instruction).get(0)
    )
    # movl $1, spl_init(%rip)
    s.put_at(boot_call - 10, b"\xe8" + word(0) + b"\x90" * 5)


def pretend_two_processors(s: Surgeon) -> None:
    for name in ("percpu_array", "kernel_stack"):
        s.set_symbol(name, size=2 * s.image.sizes[name])


def forget_a_processors_stack(s: Surgeon) -> None:
    s.set_symbol("kernel_stack", size=s.image.sizes["kernel_stack"] - s.image.machine.word.size)


def split_a_processors_state(s: Surgeon) -> None:
    s.set_symbol("percpu_array", size=s.image.sizes["percpu_array"] - 4)


def rename(name: str) -> Callable[[Surgeon], None]:
    """Have symbols and members of a name spelled otherwise.

    A string may lie at the end of a longer one.
    """
    changed = name[:-1] + name[-1].upper()

    def damage(s: Surgeon) -> None:
        s.replace(f"{name}\0".encode(), f"{changed}\0".encode())

    return damage


def jump_into_the_way_to_user_mode(s: Surgeon) -> None:
    jump = s.short_jump_to("_return_from_trap")
    s.put_at(jump + 1, bytes([s.image.read(jump + 1, 1)[0] + 1]))


def jump_from_afar_into_the_way_to_user_mode(s: Surgeon) -> None:
    target, jump = s.image.symbols["_return_from_trap"] + 2, s.image.symbols["vm_allocate"]
    s.put_at(jump, b"\xe9" + word(target - (jump + 5)))


@pytest.mark.parametrize(
    ("damage", "assumption"),
    [
        (lose_a_symbol, "symbol copyinmsg is present"),
        (move_the_end, "_end is the end of the last segment"),
        (fill_the_header_gap, r"the room for a program header at offset 0x\w+ is empty"),
        (use_up_the_header_gap, r"there is room for a program header at offset 0x(f\w\w|1000)"),
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
        (rename("kern_invalid"), "symbol kern_invalid is present"),
    ],
)
def test_an_image_that_breaks_an_assumption_is_refused_by_its_name(
    damage: Callable[[Surgeon], None], assumption: str, surgeon: Surgeon, tmp_path: Path
):
    damage(surgeon)
    assert surgeon.data != surgeon.image.data
    refused(bytes(surgeon.data), assumption, tmp_path)


@pytest.mark.parametrize(
    ("damage", "assumption"),
    [
        (
            depend_on_the_place_of_the_way_to_user_mode,
            r"the first instruction of _return_from_trap can be moved \(it is cmp",
        ),
        (load_the_address_of_a_function, "vm_allocate is only called, but .* has a pointer to it"),
        (lose_the_way_out_of_system_calls, "symbol _syscall64_check_for_ast is present"),
        (
            shorten_the_way_out_of_system_calls,
            r"the first instruction of _syscall64_check_for_ast can be moved \(it is nop",
        ),
        (
            call_between_an_argument_and_its_call,
            "biosmem_register_boot_data is called with _start and _end",
        ),
    ],
)
def test_an_image_of_64_bits_that_breaks_an_assumption_is_refused_by_its_name(
    damage: Callable[[Surgeon], None],
    assumption: str,
    image_of_64_bits: KernelImage,
    tmp_path: Path,
):
    surgeon = Surgeon(image_of_64_bits)
    damage(surgeon)
    refused(bytes(surgeon.data), assumption, tmp_path)


@pytest.mark.parametrize(
    ("damage", "assumption"),
    [
        (forget_a_processors_stack, "percpu_array and kernel_stack have an element for each"),
        (split_a_processors_state, "percpu_array and kernel_stack have an element for each"),
        (rename("active_thread"), "has the offset of percpu.active_thread"),
        (rename("cpu_id"), "has the offset of percpu.cpu_id"),
        (rename("processor"), "has the offset of percpu.processor"),
        (rename("running"), "has the offset of machine_slot.running"),
        (rename("machine_slot"), "has the structure machine_slot"),
        (rename("smp_get_numcpus"), "symbol smp_get_numcpus is present"),
        (rename("thread_bind"), "symbol thread_bind is present"),
    ],
)
def test_an_image_for_several_processors_that_breaks_an_assumption_is_refused_by_its_name(
    damage: Callable[[Surgeon], None],
    assumption: str,
    image_for_several_processors: KernelImage,
    tmp_path: Path,
):
    surgeon = Surgeon(image_for_several_processors)
    damage(surgeon)
    refused(bytes(surgeon.data), assumption, tmp_path)


def test_an_image_of_64_bits_for_several_processors_is_refused(
    image_of_64_bits: KernelImage, tmp_path: Path
):
    surgeon = Surgeon(image_of_64_bits)
    pretend_two_processors(surgeon)
    refused(bytes(surgeon.data), r"for one processor, or for i386 \(it is for 2\)", tmp_path)


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
    headers = range(
        image.machine.phnum_at, Surgeon(image).headers_end + image.machine.program_header
    )
    assert different <= {*call, *headers}
    assert boot_call.caller == "c_boot_entry"


def test_the_added_segment_lies_behind_the_kernels_memory(
    stock_kernel: Path, report: InstrumentReport
):
    stock, made = KernelImage(stock_kernel), KernelImage(report.output)
    *kept, added = made.segments
    assert kept == stock.segments
    assert added.address == report.address == -(-stock.symbols["_end"] // 4096) * 4096
    assert added.address - added.physical == kept[-1].address - kept[-1].physical
    assert (added.file_size, added.memory_size) == (report.file_size, report.memory_size)


def test_what_is_added_keeps_to_its_budget_of_memory(image: KernelImage, report: InstrumentReport):
    assert report.file_size <= 32 * 1024  # code and data
    # Of an id, and of what a thread is doing: they have addresses in them.
    id_, activity = (12, 64) if image.machine.bits == 32 else (16, 72)
    # Statistics of 64 events, ids of 1024 tasks and 4096 threads, what 1024 threads are doing.
    tables = 64 * 1024 + id_ * (1024 + 4096) + activity * 1024
    assert report.memory_size - report.file_size <= tables + 8 * 1024
    with_the_default_ring = report.memory_size + 256 * 1024
    assert with_the_default_ring <= 512 * 1024
