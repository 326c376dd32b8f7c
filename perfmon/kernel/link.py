# SPDX-License-Identifier: GPL-2.0-or-later
"""Compiling and linking what is added to an image: core, RPC routines, hooks.

The objects are linked against the image's own symbols, with --wrap for each
hooked function, at the address behind the kernel's memory.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from perfmon.kernel import paths
from perfmon.kernel.detours import Detour
from perfmon.kernel.image import KernelImage
from perfmon.kernel.sites import CallSite
from perfmon.kernel.toolchain import Build

# What every event runs through; all else is made small.
_RUN_BY_EVENTS = frozenset(
    {"perf_record", "perf_ids", "activity", "hooks_entry", "hooks_fault", "hooks_ipc", "hooks_trap"}
)

# What nobody calls, here or through the tables, is left out.
_SECTIONS = ("-ffunction-sections", "-fdata-sections")

_SITE_TABLE = """\
#include <perf_sites.h>

{declarations}
const struct perf_site perf_sites[] = {{
{entries}}};
const uint32_t perf_site_count = {count};
const struct perf_detour perf_detours[] = {{
{detours}}};
const uint32_t perf_detour_count = {detour_count};
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
    image: KernelImage,
    directory: Path,
    *,
    address: int,
    definitions: Mapping[str, str],
    processors: str,
    wrapped: Iterable[str],
    entry: str,
    sites: Sequence[CallSite],
    detours: Sequence[Detour],
) -> Blob:
    """Compile and link everything in `directory`.

    Args:
        image: the kernel to link against.
        directory: for generated files and objects.
        address: where the blob is to lie.
        definitions: what <perf_offsets.h> defines, without the prefix of its names.
        processors: the folder of csrc/gnumach for the kernel's processors.
        wrapped: the functions that have wrappers.
        entry: the function that the kernel calls when it boots.
        sites: the calls that are switched at run time.
        detours: instructions that are switched at run time.

    Raises:
        ToolError: a program is missing or failed.
    """
    root = paths.sources()
    csrc = root / "csrc"
    own = csrc / "gnumach"
    own_processors = own / processors
    include = (own, own_processors, own / "include", csrc / "core", csrc / "rpc", root / "include")
    build = Build(image.machine, directory, include, ("KERNEL=1",))
    (directory / "perf_offsets.h").write_text(_offsets_header(definitions, detours))
    (directory / "site_table.c").write_text(_site_table(image, sites, detours))
    kernel = directory / "kernel.elf"
    kernel.write_bytes(image.data)
    stub = build.server_stubs(
        root / "include" / "mach" / "perf_monitor.defs",
        "perf_monitor",
        "-DKERNEL_SERVER=1",
        "-DPERF_MONITOR_SERVERPREFIX=ipc_",
    )
    alert = build.user_stubs(
        root / "include" / "mach" / "perf_alert.defs", "perf_alert", "-DKERNEL_USER=1"
    )
    sources = [
        *sorted((csrc / "core").glob("*.c")),
        *sorted((csrc / "rpc").glob("*.c")),
        *sorted(own.glob("*.c")),
        *sorted(own_processors.glob("*.c")),
        own / f"thunks_{image.machine.name}.S",
        directory / "site_table.c",
        stub,
        alert,
    ]
    fast = [source for source in sources if source.stem in _RUN_BY_EVENTS]
    small = [source for source in sources if source.stem not in _RUN_BY_EVENTS]
    flags = (*image.machine.kernel_flags, *_SECTIONS)
    target = build.link(
        [
            *build.compile(fast, *flags),
            *build.compile(small, *flags, "-Os"),
        ],
        "blob.elf",
        "--gc-sections",
        f"--entry={entry}",
        f"--defsym=PERF_BLOB_START={address:#x}",
        f"--script={own / 'image.lds'}",
        f"--just-symbols={kernel}",
        *(f"--wrap={function}" for function in wrapped),
    )
    return _read_blob(KernelImage(target), address)


def _offsets_header(definitions: Mapping[str, str], detours: Sequence[Detour]) -> str:
    values = dict(definitions)
    for detour in detours:
        values[f"INSTRUCTION{detour.label}"] = _bytes(detour.instruction)
        values[f"BEHIND{detour.label}"] = f"{detour.next:#x}"
    return "".join(f"#define PERF_{name} {value}\n" for name, value in values.items())


def _bytes(data: bytes) -> str:
    return ", ".join(f"{byte:#04x}" for byte in data)


def _site_table(image: KernelImage, sites: Sequence[CallSite], detours: Sequence[Detour]) -> str:
    functions = sorted({site.function for site in sites})
    targets = [f"__wrap_{name}" for name in functions]
    targets += [f"perf_detour{detour.label}" for detour in detours]
    return _SITE_TABLE.format(
        declarations="".join(f"extern char {target}[];\n" for target in targets),
        entries="".join(
            f"\t{{ (uint32_t *){site.operand:#x}, "
            f"0x{image.read(site.operand, 4)[::-1].hex()}, (uintptr_t)__wrap_{site.function} }},\n"
            for site in sites
        ),
        count=len(sites),
        detours="".join(
            f"\t{{ (uint8_t *){detour.address:#x}, {{ {_bytes(detour.overwritten)} }}, "
            f"(uintptr_t)perf_detour{detour.label} }},\n"
            for detour in detours
        ),
        detour_count=len(detours),
    )


def _read_blob(linked: KernelImage, address: int) -> Blob:
    end = linked.symbols["perf_blob_end"]
    data = bytearray()
    for section in linked.sections:
        if section.data:
            data.extend(bytes(section.address - address - len(data)))
            data.extend(section.data)
    return Blob(address, bytes(data), end - address, linked.symbols)
