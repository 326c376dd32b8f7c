# SPDX-License-Identifier: GPL-2.0-or-later
"""What the monitor is to be for one kernel, read from its image.

The same for a kernel that it is added to and for one that it is linked into.  Every assumption is
checked; nothing is compiled or written here.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perfmon.kernel import paths
from perfmon.kernel.detours import Detour, detour
from perfmon.kernel.hooks import Hook, chosen, hooks_of, parse_hooks
from perfmon.kernel.image import KernelImage
from perfmon.kernel.interrupts import nested_pc
from perfmon.kernel.processors import processors_of

_INT = struct.Struct("<I")

# The one call that is wrapped for good: see csrc/gnumach/boot.c.
BOOT_CALLEE = "biosmem_register_boot_data"

_ROUTINES = "mach_server_routines"
_ROUTINES_FIRST, _ROUTINES_LAST = 72, 88

# Every way from the kernel to user mode passes one of these, but for interrupts.
WAYS_OUT = {
    "i386": ("_return_from_trap",),
    "x86_64": ("_return_from_trap", "_syscall64_check_for_ast"),
}

# A global symbol of the object file that has those places: they are found from it.
ANCHOR = "thread_exception_return"

_NEEDED = (
    BOOT_CALLEE, _ROUTINES, "_start", "_end", "mach_trap_table", "mach_trap_count",
    "time", "hz", "mach_msg_trap", "exception_raise",
    "task_cache", "thread_cache", "kernel_map", "ipc_kernel_map", "convert_port_to_host",
    "convert_port_to_host_priv", "return_to_iret", "kernel_stack", "all_intrs",
    "int_from_intstack", "user_trap", "kernel_task", "assert_wait",
    "clear_wait", "thread_set_timeout", "thread_wakeup_prim", "ipc_port_release_sonce",
    "mach_msg_send_from_kernel", "kernel_cmdline", "printf", ANCHOR,
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


@dataclass(frozen=True, slots=True)
class Plan:
    """The monitor for one kernel.

    Attributes:
        base: virtual less physical addresses.
        hooks: what is wrapped while monitoring is enabled.
        definitions: what <perf_offsets.h> defines, without the prefix of its names.
        processors: the folder of csrc/gnumach for the kernel's processors.
        detours: instructions that become jumps while monitoring is enabled.
    """

    base: int
    hooks: Sequence[Hook]
    definitions: Mapping[str, str]
    processors: str
    detours: Sequence[Detour]

    @property
    def functions(self) -> list[str]:
        """The functions of the hooks."""
        return [hook.function for hook in self.hooks]

    @property
    def wrapped(self) -> list[str]:
        """All functions that have wrappers."""
        return [*self.functions, BOOT_CALLEE]


def plan_of(image: KernelImage) -> Plan:
    """Read from an image what the monitor must know of its kernel.

    Raises:
        AssumptionError: the image is not what can be monitored; says which assumption failed.
    """
    ways_out = WAYS_OUT[image.machine.name]
    listed = parse_hooks((paths.sources() / "csrc" / "gnumach" / "hooks.list").read_text())
    hooks = hooks_of(image, listed)
    image.require_symbols([*(hook.function for hook in hooks), *_NEEDED, *ways_out])
    processors = processors_of(image)
    image.require_symbols(processors.symbols)
    base = _kernel_base(image)
    _check_routines(image)
    return Plan(
        base,
        hooks,
        {**_definitions(image, base), **chosen(listed, hooks), **processors.definitions},
        processors.folder,
        [detour(image, label) for label in ways_out],
    )


def _kernel_base(image: KernelImage) -> int:
    """Virtual less physical address: one number for the whole kernel, but for its first steps."""
    bases = {segment.address - segment.physical for segment in image.segments} - {0}
    if len(bases) != 1:
        raise image.failed("all segments are mapped with one offset")
    return bases.pop()


def _check_routines(image: KernelImage) -> None:
    """The monitor's message ids must be free in the kernel's table of routines."""
    word = image.machine.word.size
    if image.sizes[_ROUTINES] < (_ROUTINES_LAST + 1) * word:
        raise image.failed(f"{_ROUTINES} has {_ROUTINES_LAST + 1} entries")
    first = image.symbols[_ROUTINES] + _ROUTINES_FIRST * word
    entries = image.read(first, (_ROUTINES_LAST + 1 - _ROUTINES_FIRST) * word)
    if any(entries):
        raise image.failed(f"{_ROUTINES}[{_ROUTINES_FIRST}..{_ROUTINES_LAST}] are unused")


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
        "TRAPS": traps,
        "SIZE_TIME": image.sizes["time"],
        "SIZE_MACH_MSG_TRAP": image.sizes["mach_msg_trap"],
        "SIZE_EXCEPTION_RAISE": image.sizes["exception_raise"],
    }
    return {name: f"{value:#x}" for name, value in numbers.items()}
