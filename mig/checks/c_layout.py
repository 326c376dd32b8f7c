# SPDX-License-Identifier: GPL-2.0-or-later
"""Sizes, alignments and members of the types in a tree of C declarations, as gcc lays them out.

The System V ABI of i386 and x86_64 with GNU C's attributes, which `c_text` has turned into
declarations.  Types are laid out when asked for, so that what cannot be understood harms nothing
but the types made from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pycparser import c_ast

from mig.checks.c_constants import NotConstantError, evaluate
from mig.checks.c_text import MARK
from mig.checks.c_types import INCOMPLETE, CKind, CMember, CType, arithmetic, pointer
from mig.model.abi import Abi


class LayoutError(Exception):
    """A type has no layout that could be found; the message says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name was declared, in preprocessed text."""

    file: str
    line: int
    column: int


class Layouts:
    """The types of one tree on one ABI."""

    def __init__(self, tree: Any, abi: Abi) -> None:
        """Index the declarations of a file.

        Args:
            tree: a pycparser FileAST.
            abi: the target.
        """
        self._abi = abi
        self._typedefs: dict[str, Any] = {}
        self._tags: dict[tuple[type, str], Any] = {}
        self._enumerators: dict[str, tuple[Any, int]] = {}
        self._objects: dict[str, Any] = {}
        self._known: dict[int, CType] = {}
        self._in_progress: set[int] = set()
        self._marks, declarations = _marked(tree.ext)
        for node in declarations:
            if isinstance(node, c_ast.Typedef):
                self._typedefs.setdefault(node.name, node)
            elif isinstance(node, c_ast.Decl) and node.name:
                self._objects.setdefault(node.name, node)
        for node in _walk(tree):
            self._index(node)

    def _index(self, node: Any) -> None:
        if isinstance(node, c_ast.Enum) and node.values:
            for number, value in enumerate(node.values.enumerators):
                self._enumerators.setdefault(value.name, (node, number))
        defines = node.values if isinstance(node, c_ast.Enum) else getattr(node, "decls", None)
        if isinstance(node, (c_ast.Struct, c_ast.Union, c_ast.Enum)) and node.name and defines:
            self._tags.setdefault((type(node), node.name), node)

    # Questions.

    def named(self, name: str) -> CType | None:
        """The layout of a typedef or of a type of one word; None when there is no such type.

        Raises:
            LayoutError: when it is declared and cannot be laid out.
        """
        if name in self._typedefs:
            return self._typedef(name)
        return INCOMPLETE if name == "void" else arithmetic(self._abi, [name])

    def place(self, name: str) -> Place | None:
        """Where a typedef was declared; None for C's own types."""
        node = self._typedefs.get(name)
        if node is None:
            return None
        while not isinstance(node, c_ast.TypeDecl):
            node = node.type
        return Place(node.coord.file, node.coord.line, node.coord.column or 1)

    def target(self, kind: CType) -> CType:
        """What a pointer points to.

        Raises:
            LayoutError: when that cannot be laid out.
        """
        return self._layout(kind.target)

    # What constant expressions ask.

    def size_of(self, node: Any) -> int:
        """``sizeof`` of a type name or of a variable."""
        return self._complete(node).size

    def alignment_of(self, node: Any) -> int:
        """``_Alignof``."""
        return self._complete(node).alignment

    def offset_of(self, kind: Any, member: Any) -> int:
        """``offsetof``, in bytes."""
        current, bits = self._layout(kind), 0
        for name in _path(member):
            found = next((entry for entry in current.members if entry.name == name), None)
            if found is None or found.bits is not None:
                raise NotConstantError(f"there is no member '{name}'")
            current, bits = found.type, bits + found.bit_offset
        return bits // 8

    def enumerator(self, name: str) -> int:
        """The value of an enumeration constant."""
        if name not in self._enumerators:
            raise NotConstantError(f"'{name}'")
        return self._value(*self._enumerators[name])

    def cast(self, kind: Any, value: int) -> int:
        """A value converted to a type."""
        target = self._layout(kind)
        if target.kind not in (CKind.SCALAR, CKind.POINTER):
            raise NotConstantError("a cast to no integer")
        value &= (1 << 8 * target.size) - 1
        sign = 1 << 8 * target.size - 1
        return value - 2 * sign if target.signed and value & sign else value

    def _complete(self, node: Any) -> CType:
        if isinstance(node, c_ast.ID) and node.name in self._objects:
            node = self._objects[node.name].type
        try:
            kind = self._layout(node)
        except LayoutError as error:
            raise NotConstantError(str(error)) from error
        if kind.kind is CKind.INCOMPLETE:
            raise NotConstantError("an incomplete type")
        return kind

    def _number(self, node: Any) -> int:
        try:
            return evaluate(node, self)
        except NotConstantError as error:
            raise LayoutError(f"cannot evaluate {error}") from error

    def _mark(self, name: str, declared: str) -> int | None:
        return self._greatest(self._marks.get(f"{name}_of_{declared}"))

    def _greatest(self, expressions: list[Any] | None) -> int | None:
        """The greatest of the values that attributes of one kind have; None without any."""
        return max(map(self._number, expressions)) if expressions else None

    # Types.

    def _typedef(self, name: str) -> CType:
        node = self._typedefs[name]
        kind = self._guarded(node, lambda: self._layout(node.type))
        mode, vector = self._mark("mode", name), self._mark("vector_size", name)
        if mode is not None:
            kind = replace(kind, size=mode, alignment=min(mode, self._abi.word))
        if vector is not None:
            kind = CType(CKind.SCALAR, vector, vector)
        aligned = self._mark("aligned", name)
        if aligned is not None:
            kind = replace(kind, alignment=aligned, user_aligned=True)
        return kind

    def _guarded(self, node: Any, lay_out: Any) -> CType:
        """Lay a node out once, and never inside itself."""
        key = id(node)
        if key in self._known:
            return self._known[key]
        if key in self._in_progress:
            raise LayoutError("a type that holds itself")
        self._in_progress.add(key)
        try:
            kind: CType = lay_out()
        finally:
            self._in_progress.discard(key)
        self._known[key] = kind
        return kind

    def _layout(self, node: Any) -> CType:
        match node:
            case c_ast.TypeDecl() | c_ast.Typename() | c_ast.Typedef() | c_ast.Decl():
                kind = self._layout(node.type)
            case c_ast.IdentifierType():
                kind = self._identifier(node.names)
            case c_ast.PtrDecl():
                kind = pointer(self._abi, node.type)
            case c_ast.ArrayDecl():
                kind = self._array(node)
            case c_ast.Struct() | c_ast.Union():
                kind = self._tagged(node, node.decls)
            case c_ast.Enum():
                kind = self._tagged(node, node.values)
            case c_ast.FuncDecl():
                kind = INCOMPLETE
            case _:
                raise LayoutError(f"a {type(node).__name__} is no type")
        return kind

    def _identifier(self, names: list[str]) -> CType:
        kind = arithmetic(self._abi, names)
        if kind is None and len(names) == 1:
            kind = self.named(names[0])
        if kind is None:
            raise LayoutError(f"'{' '.join(names)}' is not declared")
        return kind

    def _array(self, node: Any) -> CType:
        element = self._layout(node.type)
        if element.kind is CKind.INCOMPLETE:
            raise LayoutError("an array of an incomplete type")
        count = None if node.dim is None else self._number(node.dim)
        size = element.size * (count or 0)
        return CType(CKind.ARRAY, size, element.alignment, element.user_aligned, element, count)

    def _tagged(self, node: Any, definition: Any) -> CType:
        if definition is None:
            defined = self._tags.get((type(node), node.name))
            if defined is None:
                return CType(CKind.SCALAR, 4, 4) if isinstance(node, c_ast.Enum) else INCOMPLETE
            node = defined
        if isinstance(node, c_ast.Enum):
            return self._guarded(node, lambda: self._enumeration(node))
        return self._guarded(node, lambda: _Struct(self, node).layout())

    def _value(self, node: Any, number: int) -> int:
        """The value of an enumerator: an explicit one's, plus the distance from it."""
        entries = node.values.enumerators
        explicit = number
        while explicit > 0 and entries[explicit].value is None:
            explicit -= 1
        expression = entries[explicit].value
        if expression is None:
            return number
        if id(expression) in self._in_progress:
            raise NotConstantError("an enumerator by itself")
        self._in_progress.add(id(expression))
        try:
            return evaluate(expression, self) + number - explicit
        finally:
            self._in_progress.discard(id(expression))

    def _enumeration(self, node: Any) -> CType:
        names = [entry.name for entry in node.values.enumerators]
        try:
            values = [self._value(node, number) for number in range(len(names))]
        except NotConstantError as error:
            raise LayoutError(f"cannot evaluate {error}") from error
        packed = names[-1] == f"{MARK}packed"
        real = values[:-1] if packed else values
        signed = min(real) < 0
        needed = max((~value if value < 0 else value).bit_length() for value in real) + signed
        size = next(size for size in (1, 2, 4, 8, 16) if needed <= 8 * size)
        size = size if packed else max(4, size)
        return CType(CKind.SCALAR, size, min(size, self._abi.word), signed=signed)


class _Struct:
    """Places the members of one struct or union."""

    def __init__(self, layouts: Layouts, node: Any) -> None:
        self._layouts = layouts
        self._is_union = isinstance(node, c_ast.Union)
        self._marks, self._declarations = _marked(node.decls)
        self._packed = "packed" in self._marks
        self._limit = layouts._greatest(self._marks.get("pack"))
        self._bit = 0
        self._end = 0
        self._alignment = 1
        self._members: list[CMember] = []

    def layout(self) -> CType:
        """The layout of the whole."""
        for node in self._declarations:
            if isinstance(node, c_ast.Decl):
                self._place(node)
        # Of several such attributes of a type the last one counts.
        aligned = self._layouts._greatest(self._marks.get("aligned", [])[-1:])
        self._alignment = max(self._alignment, aligned or 1)
        size = _up(self._end, 8 * self._alignment) // 8
        kind = CKind.UNION if self._is_union else CKind.STRUCT
        members = tuple(self._members)
        return CType(kind, size, self._alignment, aligned is not None, members=members)

    def _place(self, node: Any) -> None:
        if node.name is None and node.bitsize is None and not _is_unnamed_struct(node.type):
            return
        kind = self._layouts._layout(node.type)
        if kind.kind is CKind.INCOMPLETE:
            raise LayoutError(f"member '{node.name}' has an incomplete type")
        if self._is_union:
            self._bit = 0
        if node.bitsize is None:
            self._plain(node, kind)
        else:
            self._bit_field(node, kind, self._layouts._number(node.bitsize))
        self._end = max(self._end, self._bit)

    def _plain(self, node: Any, kind: CType) -> None:
        alignment = self._alignment_of(node, kind)
        self._alignment = max(self._alignment, alignment)
        self._bit = _up(self._bit, 8 * alignment)
        if node.name is None:
            self._members += (
                replace(member, bit_offset=self._bit + member.bit_offset) for member in kind.members
            )
        else:
            self._members.append(CMember(node.name, kind, self._bit))
        self._bit += 8 * kind.size

    def _bit_field(self, node: Any, kind: CType, width: int) -> None:
        packed = self._is_packed(node)
        unit = 8 * kind.alignment
        if width == 0:
            self._bit = _up(self._bit, unit)
            return
        if not packed and self._limit is None:
            spanned = -(-(self._bit % unit + width) // unit)
            if spanned * unit > 8 * kind.size:
                self._bit = _up(self._bit, unit)
        if node.name is not None:
            alignment = self._alignment_of(node, kind)
            if self._limit is not None:
                # To the alignment of the whole, #pragma pack supersedes packing.
                alignment = max(alignment, min(kind.alignment, self._limit))
            self._alignment = max(self._alignment, alignment)
            self._members.append(CMember(node.name, kind, self._bit, width))
        self._bit += width

    def _is_packed(self, node: Any) -> bool:
        return self._packed or f"packed_of_{node.name}" in self._marks

    def _alignment_of(self, node: Any, kind: CType) -> int:
        alignment = 1 if self._is_packed(node) else kind.alignment
        asked = self._layouts._greatest(self._marks.get(f"aligned_of_{node.name}"))
        alignment = max(alignment, asked or 1)
        for entry in node.align or ():
            value = entry.alignment
            is_type = isinstance(value, c_ast.Typename)
            number = self._layouts.alignment_of if is_type else self._layouts._number
            alignment = max(alignment, number(value))
        return alignment if self._limit is None else min(alignment, self._limit)


def _up(value: int, unit: int) -> int:
    return -(-value // unit) * unit


def _is_unnamed_struct(node: Any) -> bool:
    return isinstance(node, (c_ast.Struct, c_ast.Union)) and node.name is None


def _marked(declarations: Any) -> tuple[dict[str, list[Any]], list[Any]]:
    """The attributes among declarations, name to expressions, and the other declarations."""
    marks: dict[str, list[Any]] = {}
    others = []
    for node in declarations or ():
        name = getattr(node, "name", None)
        if isinstance(node, c_ast.Decl) and name and name.startswith(MARK):
            marks.setdefault(name.removeprefix(MARK), []).append(node.type.dim)
        else:
            others.append(node)
    return marks, others


def _path(node: Any) -> Iterator[str]:
    if isinstance(node, c_ast.StructRef):
        yield from _path(node.name)
        yield node.field.name
    elif isinstance(node, c_ast.ID):
        yield node.name
    else:
        raise NotConstantError("an offset inside an array")


def _walk(node: Any) -> Iterator[Any]:
    yield node
    for child in node:
        yield from _walk(child)
