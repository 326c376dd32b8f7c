# SPDX-License-Identifier: GPL-2.0-or-later
"""Type descriptors as the words that generated Python packs, compares and takes apart.

Knows layouts and no Python beyond struct formats.
"""

from __future__ import annotations

from dataclasses import dataclass

from mig.model.abi import Abi
from mig.model.layout import Field
from mig.model.types import Deallocate, MessageType


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A descriptor: a word that is compared, and maybe a word that counts.

    Attributes:
        word_code: struct format of the word.
        word: its value, without what is known at run time only.
        number_code: struct format of the number; empty when the word holds it.
        number: the number of elements; None when it is known at run time only.
        number_shift: where the word holds a number known at run time only, else None.
        name_shift: where the word holds ``msgt_name``.
        deallocate: the bit that asks to deallocate.
        mask: the bits of the word that a receiver compares.
    """

    word_code: str
    word: int
    number_code: str
    number: int | None
    number_shift: int | None
    name_shift: int
    deallocate: int
    mask: int

    @property
    def masked(self) -> bool:
        """Whether a receiver leaves bits of the word out of the comparison."""
        return self.mask != (0xFFFFFFFFFFFFFFFF if self.word_code == "Q" else 0xFFFFFFFF)


def out_of_line_bits(field: Field) -> int:
    """Return the size of an element out of line: port rights are plain names there."""
    return 32 if field.type.is_port else field.type.size


def describe(
    abi: Abi, field: Field, name: MessageType, *, inline: bool, number: int | None
) -> Descriptor:
    """Return the descriptor of a field.

    Args:
        abi: the target.
        field: the field.
        name: ``msgt_name`` on the sender's or on the receiver's side.
        inline: whether the data is in the message.
        number: of elements; None when it is known at run time only.
    """
    inline_bit = 28 if abi.long_is_separate else 29
    deallocate = 1 << inline_bit + 2
    flags = inline << inline_bit | field.longform << inline_bit + 1
    if field.deallocate is Deallocate.YES and not inline:
        flags |= deallocate
    type_name = 0 if name.is_polymorphic else name.number
    size = field.type.size if inline else out_of_line_bits(field)
    number_shift = None
    name_shift = 0
    if not abi.long_is_separate:
        word = flags | type_name | size << 8
        code, number_code = ("I", "I") if number is None else ("Q", "")
        word |= (number or 0) << 32
    elif field.longform:
        word = flags | type_name << 32 | size << 48
        code, number_code = "Q", "I"
        name_shift = 32
    else:
        word = flags | type_name | size << 8 | (number or 0) << 16
        code, number_code = "I", ""
        number_shift = 16 if number is None else None
    mask = (1 << (64 if code == "Q" else 32)) - 1
    if number_shift is not None:
        mask &= ~(0xFFF << number_shift)
    if not inline:
        mask &= ~deallocate
    if name.is_polymorphic:
        mask &= ~(0xFF << name_shift)
    return Descriptor(code, word, number_code, number, number_shift, name_shift, deallocate, mask)


def descriptor_name(
    name: MessageType, number: int | None, *, inline: bool, indefinite: bool
) -> str:
    """Return what generated code calls a descriptor's word."""
    kind = name.symbol.removeprefix("MACH_MSG_TYPE_").upper()
    if not inline:
        return f"_{kind}_OUT_OF_LINE" + (f"_{number}" if number is not None else "")
    if indefinite:
        return f"_{kind}_INLINE"
    if number is None:
        return f"_{kind}_ITEMS"
    return f"_{kind}" if number == 1 else f"_{kind}_X{number}"
