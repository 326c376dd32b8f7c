# SPDX-License-Identifier: GPL-2.0-or-later
"""Putting values into a message that is about to be sent, in C.

Whoever sends says where the values are; everything that travels is written, padding included.
"""

from __future__ import annotations

from collections.abc import Sequence

from mig.backends.c_messages import COMPLEX_BIT, Message, boolean, descriptor, scaled
from mig.backends.printer import Printer
from mig.model.layout import Complexity, Field
from mig.model.types import Deallocate
from mig.record import record


@record
class Source:
    """Where the value of a field is, in C.

    Attributes:
        value: the value, or the address of an array.
        in_place: it is in the message already.
        count: of C's elements, for variable arrays.
        polymorphic: the right's name, for a polymorphic field.
        deallocate: whether the sender gives it away, where that is known at run time only.
        out_of_line: a condition: does an indefinite array not fit into the message?
    """

    value: str
    in_place: bool = False
    count: str = ""
    polymorphic: str = ""
    deallocate: str = ""
    out_of_line: str = ""


def store(
    out: Printer, sent: Message, field: Field, source: Source, too_large: Sequence[str]
) -> None:
    """Emit the storing of one field.

    For a field of variable size, ``Part`` becomes the room that its data takes and is added to
    ``Size``.

    Args:
        out: where to.
        sent: the message.
        field: what to store.
        source: where its value is.
        too_large: what to do when an array is longer than the interface allows.
    """
    kind = field.type
    if source.polymorphic and sent.complexity is Complexity.SOMETIMES:
        out.line(f"if (MACH_MSG_TYPE_PORT_ANY({source.polymorphic}))")
        out.line(f"\tComplex = {COMPLEX_BIT};")
    if kind.indefinite:
        _store_indefinite(out, sent, field, source, too_large)
    elif kind.variable and kind.inline:
        _store_variable(out, sent, field, source, too_large)
    else:
        number = scaled(kind.count_scale, source.count) if kind.variable else str(kind.number)
        _describe(out, sent, field, source, number, is_inline=kind.inline)
        if not source.in_place:
            _store_fixed(out, sent, field, source.value)
        return
    out.line("Size += Part;")


def _describe(
    out: Printer, sent: Message, field: Field, source: Source, number: str, *, is_inline: bool
) -> None:
    kind = field.type
    name = source.polymorphic or sent.side.sent_name(field).symbol
    size = kind.size if is_inline or not kind.inline else sent.side.out_of_line_bits(kind)
    deallocate = source.deallocate or boolean(field.deallocate is Deallocate.YES)
    value = descriptor(
        field,
        name=name,
        size=size,
        number=number,
        inline=boolean(is_inline),
        deallocate="FALSE" if kind.indefinite and is_inline else deallocate,
    )
    out.wrapped(f"{sent.pointer(field)}->{field.name}Type = {value};")


def _store_fixed(out: Printer, sent: Message, field: Field, value: str) -> None:
    kind, place = field.type, f"{sent.pointer(field)}->{field.name}"
    if kind.inline and kind.string:
        out.line(f"(void) {sent.side.support('mig_strncpy')}({place}, {value}, {kind.bytes});")
    elif sent.side.wraps_ports(kind) and kind.number == 1 and kind.by_value:
        out.line(f"{place}.name = {value};")
    elif sent.side.wraps_ports(kind):
        out.line(f"mig_store_ports({place}, {value}, {kind.number});")
    elif kind.by_value:
        out.line(f"{place} = {value};")
    else:
        out.line(f"__builtin_memcpy({place}, {value}, {kind.bytes});")


def _store_variable(
    out: Printer, sent: Message, field: Field, source: Source, too_large: Sequence[str]
) -> None:
    kind, place = field.type, f"{sent.pointer(field)}->{field.name}"
    if kind.string:
        if not source.in_place:
            copy = sent.side.support("mig_strncpy")
            out.line(f"(void) {copy}({place}, {source.value}, {kind.number});")
        out.line(f"Part = mig_string_size({place}, {kind.number});")
        _describe(out, sent, field, source, "Part", is_inline=True)
        out.line(f"Part = mig_pad({place}, Part);")
        return
    _limit(out, f"{source.count} > {kind.maximum_count}", too_large)
    number = scaled(kind.count_scale, source.count)
    _describe(out, sent, field, source, number, is_inline=True)
    _store_elements(out, sent, field, source)


def _store_elements(out: Printer, sent: Message, field: Field, source: Source) -> None:
    kind, place = field.type, f"{sent.pointer(field)}->{field.name}"
    size = scaled(kind.element_bytes, source.count)
    if source.in_place:
        out.line(f"Part = mig_pad({place}, {size});")
    elif sent.side.wraps_ports(kind):
        out.line(f"mig_store_ports({place}, {source.value}, {source.count});")
        out.line(f"Part = {size};")
    else:
        out.line(f"Part = mig_store({place}, {source.value}, {size});")


def _store_indefinite(
    out: Printer, sent: Message, field: Field, source: Source, too_large: Sequence[str]
) -> None:
    kind, pointer = field.type, sent.pointer(field)
    number = scaled(kind.count_scale, source.count)
    with out.braces(f"if ({source.out_of_line})", " else {"):
        _describe(out, sent, field, source, number, is_inline=False)
        element = sent.side.element_c_type(kind)
        constant = "" if sent.side.is_server else "const "
        out.line(f"{pointer}->{field.name}P = ({constant}{element} *) {source.value};")
        if sent.complexity is Complexity.SOMETIMES:
            out.line(f"Complex = {COMPLEX_BIT};")
        out.line(f"Part = sizeof {pointer}->{field.name}P;")
    with out.indented():
        _limit(out, f"{source.count} > {kind.maximum_count}", too_large)
        _describe(out, sent, field, source, number, is_inline=True)
        _store_elements(out, sent, field, source)
    out.line("}")


def _limit(out: Printer, condition: str, too_large: Sequence[str]) -> None:
    if not too_large:
        return
    if len(too_large) == 1:
        out.line(f"if (mig_unlikely({condition}))")
        out.line(f"\t{too_large[0]}")
        return
    with out.braces(f"if (mig_unlikely({condition}))"):
        out.lines(too_large)
