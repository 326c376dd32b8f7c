# SPDX-License-Identifier: GPL-2.0-or-later
"""How a kernel keeps what belongs to a processor, read from its image.

A kernel for one processor has one `struct percpu`, or, before there was such a structure, an
array of one running thread.  A kernel for several has a `struct percpu` for each, which the
processor reaches through its segment register gs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from perfmon.kernel.image import KernelImage
from perfmon.kernel.machines import I386
from perfmon.kernel.sites import instruction_at

_MOST = 32
_LOW_MEMORY = 0x10000
_KNOWS = "thread_create"
"""A function whose object file knows the structures."""


@dataclass(frozen=True, slots=True)
class Processors:
    """What is compiled for a kernel's processors.

    Attributes:
        folder: of csrc/gnumach, with the sources and headers for them.
        definitions: what <perf_offsets.h> defines for them, as text.
        symbols: what the sources use of the kernel.
    """

    folder: str
    definitions: Mapping[str, str]
    symbols: tuple[str, ...] = ()


def processors_of(image: KernelImage) -> Processors:
    """What kind of processors an image is for.

    Raises:
        AssumptionError: it keeps their state in none of the known ways.
    """
    if "percpu_array" not in image.symbols:
        if image.sizes.get("active_threads") != image.machine.word.size:
            raise image.failed(
                "the running thread is in percpu_array, or the one of active_threads"
            )
        return _one("(active_threads)")
    each, all_ = image.structure_size("percpu", _KNOWS), image.sizes["percpu_array"]
    number, rest = divmod(all_, each)
    stacks = image.sizes.get("kernel_stack", 0)
    if rest or not 1 <= number <= _MOST or stacks != number * image.machine.word.size:
        raise image.failed(
            "percpu_array and kernel_stack have an element for each processor "
            f"({all_} bytes of {each}, {stacks} bytes)"
        )
    thread = image.member_offset("percpu", "active_thread", _KNOWS)
    if number == 1:
        return _one(f"(percpu_array + {thread:#x})")
    if image.machine is not I386:
        raise image.failed(f"the kernel is for one processor, or for i386 (it is for {number})")
    return Processors("smp", _several(image, number, thread), _OF_SEVERAL)


def _one(running_thread: str) -> Processors:
    return Processors("up", {"RUNNING_THREAD": running_thread, "UNREGISTERED_PAGE": "0"})


_OF_SEVERAL = (
    "smp_get_numcpus", "machine_slot", "kernel_task", "kernel_thread", "thread_bind",
    "thread_wakeup_prim", "assert_wait", "elapsed_ticks",
)  # fmt: skip


def _several(image: KernelImage, number: int, thread: int) -> dict[str, str]:
    offsets = {
        "OFFSET_PERCPU_ACTIVE_THREAD": thread,
        "OFFSET_PERCPU_CPU_ID": image.member_offset("percpu", "cpu_id", _KNOWS),
        "OFFSET_PERCPU_PROCESSOR": image.member_offset("percpu", "processor", _KNOWS),
        "SIZE_PERCPU": image.sizes["percpu_array"] // number,
        "OFFSET_SLOT_RUNNING": image.member_offset("machine_slot", "running", "cpu_up"),
        "SIZE_SLOT": image.structure_size("machine_slot", "cpu_up"),
    }
    return {
        "CPUS": str(number),
        "UNREGISTERED_PAGE": f"{_LOW_MEMORY if _leaves_page_unregistered(image) else 0:#x}",
    } | {name: f"{value:#x}" for name, value in offsets.items()}


def _leaves_page_unregistered(image: KernelImage) -> bool:
    """Does it take the page that its other processors start from without registering it?

    The kernel of 2025 leaves that page, the first of low memory, out of the memory that it manages
    and later stumbles over it, before it has a console, unless a boot loader has put something
    there.  Newer ones register it as soon as they have chosen it.
    """
    if "apboot_addr" not in image.symbols:
        return False
    for name in ("biosmem_bootstrap", "biosmem_bootstrap_common"):
        if name not in image.symbols:
            continue
        at, end = image.symbols[name], image.symbols[name] + image.sizes[name]
        store = f"dword ptr [{image.symbols['apboot_addr']:#x}], eax"
        chosen = False
        while at < end:
            instruction = instruction_at(image, at)
            chosen = chosen or instruction.op_str == store
            if chosen and instruction.mnemonic == "call":
                register = f"{image.symbols['biosmem_register_boot_data']:#x}"
                return str(instruction.op_str) != register
            at += instruction.size
    return False
