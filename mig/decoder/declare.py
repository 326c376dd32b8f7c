# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of a message as construct declares them, which parses and builds.

A declared field is a Struct of ``type``, the descriptor, and ``data``: the value, or a pointer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import construct as c

from mig.backends.python_values import UnsupportedTypeError, scalar_of
from mig.model.abi import Abi
from mig.model.layout import Field, FieldKind, MessageLayout
from mig.model.types import Type

_NUMBERS = {
    "b": c.Int8sl,
    "B": c.Int8ul,
    "h": c.Int16sl,
    "H": c.Int16ul,
    "i": c.Int32sl,
    "I": c.Int32ul,
    "q": c.Int64sl,
    "Q": c.Int64ul,
    "f": c.Float32l,
    "d": c.Float64l,
}
#: How many elements: a number, or where a parsed message says it.
Count = int | Callable[[Any], int]


def declare_header(abi: Abi) -> Any:
    """Declare ``mach_msg_header_t``."""
    port = c.Int32ul
    if abi.word == 8:
        port = c.FocusedSeq("name", "name" / c.Int32ul, c.Padding(4))
    return c.Struct(
        "bits" / c.Int32ul,
        "size" / c.Int32ul,
        "remote" / port,
        "local" / port,
        "seqno" / c.Int32ul,
        "id" / c.Int32sl,
    )


def declare_descriptor(abi: Abi, *, longform: bool) -> Any:
    """Declare ``mach_msg_type_t`` or ``mach_msg_type_long_t``, from its last bit to its first."""
    flags = ("deallocate" / c.Flag, "longform" / c.Flag, "inline" / c.Flag)
    if not abi.long_is_separate:
        bits = [
            "number" / c.BitsInteger(32),
            *flags,
            "unused" / c.Default(c.BitsInteger(5), 0),
            "size" / c.BitsInteger(16),
            "name" / c.BitsInteger(8),
        ]
    elif longform:
        bits = [
            "number" / c.BitsInteger(32),
            "size" / c.BitsInteger(16),
            "name" / c.BitsInteger(16),
            "unused" / c.Default(c.Flag, value=False),
            *flags,
            "short" / c.Default(c.BitsInteger(28), 0),
        ]
    else:
        bits = [
            "unused" / c.Default(c.Flag, value=False),
            *flags,
            "number" / c.BitsInteger(12),
            "size" / c.BitsInteger(8),
            "name" / c.BitsInteger(8),
        ]
    return c.ByteSwapped(c.BitStruct(*bits))


def declare_field(abi: Abi, field: Field) -> Any:
    """Declare a descriptor with what is behind it in the message."""
    kind = field.type
    pointer = c.Int64ul if abi.word == 8 else c.Int32ul
    data = pointer
    if field.kind is FieldKind.COUNT:
        data = c.Int32ul
    elif kind.inline and not kind.variable:
        data = declare_value(abi, kind, kind.number)
    elif kind.inline:
        items = declare_value(abi, kind, lambda this: this.type.number)
        data = c.IfThenElse(lambda this: this.type.inline, items, pointer)
    return c.Struct(
        "type" / declare_descriptor(abi, longform=field.longform),
        "at" / c.Tell,
        "data" / c.Aligned(abi.word, data),
    )


def declare_message(abi: Abi, layout: MessageLayout) -> Any:
    """Declare a whole message; fields are called as in the model."""
    fields = (field.name / declare_field(abi, field) for field in layout.fields)
    return c.Struct("header" / declare_header(abi), *fields, c.Terminated)


def declare_value(abi: Abi, kind: Type, number: Count, *, inline: bool = True) -> Any:
    """Declare the value of so many elements of a descriptor.

    Args:
        abi: the target.
        kind: the type.
        number: of elements.
        inline: in the message; else in memory out of line, where rights are plain names.
    """
    size = 32 if kind.is_port and not inline else kind.size
    if kind.string:
        return _text(_times(number, size // 8))
    if kind.element is None and not kind.is_struct:
        return _scalar(abi, kind, inline=inline) or c.Bytes(kind.bytes)
    leaf = kind
    while leaf.element is not None and not leaf.is_struct:
        leaf = leaf.element
    if leaf.is_struct:
        declared, width = _struct(abi, leaf), leaf.bytes
        if leaf is kind or kind.is_struct:
            return declared
    else:
        declared, width = _scalar(abi, leaf, inline=inline), size // 8
        if width == 1 or declared is None:
            return c.Bytes(_times(number, size // 8))
    if callable(number):
        count = number
        return c.Array(lambda this: count(this) * size // 8 // width, declared)
    return c.Array(number * size // 8 // width, declared)


def _times(number: Count, factor: int) -> Count:
    if callable(number):
        return lambda this: number(this) * factor
    return number * factor


def _text(length: Count) -> Any:
    """A string: up to its zero, and zeros behind it."""

    def fill(text: bytes, this: Any) -> bytes:
        return text.ljust(length(this) if callable(length) else length, b"\0")

    return c.ExprAdapter(c.Bytes(length), lambda raw, _: raw.split(b"\0", 1)[0], fill)


def _scalar(abi: Abi, kind: Type, *, inline: bool) -> Any:
    """One number; None for what is none."""
    if kind.is_port:
        if inline and abi.inline_port == 8:
            return c.FocusedSeq("name", "name" / c.Int32ul, c.Padding(4))
        return c.Int32ul
    try:
        code = scalar_of(kind.sent, kind.size, (*kind.aliases, kind.user_type)).code
    except UnsupportedTypeError:
        return None
    return _NUMBERS[code]


def _struct(abi: Abi, kind: Type) -> Any:
    """A ``struct { ... }``, with the gaps between its members."""
    parts: list[Any] = []
    end = 0
    for member in kind.members:
        parts.append(c.Padding(member.offset - end))
        parts.append(member.name / declare_value(abi, member.type, member.type.number))
        end = member.offset + member.type.bytes
    return c.Struct(*parts, c.Padding(kind.bytes - end))
