# SPDX-License-Identifier: GPL-2.0-or-later
"""Values that say how C lays a type out; and what the ABIs say of the arithmetic types.

Nothing here reads C.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from mig.model.abi import Abi


class CKind(Enum):
    """The sorts of C types that differ in what can be asked of them."""

    SCALAR = "scalar"
    POINTER = "pointer"
    ARRAY = "array"
    STRUCT = "struct"
    UNION = "union"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class CMember:
    """A member of a struct or union.

    Attributes:
        name: empty for an unnamed struct or union inside.
        type: its type.
        bit_offset: from the start of the outermost struct that was asked for.
        bits: width of a bit-field; None for other members.
    """

    name: str
    type: CType
    bit_offset: int
    bits: int | None = None


@dataclass(frozen=True, slots=True)
class CType:
    """How a type is laid out; sizes and alignments in bytes.

    Attributes:
        kind: its sort.
        size: ``sizeof``; 0 where C gives none.
        alignment: that of a member of this type, which is what ``_Alignof`` says.
        user_aligned: the alignment was asked for.
        element: of an array.
        count: elements of an array; None when the brackets are empty.
        target: what a pointer points to, as a tree of pycparser's, to be laid out on demand.
        members: of a struct or union, those of unnamed ones inside it in their place.
        signed: a scalar that takes negative values.
    """

    kind: CKind
    size: int
    alignment: int
    user_aligned: bool = False
    element: CType | None = None
    count: int | None = None
    target: Any = None
    members: tuple[CMember, ...] = ()
    signed: bool = False


INCOMPLETE = CType(CKind.INCOMPLETE, 0, 1)
#: Sizes of the arithmetic types whose size no ABI changes; `arithmetic` knows the others.
_SIZES = {"char": 1, "_Bool": 1, "short": 2, "int": 4, "float": 4, "double": 8}
_INTEGER_SPECIFIERS = {"int", "signed", "unsigned", "long", "short", "char", "_Bool", "__int128"}
_OTHER_SPECIFIERS = {"float", "double", "_Complex"}


def arithmetic(abi: Abi, specifiers: list[str]) -> CType | None:
    """The type that words such as ``unsigned long int`` mean; None when they mean none."""
    words = set(specifiers)
    if not words <= _INTEGER_SPECIFIERS | _OTHER_SPECIFIERS:
        return None
    if "_Complex" in words:
        part = arithmetic(abi, [word for word in specifiers if word != "_Complex"] or ["double"])
        return None if part is None else CType(CKind.SCALAR, 2 * part.size, part.alignment)
    if "double" in words and "long" in words:
        return CType(CKind.SCALAR, 16 if abi.word == 8 else 12, 16 if abi.word == 8 else 4)
    if "__int128" in words:
        size = 16
    elif "long" in words:
        size = 8 if specifiers.count("long") > 1 else abi.word
    else:
        named = [word for word in specifiers if word in _SIZES and word != "int"]
        size = _SIZES[named[0]] if named else 4
    # The i386 ABI aligns no member of a struct to more than a word, __int128 is not its.
    alignment = size if size == 16 else min(size, abi.word)
    signed = "unsigned" not in words and "_Bool" not in words and not words & _OTHER_SPECIFIERS
    return CType(CKind.SCALAR, size, alignment, signed=signed)


def pointer(abi: Abi, target: Any) -> CType:
    """A pointer to what a tree describes."""
    return CType(CKind.POINTER, abi.word, abi.word, target=target)
