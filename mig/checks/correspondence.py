# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a type of an interface and a C type are the same bytes.

Pure: two values in, differences out.  Where either was declared is no matter of this file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mig.checks.c_layout import LayoutError, Layouts
from mig.checks.c_types import CKind, CMember, CType
from mig.model.abi import Abi
from mig.model.types import Type


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs; `doubtful` when both could still be meant."""

    check: str
    message: str
    doubtful: bool = False


class Comparison:
    """Holds types of an interface against C types, on one ABI."""

    def __init__(self, abi: Abi, layouts: Layouts, *, right: int) -> None:
        """Compare with the types of some headers.

        Args:
            abi: the target.
            layouts: the types.
            right: bytes of a port right in C, where it need not look as in a message.
        """
        self._abi = abi
        self._layouts = layouts
        self._right = right

    def _bytes(self, kind: Type) -> int:
        """Size of a value of an inline type where C has it."""
        return self._right * kind.number if kind.is_port else kind.bytes

    def differences(self, kind: Type, c_type: CType, c_name: str) -> Iterator[Difference]:
        """What differs between a type and the C type of that name.

        Raises:
            LayoutError: when what a pointer points to cannot be laid out.
        """
        if c_type.kind is CKind.INCOMPLETE:
            yield Difference("c-size", f"C's '{c_name}' has no size: it is incomplete or void")
        elif kind.variable:
            yield from self._reference(kind, c_type, c_name)
        elif kind.is_array:
            yield from self._array(kind, c_type, c_name)
        else:
            yield from self._value(kind, c_type, c_name, f"'{kind.name}'")
        if kind.inline and c_type.kind is not CKind.POINTER:
            yield from self._alignment(c_type, c_name)

    def _alignment(self, c_type: CType, c_name: str) -> Iterator[Difference]:
        if c_type.alignment > self._abi.word:
            yield Difference(
                "c-alignment",
                f"C aligns '{c_name}' to {c_type.alignment} bytes,"
                f" and messages align nothing to more than {self._abi.word}",
            )

    def _value(self, kind: Type, c_type: CType, c_name: str, what: str) -> Iterator[Difference]:
        size = self._bytes(kind)
        if size != c_type.size:
            yield Difference("c-size", f"{what} has {size} bytes, and C's '{c_name}' {c_type.size}")
        yield from self._members(kind, c_type, c_name, 0)

    def _array(self, kind: Type, c_type: CType, c_name: str) -> Iterator[Difference]:
        """Arrays of fixed size, strings included."""
        if c_type.kind is CKind.ARRAY and c_type.element is not None:
            if c_type.count is not None:
                size = self._bytes(kind)
                count = size if kind.string else kind.maximum_count
                yield from self._count(kind, count, c_type.count, c_name)
                if c_type.count == count and size != c_type.size:
                    yield Difference(
                        "c-size",
                        f"'{kind.name}' has {size} bytes, and C's '{c_name}' {c_type.size}",
                    )
            if kind.element is not None and c_type.element.size == self._bytes(kind.element):
                yield from self._members(kind.element, c_type.element, c_name, 0)
        elif c_type.kind is CKind.POINTER:
            yield from self._target(kind, c_type, c_name)
        else:
            yield from self._value(kind, c_type, c_name, f"'{kind.name}'")

    def _reference(self, kind: Type, c_type: CType, c_name: str) -> Iterator[Difference]:
        """What C passes through a pointer: out of line, or with a count."""
        if c_type.kind is CKind.POINTER:
            yield from self._target(kind, c_type, c_name)
        elif c_type.kind is CKind.ARRAY and c_type.element is not None:
            if c_type.count is not None and kind.inline and not kind.indefinite:
                yield from self._count(kind, kind.maximum_count, c_type.count, c_name)
            yield from self._element(kind, c_type.element, c_name)
        elif c_type.kind is not CKind.SCALAR or c_type.size != self._abi.word:
            # An integer as large as a pointer is Mach's way to write an address.
            yield Difference(
                "c-size",
                f"'{kind.name}' is an address of {self._abi.word} bytes in C,"
                f" and C's '{c_name}' is no pointer and has {c_type.size}",
            )

    def _count(self, kind: Type, count: int, c_count: int, c_name: str) -> Iterator[Difference]:
        if count != c_count:
            yield Difference(
                "c-count", f"'{kind.name}' has {count} elements, and C's '{c_name}' {c_count}"
            )

    def _target(self, kind: Type, c_type: CType, c_name: str) -> Iterator[Difference]:
        try:
            target = self._layouts.target(c_type)
        except LayoutError as error:
            yield Difference("c-unknown", f"cannot tell what '{c_name}' points to: {error}", True)
            return
        if target.kind is not CKind.INCOMPLETE:
            yield from self._element(kind, target, c_name)

    def _element(self, kind: Type, c_element: CType, c_name: str) -> Iterator[Difference]:
        element = kind.element
        if element is None:
            return
        size = self._bytes(element)
        if size != c_element.size:
            yield Difference(
                "c-size",
                f"an element of '{kind.name}' has {size} bytes,"
                f" and one of C's '{c_name}' {c_element.size}",
            )
        yield from self._members(element, c_element, c_name, 0)
        if kind.inline:
            yield from self._alignment(c_element, c_name)

    def _members(self, kind: Type, c_type: CType, c_name: str, base: int) -> Iterator[Difference]:
        """Members of structs that the interface spells out."""
        if not kind.members or c_type.kind is not CKind.STRUCT:
            return
        in_c = {member.name: member for member in c_type.members}
        for member in kind.members:
            found = in_c.pop(member.name, None)
            if found is None:
                text = f"C's '{c_name}' has no member '{member.name}'"
                yield Difference("c-member", text, doubtful=True)
                continue
            ours = base + member.offset, self._bytes(member.type)
            theirs = base + found.bit_offset / 8, _member_size(found)
            if ours[0] != theirs[0]:
                yield Difference(
                    "c-member",
                    f"member '{member.name}' is at offset {ours[0]},"
                    f" and at {theirs[0]:g} in C's '{c_name}'",
                )
            if ours[1] != theirs[1]:
                yield Difference(
                    "c-member",
                    f"member '{member.name}' has {ours[1]} bytes,"
                    f" and {theirs[1]:g} in C's '{c_name}'",
                )
            yield from self._members(member.type, found.type, c_name, ours[0])
        for name in in_c:
            text = f"member '{name}' of C's '{c_name}' is not in the interface"
            yield Difference("c-member", text, doubtful=True)


def _member_size(member: CMember) -> float:
    return member.type.size if member.bits is None else member.bits / 8
