# SPDX-License-Identifier: GPL-2.0-or-later
"""Python functions that put arguments into a message.

Written from a message's plan; reading messages is another room.
"""

from __future__ import annotations

from collections.abc import Sequence

from mig.backends.python_module import CodecModule
from mig.backends.python_plan import (
    MessagePlan,
    Part,
    Place,
    Run,
    argument_name,
    count_default,
    user_reply_port,
)
from mig.backends.python_text import Source
from mig.backends.python_values import PORT_NAME, Block, Items, Scalar, Structure, StructureItems
from mig.backends.python_wire import Descriptor
from mig.model.layout import FieldKind
from mig.model.types import INDEFINITE_INLINE_BYTES

_MAKE_SEND_ONCE = 21
_MOVE_SEND_ONCE = 18


def parameters(plan: MessagePlan) -> tuple[list[str], list[str]]:
    """Return the parameters of a message's arguments, annotated: positional, and keyword-only."""
    positional, keywords = [], []
    for part in plan.arguments:
        positional.append(f"{part.name}: {part.parameter}")
        if part.polymorphic:
            positional.append(f"{part.name}_poly: int")
        if part.may_deallocate:
            keywords.append(f"{part.name}_dealloc: bool = False")
    if not plan.is_reply:
        for part in plan.counts:
            default = count_default(plan.routine, part.field.argument)
            keywords.append(f"{part.name}: int = {default}")
        keywords += [f"{name}: int" for name in polymorphic_ports(plan)]
    return positional, keywords


def polymorphic_ports(plan: MessagePlan) -> list[str]:
    """Return the parameters for the dispositions of the header's ports that the user chooses."""
    ports = (plan.routine.request_port, user_reply_port(plan.routine))
    return [
        f"{argument_name(plan.routine, port.name)}_poly"
        for port in ports
        if port is not None and port.type.sent.is_polymorphic
    ]


def write_encoder(module: CodecModule, plan: MessagePlan) -> None:
    """Write the function that makes a request or a reply."""
    _Encoder(module, plan).write()


class _Encoder:
    """Writes one function."""

    def __init__(self, module: CodecModule, plan: MessagePlan) -> None:
        self._module = module
        self._plan = plan
        self._source: Source = module.functions
        self._routine = f'"{plan.routine.name}"'
        self._misfits: list[str] = []
        self._collects = any(part.place is Place.INDEFINITE for part in plan.parts)

    def write(self) -> None:
        plan, source = self._plan, self._source
        kind = "reply" if plan.is_reply else "request"
        positional, keywords = parameters(plan)
        ports = ["msgh_remote_port: int"]
        if plan.is_reply:
            keywords.insert(0, f"msgh_remote_type: int = {_MOVE_SEND_ONCE}")
        else:
            ports.append("msgh_local_port: int")
        for text in (*positional, *keywords):
            self._module.use_annotation(text.split(": ", 1)[1].split(" = ")[0])
        source.lines("", "")
        source.listing(
            f"def encode_{plan.routine.name}_{kind}(",
            [*ports, *positional, *(["*"] if keywords else []), *keywords],
            ") -> Message:",
        )
        with source.indented():
            source.docstring(f"Return {kind} {plan.layout.message_id}.")
            self._check_dispositions()
            for part in plan.parts:
                self._check(part)
            body = _Body(self._module, self._plan, self._collects)
            if self._misfits:
                with source.block("try:"):
                    body.write()
                source.line(f"except {self._module.use('error')} as cause:")
                with source.indented():
                    source.listing(
                        f"raise {self._module.use('unfit_arguments')}(",
                        [self._routine, "cause", *self._misfits],
                        ") from None",
                    )
            else:
                body.write()

    # Checks that come before anything is packed.

    def _check(self, part: Part) -> None:
        value, name = part.value, part.name
        if part.is_text or part.field.kind is FieldKind.RETURN_CODE:
            return
        match value:
            case Block(length=length):
                self._refuse(f"len({name}) > {length}", "too_many_items", name, length)
                self._misfits.append(f'("{name}", "{length}s", ({name},))')
            case Scalar(code=code):
                self._misfits.append(f'("{name}", "{code}", ({name},))')
            case Items(scalar=scalar, count=count):
                self._refuse(f"len({name}) != {count}", "wrong_count", name, count)
                self._misfits.append(f'("{name}", "{scalar.code}", {name})')
            case StructureItems(structure=structure, count=count):
                self._refuse(f"len({name}) != {count}", "wrong_count", name, count)
                self._structure_misfit(structure, name, name)
            case Structure():
                self._structure_misfit(value, name, f"({name},)")
            case None:
                self._check_items(part)

    def _check_dispositions(self) -> None:
        chosen = [f"{part.name}_poly" for part in self._plan.arguments if part.polymorphic]
        if not self._plan.is_reply:
            chosen += polymorphic_ports(self._plan)
        for name in chosen:
            check = self._module.use("check_disposition")
            self._source.line(f'{check}({self._routine}, "{name}", {name})')

    def _check_items(self, part: Part) -> None:
        name, leaf = part.name, part.leaf
        per_item = part.scale if isinstance(leaf, Structure) else 1
        if part.place is Place.VARIABLE:
            limit = part.field.type.number // per_item
            self._refuse(f"len({name}) > {limit}", "too_many_items", name, limit)
        if per_item != part.scale:
            self._refuse(f"len({name}) % {part.scale}", "uneven_items", name, part.scale)
        if isinstance(leaf, Structure):
            self._structure_misfit(leaf, name, name)
        elif leaf is not None and not leaf.is_byte:
            self._misfits.append(f'("{name}", "{leaf.code}", {name})')

    def _refuse(self, condition: str, error: str, name: str, limit: int) -> None:
        with self._source.block(f"if {condition}:"):
            self._source.line(
                f'raise {self._module.use(error)}({self._routine}, "{name}", {limit}, len({name}))'
            )

    def _structure_misfit(self, structure: Structure, name: str, values: str) -> None:
        layout = self._module.layout(structure)
        self._misfits.append(f'("{name}", {layout}, {values})')


class _Body:
    """Writes the statements that pack."""

    def __init__(self, module: CodecModule, plan: MessagePlan, collects: bool) -> None:
        self._module = module
        self._plan = plan
        self._source = module.functions
        self._collects = collects
        self._regions: list[str] = []

    def write(self) -> None:
        """Write them."""
        plan, source = self._plan, self._source
        if self._collects:
            source.line(f"regions: list[{self._module.use('Region')}] = []")
        for part in plan.parts:
            self._prepare(part)
        if plan.sometimes_complex:
            self._complex_bit()
        tails = [run.tail for run in plan.runs if run.tail is not None]
        size = str(sum(run.size for run in plan.runs))
        if tails:
            bodies = " + ".join(f"len({self._tail(part)})" for part in tails)
            source.line(f"msgh_size = {size} + {bodies}")
            size = "msgh_size"
        chunks: list[str] = []
        for index, run in enumerate(plan.runs):
            name = "raw" if len(plan.runs) == 1 else f"run_{index}"
            struct = self._module.struct(plan, index, run)
            source.listing(f"{name} = {struct}.pack(", self._words(run, size), ")")
            chunks.append(name)
            if run.tail is not None:
                chunks.append(self._tail(run.tail))
        self._return(chunks)

    def _return(self, chunks: Sequence[str]) -> None:
        data = " + ".join(chunks) if len(chunks) <= 2 else f'b"".join(({", ".join(chunks)}))'
        fields = [data]
        if self._collects:
            fields.append("tuple(regions)")
        elif self._regions:
            comma = "," if len(self._regions) == 1 else ""
            fields.append(f"({', '.join(self._regions)}{comma})")
        self._source.listing("return Message(", fields, ")")

    def _prepare(self, part: Part) -> None:
        """Write what makes the bytes of data whose size is not fixed."""
        if part.value is None:
            self._items(part)
        if part.place is Place.OUT_OF_LINE:
            self._region(part)
        elif part.place is Place.INDEFINITE:
            self._indefinite(part)

    def _items(self, part: Part) -> None:
        name, source, module = part.name, self._source, self._module
        if part.is_text:
            size = part.field.type.bytes
            source.line(
                f"{name}_data = {module.use('c_string')}"
                f'("{self._plan.routine.name}", "{name}", {name}, {size})'
            )
        elif isinstance(part.leaf, Structure):
            source.line(f"{name}_data = {module.layout(part.leaf)}.pack({name})")
        elif part.leaf is not None and not part.is_bytes:
            source.line(f'{name}_data = {module.use("pack_items")}("{part.leaf.code}", {name})')
        padding = part.element_size % self._plan.abi.word
        if part.place is Place.VARIABLE and padding:
            data = self._data(part)
            source.line(f"{name}_body = {data} + bytes(-len({data}) % {self._plan.abi.word})")

    def _data(self, part: Part) -> str:
        return part.name if part.is_bytes and not part.is_text else f"{part.name}_data"

    def _tail(self, part: Part) -> str:
        padded = part.place is Place.INDEFINITE or part.element_size % self._plan.abi.word
        return f"{part.name}_body" if padded else self._data(part)

    def _region(self, part: Part) -> None:
        data = self._data(part)
        if self._collects:
            self._source.line(f"regions.append({data})")
        else:
            self._regions.append(data)

    def _indefinite(self, part: Part) -> None:
        name, source, word = part.name, self._source, self._plan.abi.word
        assert part.inline is not None and part.out_of_line is not None, "it can be both"
        data = self._data(part)
        padding = f" + bytes(-len({data}) % {word})" if part.element_size % word else ""
        with source.block(f"if len({data}) <= {INDEFINITE_INLINE_BYTES}:"):
            source.line(f"{name}_type = {self._word(part, part.inline)}")
            source.line(f"{name}_body = {data}{padding}")
        with source.block("else:"):
            source.line(f"{name}_type = {self._word(part, part.out_of_line)}")
            source.line(f"{name}_body = bytes({word})")
            if part.out_of_line_leaf != part.leaf:
                data = f'pack_items("{PORT_NAME.code}", {name})'
            source.line(f"regions.append({data})")

    # The words of a run.

    def _words(self, run: Run, size: str) -> list[str]:
        values: list[str] = self._header(size) if run.is_first else []
        for part in run.parts:
            values += self._descriptor(part)
            if part.place is Place.FIXED:
                values.append(self._fixed(part))
        return values

    def _header(self, size: str) -> list[str]:
        plan = self._plan
        local = "0" if plan.is_reply else "msgh_local_port"
        message_id = str(plan.layout.message_id)
        bits = "msgh_bits" if plan.sometimes_complex else self._bits()
        return [bits, size, "msgh_remote_port", local, "0", message_id]

    def _bits(self) -> str:
        plan, routine = self._plan, self._plan.routine
        constant, variable = 0, []
        if plan.is_reply:
            variable.append("msgh_remote_type")
        else:
            port = routine.request_port
            if port.type.sent.is_polymorphic:
                variable.append(f"{argument_name(routine, port.name)}_poly")
            else:
                constant |= port.type.sent.number
            reply = user_reply_port(routine) if routine.simple else routine.reply_port
            if not routine.simple and (reply is None or reply.type.sent.is_polymorphic):
                constant |= _MAKE_SEND_ONCE << 8  # the port is the transport's to choose
            elif reply is not None and reply.type.sent.is_polymorphic:
                variable.append(f"{argument_name(routine, reply.name)}_poly << 8")
            elif reply is not None:
                constant |= reply.type.sent.number << 8
        if plan.always_complex:
            constant |= 0x80000000
        if constant or not variable:
            variable.insert(0, f"{constant:#x}")
        return " | ".join(variable)

    def _complex_bit(self) -> None:
        """Write what sets the complex bit where that depends on the arguments."""
        source = self._source
        source.line(f"msgh_bits = {self._bits()}")
        reasons = ["regions"] if self._collects else []
        for part in self._plan.parts:
            if part.polymorphic:
                reasons.append(f"{self._module.use('is_port_right')}({part.name}_poly)")
        with source.block(source.condition("or", reasons)):
            source.line(f"msgh_bits |= {self._module.use('BITS_COMPLEX')}")

    def _descriptor(self, part: Part) -> list[str]:
        descriptor = part.descriptor
        if part.place is Place.INDEFINITE:
            word = f"{part.name}_type"
        else:
            word = self._word(part, descriptor)
        number = self._number(part)
        if descriptor.number_shift is not None:
            return [f"{word} | {number} << {descriptor.number_shift}"]
        return [word, number] if descriptor.number_code else [word]

    def _word(self, part: Part, descriptor: Descriptor) -> str:
        terms = [self._module.word(part, descriptor)]
        if part.polymorphic:
            shift = f" << {descriptor.name_shift}" if descriptor.name_shift else ""
            terms.append(f"{part.name}_poly{shift}")
        if part.may_deallocate and descriptor is part.out_of_line:
            terms.append(f"({descriptor.deallocate:#x} if {part.name}_dealloc else 0)")
        return " | ".join(terms)

    def _number(self, part: Part) -> str:
        if part.descriptor.number is not None:
            return str(part.descriptor.number)
        if part.is_text:
            return f"len({part.name}_data)"
        if isinstance(part.leaf, Structure) and part.scale > 1:
            return f"len({part.name}) * {part.scale}"
        return f"len({part.name})"

    def _fixed(self, part: Part) -> str:
        name, value, module = part.name, part.value, self._module
        match value:
            case Scalar() if part.field.kind is FieldKind.RETURN_CODE:
                return "0"
            case Block(length=length, text=True):
                return (
                    f"{module.use('c_string')}"
                    f'("{self._plan.routine.name}", "{name}", {name}, {length})'
                )
            case Items(scalar=scalar):
                return f'{module.use("pack_items")}("{scalar.code}", {name})'
            case StructureItems(structure=structure):
                return f"{module.layout(structure)}.pack({name})"
            case Structure():
                return f"{module.layout(value)}.pack_one({name})"
        return name
