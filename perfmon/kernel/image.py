# SPDX-License-Identifier: GPL-2.0-or-later
"""A GNU Mach kernel image as data: symbols, segments, bytes and structure offsets.

Reads ELF and DWARF and never writes.  What the instrumenter wants to find in
an image is no matter of this file, but every accessor refuses an image that
lacks what is asked for.
"""

import bisect
import io
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from elftools.dwarf.die import DIE
from elftools.dwarf.dwarfinfo import DWARFInfo
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from perfmon.kernel.errors import AssumptionError, KernelError
from perfmon.kernel.machines import MACHINES, Machine

_FLAG_ALLOC = 2
_FLAG_EXECUTE = 4
_SIZE_MAX = 1 << 28
_GZIP = b"\x1f\x8b"
_GZIP_FORMAT = 31
_DEBUG_READABLE = "debugging information is readable"


@dataclass(frozen=True, slots=True)
class Segment:
    """A PT_LOAD program header; sizes in bytes."""

    offset: int
    address: int
    physical: int
    file_size: int
    memory_size: int

    @property
    def end(self) -> int:
        """The first address behind the segment in memory."""
        return self.address + self.memory_size


@dataclass(frozen=True, slots=True)
class Section:
    """A section that occupies memory and file."""

    name: str
    address: int
    offset: int
    data: bytes
    executable: bool


@dataclass(frozen=True, slots=True, order=True)
class Label:
    """A symbol that lies in code; assembler labels have size 0."""

    address: int
    size: int
    name: str


@dataclass(frozen=True, slots=True)
class Structure:
    """A structure of the kernel's: its size and its members' offsets, in bytes."""

    size: int
    offsets: Mapping[str, int]


class KernelImage:
    """An ELF image of a kernel, read once."""

    def __init__(self, path: Path) -> None:
        """Read the image, which may be compressed with gzip.

        Raises:
            AssumptionError: not an ELF executable.
            KernelError: not readable.
        """
        self.path = path
        try:
            with path.open("rb") as file:
                data = file.read(_SIZE_MAX + 1)
        except OSError as error:
            raise KernelError(f"cannot read {path}: {error.strerror}") from error
        self.data = self._unpacked(data) if data.startswith(_GZIP) else data
        if len(self.data) > _SIZE_MAX:
            raise self.failed(f"the image is no larger than {_SIZE_MAX} bytes")
        with self._parsing("an ELF executable"):
            self._elf = ELFFile(io.BytesIO(self.data))
            self.segments = [
                Segment(s["p_offset"], s["p_vaddr"], s["p_paddr"], s["p_filesz"], s["p_memsz"])
                for s in self._elf.iter_segments("PT_LOAD")
            ]
            self._check_sections()
            self._read_symbols()

    def _unpacked(self, data: bytes) -> bytes:
        try:
            unpacking = zlib.decompressobj(_GZIP_FORMAT)
            unpacked = unpacking.decompress(data, _SIZE_MAX + 1)
        except zlib.error as error:
            raise self.failed(f"an ELF executable, in a whole gzip file ({error})") from error
        if not unpacking.eof and len(unpacked) <= _SIZE_MAX:
            raise self.failed("an ELF executable, in a whole gzip file (it ends early)")
        return unpacked

    @contextmanager
    def _parsing(self, assumption: str) -> Iterator[None]:
        """Refuse an image that pyelftools stumbles over; on damaged ones it raises anything."""
        try:
            yield
        except KernelError:
            raise
        except Exception as error:
            text = f"{type(error).__name__} {error}".strip()
            raise self.failed(f"{assumption} ({text})") from error

    def failed(self, assumption: str) -> AssumptionError:
        """The error that says this image does not meet an assumption."""
        return AssumptionError(str(self.path), assumption)

    @cached_property
    def machine(self) -> Machine:
        """What its code runs on; refuses an image for any other machine."""
        elf = f"ELF{self._elf.elfclass} {self._elf.get_machine_arch()}"
        if elf not in MACHINES:
            raise self.failed(f"the image is {' or '.join(MACHINES)} (it is {elf})")
        return MACHINES[elf]

    @property
    def header(self) -> dict[str, int]:
        """The ELF header's e_phoff, e_phnum and e_phentsize."""
        return {name: self._elf[name] for name in ("e_phoff", "e_phnum", "e_phentsize")}

    def _check_sections(self) -> None:
        """Sections say how large they are, and what is not in the file need not be."""
        for section in self._elf.iter_sections():
            end = section["sh_offset"] + section["sh_size"]
            if section["sh_type"] == "SHT_NOBITS":
                if not section["sh_flags"] & _FLAG_ALLOC:
                    raise self.failed(f"section {section.name} has contents")
            elif section["sh_type"] != "SHT_NULL" and end > len(self.data):
                raise self.failed(f"section {section.name} is in the file")
            if section.compressed:
                raise self.failed(f"section {section.name} is not compressed")

    def _read_symbols(self) -> None:
        """Fill `symbols` (a global one wins over a local one), `sizes` and `labels`."""
        self.symbols: dict[str, int] = {}
        self.sizes: dict[str, int] = {}
        self.labels: list[Label] = []
        self._ambiguous: set[str] = set()
        table = self._elf.get_section_by_name(".symtab")
        if not isinstance(table, SymbolTableSection):
            return
        executable = {
            index
            for index, section in enumerate(self._elf.iter_sections())
            if section["sh_flags"] & _FLAG_EXECUTE
        }
        symbols = [
            s
            for s in table.iter_symbols()
            if s.name
            and s["st_shndx"] != "SHN_UNDEF"
            and s["st_info"]["type"] not in {"STT_FILE", "STT_SECTION"}
        ]
        symbols.sort(key=lambda s: s["st_info"]["bind"] != "STB_GLOBAL")
        global_names = {s.name for s in symbols if s["st_info"]["bind"] == "STB_GLOBAL"}
        for symbol in symbols:
            if symbol["st_shndx"] in executable:
                self.labels.append(Label(symbol["st_value"], symbol["st_size"], symbol.name))
            if symbol.name in self.symbols:
                if symbol.name not in global_names:
                    self._ambiguous.add(symbol.name)
                continue
            self.symbols[symbol.name] = symbol["st_value"]
            self.sizes[symbol.name] = symbol["st_size"]
        self.labels.sort()

    def require_symbols(self, names: Iterable[str]) -> None:
        """Refuse an image that lacks a symbol or has several local ones of the name."""
        if not self.symbols:
            raise self.failed("symbols are present (it is stripped: use the -dbg kernel)")
        names = list(names)
        if missing := [name for name in names if name not in self.symbols]:
            raise self.failed(f"symbol {', '.join(missing)} is present")
        if ambiguous := [name for name in names if name in self._ambiguous]:
            raise self.failed(f"symbol {', '.join(ambiguous)} is unique")

    @cached_property
    def sections(self) -> list[Section]:
        """Sections with contents that are loaded, in the order of the file."""
        return [
            Section(
                s.name, s["sh_addr"], s["sh_offset"], s.data(),
                bool(s["sh_flags"] & _FLAG_EXECUTE),
            )
            for s in self._elf.iter_sections()
            if s["sh_flags"] & _FLAG_ALLOC and s["sh_type"] != "SHT_NOBITS"
        ]  # fmt: skip

    def offset_of(self, address: int) -> int:
        """Where in the file the byte at a virtual address lies."""
        for segment in self.segments:
            if 0 <= address - segment.address < segment.file_size:
                return segment.offset + address - segment.address
        raise self.failed(f"address {address:#x} is in the file")

    def read(self, address: int, size: int) -> bytes:
        """Bytes of the image at a virtual address."""
        data = self.read_up_to(address, size)
        if len(data) < size:
            raise self.failed(f"{size} bytes at {address:#x} are in the file")
        return data

    def read_up_to(self, address: int, size: int) -> bytes:
        """The same, or as many as there are up to the end of the file."""
        offset = self.offset_of(address)
        return self.data[offset : offset + size]

    def label_at(self, address: int) -> Label:
        """The code label at or before an address; of several at one place the sized one."""
        index = bisect.bisect_right(self.labels, Label(address, 1 << 62, "")) - 1
        if index < 0:
            raise self.failed(f"code at {address:#x} has a symbol")
        return self.labels[index]

    @cached_property
    def _debug(self) -> DWARFInfo:
        return self._elf.get_dwarf_info()

    @cached_property
    def _units(self) -> list[tuple[int, int, int]]:
        """(address, end, offset of the compilation unit), ascending."""
        with self._parsing(_DEBUG_READABLE):
            ranges = self._debug.get_aranges()
            entries = ranges.entries if ranges else []
            return sorted((e.begin_addr, e.begin_addr + e.length, e.info_offset) for e in entries)

    def unit_of(self, address: int) -> int | None:
        """What object file, as a number, the code at an address came from; None if unknown."""
        index = bisect.bisect_right(self._units, (address, 1 << 62, 0)) - 1
        if index < 0:
            return None
        _, end, unit = self._units[index]
        return unit if address < end else None

    def member_offset(
        self, structure: str, member: str, function: str, without: int | None = None
    ) -> int:
        """Offset in bytes of a structure's member, as the object file of `function` knows it.

        `without` is what the offset is if there is no such member; else the image is refused.
        """
        offsets = self._structure(structure, function).offsets
        if member not in offsets:
            if without is not None:
                return without
            raise self.failed(f"debugging information has the offset of {structure}.{member}")
        return offsets[member]

    def structure_size(self, structure: str, function: str) -> int:
        """Size in bytes of a structure, as the object file of `function` knows it."""
        return self._structure(structure, function).size

    def parameter_count(self, function: str) -> int:
        """How many parameters a function has."""
        unit = self._unit_of_function(function)
        with self._parsing(_DEBUG_READABLE):
            top = self._debug.get_CU_at(unit).get_top_DIE()
            for entry in top.iter_children():
                name = entry.attributes.get("DW_AT_name")
                if entry.tag != "DW_TAG_subprogram" or name is None:
                    continue
                if name.value.decode() == function and "DW_AT_low_pc" in entry.attributes:
                    tags = (child.tag for child in entry.iter_children())
                    return sum(tag == "DW_TAG_formal_parameter" for tag in tags)
        raise self.failed(f"debugging information describes {function}")

    def _unit_of_function(self, function: str) -> int:
        self.require_symbols([function])
        unit = self.unit_of(self.symbols[function])
        if unit is None:
            raise self.failed(f"debugging information describes {function}")
        return unit

    def _structure(self, name: str, function: str) -> Structure:
        unit = self._unit_of_function(function)
        if unit not in self._structures:
            self._structures[unit] = self._read_structures(unit)
        if name not in self._structures[unit]:
            raise self.failed(f"debugging information has the structure {name}")
        return self._structures[unit][name]

    @cached_property
    def _structures(self) -> dict[int, dict[str, Structure]]:
        """What was read so far, by unit."""
        return {}

    def _read_structures(self, unit: int) -> dict[str, Structure]:
        """Every complete structure of a unit that has a tag or a typedef."""
        found: dict[str, Structure] = {}
        with self._parsing(_DEBUG_READABLE):
            top = self._debug.get_CU_at(unit).get_top_DIE()
            for entry in top.iter_children():
                name = entry.attributes.get("DW_AT_name")
                body = entry
                if entry.tag == "DW_TAG_typedef" and "DW_AT_type" in entry.attributes:
                    body = entry.get_DIE_from_attribute("DW_AT_type")
                size = body.attributes.get("DW_AT_byte_size")
                if body.tag == "DW_TAG_structure_type" and name is not None and size is not None:
                    found[name.value.decode()] = Structure(size.value, _member_offsets(body))
        return found


def _member_offsets(structure: DIE) -> dict[str, int]:
    return {
        member.attributes["DW_AT_name"].value.decode(): member.attributes[
            "DW_AT_data_member_location"
        ].value
        for member in structure.iter_children()
        if {"DW_AT_name", "DW_AT_data_member_location"} <= member.attributes.keys()
    }
