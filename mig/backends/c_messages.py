# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages in C: their structs, descriptors, and the checks of what arrives.

A message with fields behind one of variable size has no single struct.  It is cut into parts; each
is a struct that ends with the room for such a field, and a pointer finds the next one at run time.
"""

from __future__ import annotations

from collections.abc import Sequence

from mig.backends.c_side import Side
from mig.backends.printer import Printer
from mig.model.layout import Complexity, Field, FieldKind, MessageLayout
from mig.model.types import Deallocate
from mig.record import record

_UINT32_MAX = "0xffffffffU"
COMPLEX_BIT = "MACH_MSGH_BITS_COMPLEX"


@record
class Part:
    """A stretch of a message that has a struct.

    Attributes:
        struct: name of the struct.
        pointer: name of the variable that points to it.
        fields: in order; only the last one may have variable size.
        offset: of its start when everything before it has its least size.
        size: up to the data of the variable field, or all of it when there is none.
        is_first: it begins with the header.
        is_request: it belongs to a request.
    """

    struct: str
    pointer: str
    fields: tuple[Field, ...]
    offset: int
    size: int
    is_first: bool
    is_request: bool

    @property
    def variable(self) -> Field | None:
        """The field of variable size at its end."""
        return self.fields[-1] if self.fields and self.fields[-1].is_variable else None


@record
class Message:
    """A layout with its parts, as one side sees it."""

    side: Side
    layout: MessageLayout
    parts: tuple[Part, ...]

    @property
    def head(self) -> str:
        """The header, in C."""
        return f"{self.parts[0].pointer}->Head"

    @property
    def complexity(self) -> Complexity:
        """Whether the complex bit is set, as the side that reads or writes it has to know."""
        sends = self.parts[0].is_request != self.side.is_server
        if sends and not (self.side.is_server and self.side.in_kernel):
            return self.layout.complexity
        return self.layout.received_complexity

    @property
    def is_complex(self) -> str:
        """Whether the complex bit is set, in C."""
        return f"({self.head}.msgh_bits & {COMPLEX_BIT})"

    def pointer(self, field: Field) -> str:
        """The variable that points to a field's part."""
        return next(part.pointer for part in self.parts if field in part.fields)

    def is_in_first_part(self, field: Field) -> bool:
        """Whether the field lies at the same place in every message."""
        return field in self.parts[0].fields

    def declare(self, out: Printer) -> None:
        """Declare the structs of all parts and assert what the wire wants of them."""
        for part in self.parts:
            _declare_part(out, self.side, part)

    def declare_pointers(self, out: Printer, start: str) -> None:
        """Declare the variables that point to the parts; the first one points to `start`."""
        first, *others = self.parts
        out.line(f"{first.struct} *{first.pointer} = {start};")
        for part in others:
            out.line(f"{part.struct} *{part.pointer};")

    def find_next(self, out: Printer, part: Part) -> None:
        """Let the pointer to the part behind `part` find it; ``Part`` is the data's room."""
        index = self.parts.index(part)
        if index + 1 < len(self.parts) and part.variable is not None:
            following = self.parts[index + 1]
            out.line(
                f"{following.pointer} = ({following.struct} *)"
                f" ((char *) {part.pointer}->{part.variable.name} + Part);"
            )


def message(side: Side, layout: MessageLayout, *, request: bool) -> Message:
    """Cut a layout into parts."""
    struct, pointer = ("Request", "In") if request else ("Reply", "Out")
    parts: list[Part] = []
    pending: list[Field] = []
    offset, size = 0, side.abi.header

    def finish() -> None:
        nonlocal offset, size
        number = str(len(parts)) if parts else ""
        names = struct + number, pointer + number
        parts.append(Part(*names, tuple(pending), offset, size, not parts, request))
        offset, size = offset + size, 0
        pending.clear()

    for field in layout.fields:
        pending.append(field)
        size += field.descriptor_size + field.minimum_size
        if field.is_variable:
            finish()
    if pending or not parts:
        finish()
    return Message(side, layout, tuple(parts))


def _declare_part(out: Printer, side: Side, part: Part) -> None:
    with out.braces("typedef struct", f" {part.struct};"):
        if part.is_first:
            out.line("mach_msg_header_t Head;")
        for field in part.fields:
            long = "_long" if field.longform else ""
            out.line(f"mach_msg_type{long}_t {field.name}Type;")
            constant = "const " if part.is_request and not side.is_server else ""
            _declare_data(out, side, field, constant)
            if field.padding:
                out.line(f"char {field.name}Pad[{field.padding}];")
    offset = side.abi.header if part.is_first else 0
    for field in part.fields:
        offset += field.descriptor_size
        out.wrapped(
            f"_Static_assert(__builtin_offsetof({part.struct}, {field.name}) == {offset},"
            f' "offset of {field.name}");'
        )
        offset += field.maximum_size
    if part.variable is None:
        out.line(f'_Static_assert(sizeof({part.struct}) == {part.size}, "size of {part.struct}");')


def _declare_data(out: Printer, side: Side, field: Field, constant: str) -> None:
    kind, name = field.type, field.name
    if not kind.inline or (kind.by_value and not side.wraps_ports(kind)):
        out.line(f"{side.message_c_type(kind)} {name};")
        return
    if kind.string:
        element, count = "char", kind.bytes
    elif side.wraps_ports(kind):
        element, count = "mach_port_name_inlined_t", kind.number
    elif kind.variable:
        element, count = side.element_c_type(kind), kind.maximum_count
    else:
        out.line(f"{side.message_c_type(kind)} {name};")
        return
    array = f"{element} {name}" + (f"[{count}]" if count > 1 or kind.is_array else "")
    if kind.indefinite:
        with out.braces("union", ";"):
            out.line(f"{array};")
            out.line(f"{constant}{side.element_c_type(kind)} *{name}P;")
    else:
        out.line(f"{array};")


# Descriptors.


def found(pointer: str, field: Field, attribute: str) -> str:
    """An attribute of a field's descriptor in a message, in C."""
    descriptor = f"{pointer}->{field.name}Type"
    if not field.longform:
        return f"{descriptor}.msgt_{attribute}"
    if attribute in ("name", "size", "number"):
        return f"{descriptor}.msgtl_{attribute}"
    return f"{descriptor}.msgtl_header.msgt_{attribute}"


def descriptor(
    field: Field, *, name: str, size: int | str, number: str, inline: str, deallocate: str
) -> str:
    """A descriptor of the field's form, in C."""
    function = "mig_type_long" if field.longform else "mig_type"
    return f"{function}({name}, {size}, {number}, {inline}, {deallocate})"


def count(field: Field, pointer: str) -> str:
    """The count of C's elements that a field has in a message, in C."""
    scale = field.type.count_scale
    number = found(pointer, field, "number")
    return f"{number} / {scale}" if scale > 1 else number


def scaled(factor: int, value: str) -> str:
    """A product, in C."""
    operand = f"({value})" if " / " in value else value
    return f"{factor} * {operand}" if factor > 1 else value


# Checks.


def header_conditions(checked: Message) -> list[str]:
    """What is wrong with the size and the complex bit of a message, as conditions in C."""
    layout, size = checked.layout, f"{checked.head}.msgh_size"
    conditions = [
        f"{size} != {layout.minimum_size}" if layout.is_fixed else f"{size} < {layout.minimum_size}"
    ]
    if checked.complexity is Complexity.ALWAYS:
        conditions.append(f"!{checked.is_complex}")
    elif checked.complexity is Complexity.NEVER:
        conditions.append(checked.is_complex)
    return conditions


def field_conditions(checked: Message, field: Field) -> list[str]:
    """What is wrong with a field's descriptor, as conditions in C."""
    side, kind, pointer = checked.side, field.type, checked.pointer(field)
    name = field.message_type(sent=False)
    found_name, found_inline = found(pointer, field, "name"), found(pointer, field, "inline")
    size: int | str = kind.size
    if kind.indefinite and side.wraps_ports(kind) and side.out_of_line_bits(kind) != size:
        size = f"({found_inline} ? {size} : {side.out_of_line_bits(kind)})"
    expected = descriptor(
        field,
        name=found_name if name.is_polymorphic else name.symbol,
        size=size,
        number=found(pointer, field, "number") if kind.variable else str(kind.number),
        inline=found_inline if kind.indefinite else boolean(kind.inline),
        deallocate=_expected_deallocate(side, field, pointer),
    )
    function = "mig_type_long_is" if field.longform else "mig_type_is"
    conditions = [f"!{function}({pointer}->{field.name}Type, {expected})"]
    if side.is_lenient:
        return conditions + _count_conditions(side, field, pointer)
    may_be_simple = checked.complexity is Complexity.SOMETIMES
    if name.is_polymorphic and may_be_simple:
        conditions.append(f"(MACH_MSG_TYPE_PORT_ANY({found_name}) && !{checked.is_complex})")
    if kind.indefinite and may_be_simple:
        conditions.append(f"(!{found_inline} && !{checked.is_complex})")
    if kind.indefinite:
        conditions.append(f"({found_inline} && {found(pointer, field, 'deallocate')})")
    return conditions + _count_conditions(side, field, pointer)


def _expected_deallocate(side: Side, field: Field, pointer: str) -> str:
    """The kernel sets the bit on what is out of line, and leaves it alone on rights."""
    kind = field.type
    free = not kind.inline or kind.indefinite or field.deallocate is Deallocate.MAYBE
    if free or (kind.is_port and side.in_kernel):
        return found(pointer, field, "deallocate")
    return boolean(field.deallocate is Deallocate.YES)


def _count_conditions(side: Side, field: Field, pointer: str) -> list[str]:
    kind = field.type
    if not kind.variable:
        return []
    number, inline = found(pointer, field, "number"), found(pointer, field, "inline")
    conditions = []
    if kind.indefinite:
        conditions.append(f"({inline} && {number} > {kind.number})")
    elif kind.inline:
        conditions.append(f"{number} > {kind.number}")
    if kind.string:
        conditions.append(f"{number} == 0")
    unit = side.out_of_line_bits(kind) // 8
    if not (kind.inline and not kind.indefinite) and side.abi.word == 4 and unit > 1:
        conditions.append(f"{number} > {_UINT32_MAX} / {unit}")
    if kind.count_scale > 1 and not side.is_lenient:
        conditions.append(f"{number} % {kind.count_scale} != 0")
    return conditions


def check(out: Printer, conditions: Sequence[str], failure: Sequence[str]) -> None:
    """Emit a check that does `failure` when any of `conditions` holds."""
    if not conditions:
        return
    if len(conditions) == 1 and len(conditions[0]) < 60:
        head = f"if (TypeCheck && mig_unlikely({conditions[0]}))"
    else:
        out.line("if (TypeCheck && mig_unlikely(")
        for condition in conditions[:-1]:
            out.wrapped(f"    {condition} ||")
        head = f"    {conditions[-1]}))"
    if len(failure) == 1:
        out.wrapped(head)
        out.line(f"\t{failure[0]}")
        return
    out.wrapped(f"{head} {{")
    with out.indented():
        out.lines(failure)
    out.line("}")


def check_fields(
    out: Printer, checked: Message, failure: Sequence[str], first: Sequence[str] = ()
) -> None:
    """Emit the checks of all fields but the return code, and find the parts on the way.

    Args:
        out: where to.
        checked: the message.
        failure: what to do when it is wrong.
        first: conditions to be looked at before those of the fields.
    """
    variables = [part.variable for part in checked.parts if part.variable is not None]
    for part in checked.parts:
        fields = [field for field in part.fields if field.kind is not FieldKind.RETURN_CODE]
        conditions = list(first) if part.is_first else []
        for field in fields:
            conditions += field_conditions(checked, field)
        check(out, conditions, failure)
        if part.variable is not None:
            out.wrapped(f"Part = {_room(checked, part.variable)};")
            out.line("Size += Part;")
            if part.variable is variables[-1]:
                check(out, [f"{checked.head}.msgh_size != Size"], failure)
            elif checked.side.is_server:
                # A request has just the memory that it needs, a reply's buffer is large enough.
                check(out, [f"{checked.head}.msgh_size < Size"], failure)
            checked.find_next(out, part)


def _room(checked: Message, field: Field) -> str:
    """The room that the data of a variable field takes in a message that arrived, in C."""
    pointer = checked.pointer(field)
    data = scaled(field.type.size // 8, found(pointer, field, "number"))
    if field.type.indefinite:
        inline = found(pointer, field, "inline")
        return f"{inline} ? mig_padded({data}) : sizeof {pointer}->{field.name}P"
    return f"mig_padded({data})"


def boolean(value: bool) -> str:
    """A truth value, in C."""
    return "TRUE" if value else "FALSE"
