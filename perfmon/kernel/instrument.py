# SPDX-License-Identifier: GPL-2.0-or-later
"""Adding the monitor to a kernel image, without the kernel's source.

Every assumption about the image is checked first; an image that does not meet
one is refused with its name, and nothing is written.
"""

import os
import struct
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from perfmon.kernel import paths
from perfmon.kernel.arguments import constant_arguments
from perfmon.kernel.detours import detour
from perfmon.kernel.errors import KernelError
from perfmon.kernel.hooks import chosen, hooks_of, parse_hooks, redirected
from perfmon.kernel.image import KernelImage
from perfmon.kernel.interrupts import nested_pc
from perfmon.kernel.link import Blob, build_blob
from perfmon.kernel.processors import processors_of
from perfmon.kernel.sites import CallSite, call_sites

_PAGE = 4096
_INT = struct.Struct("<I")

# The one call that is changed in the file itself: see csrc/gnumach/boot.c.
_BOOT_CALLEE = "biosmem_register_boot_data"

_ROUTINES = "mach_server_routines"
_ROUTINES_FIRST, _ROUTINES_LAST = 72, 88

# Every way from the kernel to user mode passes one of these, but for interrupts.
WAYS_OUT = {
    "i386": ("_return_from_trap",),
    "x86_64": ("_return_from_trap", "_syscall64_check_for_ast"),
}

_NEEDED = (
    _BOOT_CALLEE, _ROUTINES, "_start", "_end", "mach_trap_table", "mach_trap_count",
    "time", "hz", "elapsed_ticks", "mach_msg_trap", "exception_raise",
    "task_cache", "thread_cache", "kernel_map", "ipc_kernel_map", "convert_port_to_host",
    "convert_port_to_host_priv", "return_to_iret", "kernel_stack", "all_intrs",
    "int_from_intstack", "user_trap", "kernel_task", "assert_wait", "clear_wait",
    "thread_set_timeout", "thread_wakeup_prim", "ipc_port_release_sonce",
    "mach_msg_send_from_kernel",
)  # fmt: skip

# Name in perf_offsets.h: structure, member, and a function whose object file knows them.
_MEMBERS = {
    "OFFSET_THREAD_TASK": ("thread", "task", "thread_create"),
    "OFFSET_TASK_NAME": ("task", "name", "task_create"),
    "OFFSET_SAVED_EAX": ("i386_saved_state", "eax", "user_trap"),
    "OFFSET_KMSG_HEADER": ("ipc_kmsg", "ikm_header", "mach_msg_trap"),
    "OFFSET_TRAP_FUNCTION": ("mach_trap_t", "mach_trap_function", "kern_invalid"),
    "OFFSET_TRAP_NAME": ("mach_trap_t", "mach_trap_name", "kern_invalid"),
}
# The word of a port that says whether it lives: structures within structures.
_PORT_BITS = (
    ("ipc_port", "ip_target", "ipc_port_release_sonce"),
    ("ipc_target", "ipt_object", "ipc_port_release_sonce"),
    ("ipc_object", "io_bits", "ipc_port_release_sonce"),
)
_NAME_LENGTH = 32

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
    """

    kernel: Path
    output: Path
    sites: Mapping[str, int]
    address: int
    file_size: int
    memory_size: int


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
    ways_out = WAYS_OUT[image.machine.name]
    listed = parse_hooks((paths.sources() / "csrc" / "gnumach" / "hooks.list").read_text())
    hooks = hooks_of(image, listed)
    functions = [hook.function for hook in hooks]
    image.require_symbols([*functions, *_NEEDED, *ways_out])
    processors = processors_of(image)
    image.require_symbols(processors.symbols)
    base = _kernel_base(image)
    _check_multiboot(image)
    header_at = _room_for_header(image)
    _check_routines(image)
    boot_calls = _boot_calls(image, base)
    sites = redirected(image, call_sites(image, functions), hooks)
    detours = [detour(image, label) for label in ways_out]
    address = -(-image.symbols["_end"] // _PAGE) * _PAGE
    with tempfile.TemporaryDirectory(prefix="perfmon-") as directory:
        blob = build_blob(
            image,
            Path(directory),
            address=address,
            definitions={
                **_definitions(image, base),
                **chosen(listed, hooks),
                **processors.definitions,
            },
            processors=processors.folder,
            wrapped=[*functions, _BOOT_CALLEE],
            entry=f"__wrap_{_BOOT_CALLEE}",
            sites=sites,
            detours=detours,
        )
    data = _add_segment(image, blob, address - base, header_at)
    for call in boot_calls:
        _retarget(image, data, call, blob.symbols[f"__wrap_{_BOOT_CALLEE}"])
    _write(output, data)
    counts = Counter(site.function for site in sites)
    return InstrumentReport(kernel, output, counts, address, len(blob.data), blob.memory_size)


def _kernel_base(image: KernelImage) -> int:
    """Virtual less physical address: one number for the whole kernel, but for its first steps."""
    bases = {segment.address - segment.physical for segment in image.segments} - {0}
    if len(bases) != 1:
        raise image.failed("all segments are mapped with one offset")
    last = max(image.segments, key=lambda segment: segment.end)
    if image.symbols["_end"] != last.end:
        raise image.failed(
            f"_end is the end of the last segment ({image.symbols['_end']:#x}, {last.end:#x})"
        )
    return bases.pop()


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


def _check_routines(image: KernelImage) -> None:
    """The monitor's message ids must be free in the kernel's table of routines."""
    word = image.machine.word.size
    if image.sizes[_ROUTINES] < (_ROUTINES_LAST + 1) * word:
        raise image.failed(f"{_ROUTINES} has {_ROUTINES_LAST + 1} entries")
    first = image.symbols[_ROUTINES] + _ROUTINES_FIRST * word
    entries = image.read(first, (_ROUTINES_LAST + 1 - _ROUTINES_FIRST) * word)
    if any(entries):
        raise image.failed(f"{_ROUTINES}[{_ROUTINES_FIRST}..{_ROUTINES_LAST}] are unused")


def _boot_calls(image: KernelImage, base: int) -> list[CallSite]:
    """The calls by which the kernel registers its own memory, found by their arguments.

    A kernel makes one of them: there is one for each protocol that boot loaders speak.
    """
    expected = {i: image.symbols[name] - base for i, name in enumerate(("_start", "_end"))}
    found = [
        site
        for site in call_sites(image, [_BOOT_CALLEE])
        if expected.items() <= constant_arguments(image, site.instruction).items()
    ]
    if not found:
        raise image.failed(f"{_BOOT_CALLEE} is called with _start and _end")
    return found


def _definitions(image: KernelImage, base: int) -> dict[str, str]:
    """What <perf_offsets.h> defines: numbers that the kernel's headers would give."""
    offsets = {name: image.member_offset(*where) for name, where in _MEMBERS.items()}
    (traps,) = _INT.unpack(image.read(image.symbols["mach_trap_count"], _INT.size))
    size, rest = divmod(image.sizes["mach_trap_table"], traps or 1)
    if traps == 0 or rest:
        raise image.failed(f"mach_trap_table has {traps} entries of one size")
    if image.sizes["time"] not in {8, 16}:
        raise image.failed("time is 8 or 16 bytes")
    numbers = {
        **offsets,
        "KERNEL_THREAD_PARAMETERS": image.parameter_count("kernel_thread"),
        "OFFSET_PORT_BITS": sum(image.member_offset(*where) for where in _PORT_BITS),
        # Older kernels' threads have no names.
        "OFFSET_THREAD_NAME": image.member_offset("thread", "name", "thread_create", without=0),
        "KERNEL_BASE": base,
        "NESTED_PC": nested_pc(image),
        "KERNEL_NAME_LENGTH": _NAME_LENGTH,
        "SIZE_TRAP": size,
        "SIZE_TIME": image.sizes["time"],
        "SIZE_MACH_MSG_TRAP": image.sizes["mach_msg_trap"],
        "SIZE_EXCEPTION_RAISE": image.sizes["exception_raise"],
    }
    return {name: f"{value:#x}" for name, value in numbers.items()}


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
    temporary = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        temporary.write_bytes(data)
        temporary.replace(output)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise KernelError(f"cannot write {output}: {error.strerror}") from error
