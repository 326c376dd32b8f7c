# SPDX-License-Identifier: GPL-2.0-or-later
"""Compiling and linking what is added to a kernel: core, RPC routines, hooks.

For an image the objects are linked against its own symbols, with --wrap for each hooked function,
at the address behind the kernel's memory; a kernel that is built from source is linked with them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from perfmon.kernel import paths
from perfmon.kernel.detours import Detour
from perfmon.kernel.image import KernelImage
from perfmon.kernel.plan import ANCHOR, BOOT_CALLEE, Plan
from perfmon.kernel.sites import CallSite
from perfmon.kernel.toolchain import Build

# What the usual event runs through; all else is made small.
_RUN_BY_EVENTS = frozenset(
    {
        "activity",
        "hooks_busy",
        "hooks_entry",
        "hooks_ipc",
        "hooks_objects",
        "intervals",
        "perf_ids",
        "perf_statistics",
    }
)

_DENSE = ("-falign-functions=1", "-falign-jumps=1", "-falign-loops=1", "-falign-labels=1")

# What nobody calls, here or through the tables, is left out.
_SECTIONS = ("-ffunction-sections", "-fdata-sections")

_SITE_TABLE = """\
#include <perf_sites.h>

{declarations}
const struct perf_hook perf_hooks[] = {{
{hooks}}};
const uint32_t perf_hook_count = {count};
const int32_t perf_sites[] = {{
{sites}}};
const uintptr_t perf_added_end = {end};
"""

_DETOUR_TABLE = """\
#include <perf_sites.h>

extern uint8_t {anchor}[];
{declarations}
const struct perf_detour perf_detours[] = {{
{entries}}};
const uint32_t perf_detour_count = {count};
"""


@dataclass(frozen=True, slots=True)
class Blob:
    """What is added to an image.

    Attributes:
        address: where it begins, virtual.
        data: its contents; the rest of its memory is zero.
        memory_size: bytes of memory it occupies.
        symbols: the addresses of its symbols.
    """

    address: int
    data: bytes
    memory_size: int
    symbols: Mapping[str, int]


def build_blob(
    image: KernelImage, directory: Path, *, address: int, plan: Plan, sites: Sequence[CallSite]
) -> Blob:
    """Compile and link what is added to an image.

    Args:
        image: the kernel to link against.
        directory: for generated files and objects.
        address: where the blob is to lie.
        plan: the monitor for this kernel.
        sites: the calls that are switched at run time.

    Raises:
        ToolError: a program is missing or failed.
    """
    build = monitor_build(image, directory, plan, all_calls=False)
    kernel = directory / "kernel.elf"
    kernel.write_bytes(image.data)
    target = build.link(
        [*monitor_objects(build, plan), site_table(build, _site_table(image, sites))],
        "blob.elf",
        "--gc-sections",
        f"--entry=__wrap_{BOOT_CALLEE}",
        f"--defsym=PERF_BLOB_START={address:#x}",
        f"--script={paths.sources() / 'csrc' / 'gnumach' / 'image.lds'}",
        f"--just-symbols={kernel}",
        *(f"--wrap={function}" for function in plan.wrapped),
    )
    return _read_blob(KernelImage(target), address)


def build_object(image: KernelImage, directory: Path, plan: Plan) -> Path:
    """Compile what a kernel is linked with, into one object file.

    It is what is added to an image, but for the table of calls: the linker redirects them.

    Raises:
        ToolError: a program is missing or failed.
    """
    build = monitor_build(image, directory, plan, all_calls=True)
    table = _SITE_TABLE.format(declarations="", hooks="", sites="", count=0, end=0)
    return build.link(
        [*monitor_objects(build, plan), site_table(build, table)],
        "perfmon.o",
        "-r",
        "--gc-sections",
        *(f"--undefined=__wrap_{function}" for function in plan.wrapped),
    )


def monitor_build(image: KernelImage, directory: Path, plan: Plan, *, all_calls: bool) -> Build:
    """Where the monitor is compiled for an image, with its headers.

    Args:
        image: the kernel.
        directory: for generated files and objects.
        plan: the monitor for this kernel.
        all_calls: the linker wraps every call, and not only those of the callers that matter.
    """
    root = paths.sources()
    own = root / "csrc" / "gnumach"
    include = (
        own, own / plan.processors, own / "include", root / "csrc" / "core", root / "csrc" / "rpc",
        root / "include",
    )  # fmt: skip
    build = Build(image.machine, directory, include, ("KERNEL=1", f"PERF_ALL_CALLS={all_calls:d}"))
    anchor = image.symbols[ANCHOR]
    (directory / "perf_offsets.h").write_text(_offsets_header(plan, anchor))
    (directory / "detour_table.c").write_text(_detour_table(plan.detours, anchor))
    return build


def monitor_objects(build: Build, plan: Plan) -> list[Path]:
    """Compile the monitor, the same for both ways into a kernel."""
    root = paths.sources()
    csrc = root / "csrc"
    own = csrc / "gnumach"
    stub = build.server_stubs(
        root / "include" / "mach" / "perf_monitor.defs",
        "perf_monitor",
        "-DKERNEL_SERVER=1",
        "-DPERF_MONITOR_SERVERPREFIX=ipc_",
    )
    alert = build.user_stubs(
        root / "include" / "mach" / "perf_alert.defs", "perf_alert", "-DKERNEL_USER=1"
    )
    suffix = f"_{build.machine.name}"
    assembler = sorted((own / plan.processors).glob(f"*{suffix}.S"))
    # Where there is a file of that name in assembler, the C for all machines is left out.
    replaced = {source.stem.removesuffix(suffix) for source in assembler}
    sources = [
        *sorted((csrc / "core").glob("*.c")),
        *sorted((csrc / "rpc").glob("*.c")),
        *(source for source in sorted(own.glob("*.c")) if source.stem not in replaced),
        *sorted((own / plan.processors).glob("*.c")),
        *assembler,
        own / f"thunks_{build.machine.name}.S",
        build.directory / "detour_table.c",
        stub,
        alert,
    ]
    fast = [source for source in sources if source.stem in _RUN_BY_EVENTS]
    small = [source for source in sources if source.stem not in _RUN_BY_EVENTS]
    flags = (*build.machine.kernel_flags, *_SECTIONS)
    return [*build.compile(fast, *flags, *_DENSE), *build.compile(small, *flags, "-Oz")]


def site_table(build: Build, text: str) -> Path:
    """Compile the table of calls that are switched at run time."""
    source = build.directory / "site_table.c"
    source.write_text(text)
    (target,) = build.compile([source], *build.machine.kernel_flags)
    return target


def _offsets_header(plan: Plan, anchor: int) -> str:
    values = dict(plan.definitions)
    for detour in plan.detours:
        values[f"SIZE{detour.label}"] = str(len(detour.instruction))
        values[f"SKIPPED{detour.label}"] = str(detour.skipped)
        values[f"BEHIND{detour.label}"] = _from_anchor(detour.next, anchor)
    return "".join(f"#define PERF_{name} {value}\n" for name, value in values.items())


def _from_anchor(address: int, anchor: int) -> str:
    return f"{ANCHOR} + ({address - anchor})"


def _detour_table(detours: Sequence[Detour], anchor: int) -> str:
    kinds = ("moved", "detour")
    labels = [f"perf_{kind}{detour.label}" for detour in detours for kind in kinds]
    return _DETOUR_TABLE.format(
        anchor=ANCHOR,
        declarations="".join(f"extern uint8_t {label}[];\n" for label in labels),
        entries="".join(
            f"\t{{ {_from_anchor(detour.address, anchor)}, perf_moved{detour.label}, "
            f"{len(detour.instruction)}, (uintptr_t)perf_detour{detour.label} }},\n"
            for detour in detours
        ),
        count=len(detours),
    )


def _site_table(image: KernelImage, sites: Sequence[CallSite]) -> str:
    calls: dict[str, list[int]] = {}
    for site in sites:
        calls.setdefault(site.function, []).append(site.operand)
    wrappers = "".join(f"extern char __wrap_{name}[];\n" for name in calls)
    return _SITE_TABLE.format(
        declarations=f"extern char perf_blob_end[];\n{wrappers}",
        hooks="".join(
            f"\t{{ {image.symbols[name]:#x}, (uintptr_t)__wrap_{name}, {len(operands)} }},\n"
            for name, operands in calls.items()
        ),
        count=len(calls),
        sites="".join(
            f"\t(int32_t){operand & 0xFFFFFFFF:#x},\n"
            for operands in calls.values()
            for operand in operands
        ),
        end="(uintptr_t)perf_blob_end",
    )


def _read_blob(linked: KernelImage, address: int) -> Blob:
    end = linked.symbols["perf_blob_end"]
    data = bytearray()
    for section in linked.sections:
        if section.data:
            data.extend(bytes(section.address - address - len(data)))
            data.extend(section.data)
    return Blob(address, bytes(data), end - address, linked.symbols)
