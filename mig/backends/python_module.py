# SPDX-License-Identifier: GPL-2.0-or-later
"""The module of one ABI: what its functions share, and how it is put together."""

from __future__ import annotations

from mig.backends.python_plan import MessagePlan, Part, Run
from mig.backends.python_structures import write_imports, write_layout
from mig.backends.python_text import Source
from mig.backends.python_values import Structure, StructureItems
from mig.backends.python_wire import Descriptor, descriptor_name
from mig.model.abi import Abi

_HOMES = {
    "Any": "typing",
    "Iterable": "collections.abc",
    "Sequence": "collections.abc",
    "StructArray": "mig.rpc.arrays",
    "StructLayout": "mig.rpc.arrays",
    "fixed_bytes": "mig.rpc.arrays",
    "BITS_COMPLEX": "mig.rpc.message",
    "Message": "mig.rpc.message",
    "Region": "mig.rpc.message",
    "is_port_right": "mig.rpc.message",
    "Struct": "struct",
    "error": "struct",
}


class CodecModule:
    """A module under construction: words, layouts and structs in front, functions behind."""

    def __init__(self, abi: Abi, subsystem: str, file: str) -> None:
        self.abi = abi
        self.functions = Source()
        self._subsystem = subsystem
        self._file = file
        self._imports: dict[str, set[str]] = {}
        self._types: set[str] = set()
        self._words: dict[str, str] = {}
        self._structs: dict[str, str] = {}
        #: The routine and the run that each of them is of.
        self._structs_of: dict[str, tuple[str, str, int]] = {}
        self._layouts: dict[str, Structure] = {}
        self.use("Message")

    def use(self, name: str) -> str:
        """Import a name of the runtime's and return it."""
        home = _HOMES.get(name, "mig.rpc.marshal")
        self._imports.setdefault(home, set()).add(name)
        return name

    def use_abi(self) -> str:
        """Import the runtime's constants of this ABI and return their name."""
        name = self.abi.name.upper()
        self._imports.setdefault("mig.rpc.abi", set()).add(name)
        return name

    def use_type(self, name: str) -> str:
        """Import a name of the package's types and return it."""
        self._types.add(name)
        return name

    def use_annotation(self, annotation: str) -> str:
        """Import what an annotation needs and return it."""
        outer, _, inner = annotation.rstrip("]").partition("[")
        if outer in ("Sequence", "StructArray"):
            self.use(outer)
        name = (inner or outer).removesuffix(", ...")
        if name[:1].isupper():
            self.use_type(name)
        return annotation

    def word(self, part: Part, descriptor: Descriptor, compared: int | None = None) -> str:
        """Return the constant of a descriptor's word, or of what a receiver compares of it."""
        base = descriptor_name(
            part.message_type,
            descriptor.number,
            inline=descriptor is part.inline,
            indefinite=part.field.type.indefinite,
        )
        word = descriptor.word if compared is None else compared
        if descriptor is part.out_of_line and word & descriptor.deallocate:
            base += "_DEALLOCATE"
        value = f"0x{word:0{16 if descriptor.word_code == 'Q' else 8}X}"
        name, serial = base, 1
        while self._words.setdefault(name, value) != value:
            serial += 1
            name = f"{base}_{serial}"
        return name

    def struct(self, plan: MessagePlan, index: int, run: Run) -> str:
        """Return the constant of a run's struct."""
        self.use("Struct")
        kind = "REPLY" if plan.is_reply else "REQUEST"
        name = f"_{plan.routine.name.upper()}_{kind}" + (f"_{index + 1}" if index else "")
        owner = plan.routine.name, kind, index
        while self._structs_of.setdefault(name, owner) != owner:
            name += "_"
        self._structs[name] = run.code
        return name

    def layout(self, structure: Structure) -> str:
        """Return the constant of a structure's layout."""
        self.use("StructLayout")
        self._use_structure(structure)
        self._layouts[structure.layout] = structure
        return structure.layout

    def _use_structure(self, structure: Structure) -> None:
        """Import a structure's class and those of the structures in it."""
        self.use_type(structure.annotation)
        for field in structure.fields:
            match field.value:
                case Structure() as inner:
                    self._use_structure(inner)
                case StructureItems(structure=inner):
                    self._use_structure(inner)

    def text(self) -> str:
        """Return the module."""
        layouts = Source()
        for structure in self._layouts.values():
            write_layout(layouts, structure, self.use)
        front = Source()
        front.lines(
            "# SPDX-License-Identifier: GPL-2.0-or-later",
            f'"""Messages of {self._subsystem} on {self.abi.name}.',
            "",
            f"Generated by mig from {self._file}: changes belong there.",
            "A function makes or reads one message; what is read is compared word by word.",
            '"""',
            "",
        )
        write_imports(front, self._imports, self._types)
        words = [f"{name} = {value}" for name, value in self._words.items()]
        structs = [f'{name} = Struct("{code}")' for name, code in self._structs.items()]
        for section in (words, structs):
            if section:
                front.lines("", *section)
        sections = (front.text(), layouts.text(), self.functions.text())
        return "".join(section for section in sections if section.strip())
