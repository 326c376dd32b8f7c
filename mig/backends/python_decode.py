# SPDX-License-Identifier: GPL-2.0-or-later
"""Python functions that read a message, and believe nothing of it before it is checked.

Written from a message's plan; making messages is another room.
"""

from __future__ import annotations

from mig.backends.python_module import CodecModule
from mig.backends.python_plan import MessagePlan, Part, Place, Run, count_default
from mig.backends.python_text import Source
from mig.backends.python_values import PORT_NAME, Block, Items, Scalar, Structure, StructureItems
from mig.backends.python_wire import Descriptor
from mig.model.layout import FieldKind
from mig.model.types import INDEFINITE_INLINE_BYTES


def results(plan: MessagePlan) -> list[tuple[str, str]]:
    """Return name and annotation of what is read, in order."""
    found = []
    for part in plan.arguments:
        found.append((part.name, part.annotation))
        if part.polymorphic:
            found.append((f"{part.name}_poly", "int"))
    if not plan.is_reply:
        found += [(part.name, "int") for part in plan.counts]
    return found


def result_annotation(plan: MessagePlan, result_class: str) -> str:
    """Return the annotation of all of what is read; `result_class` is for several results."""
    annotations = [annotation for _, annotation in results(plan)]
    if not plan.is_reply:
        return f"tuple[{', '.join(annotations) or '()'}]"
    if not annotations:
        return "None"
    return annotations[0] if len(annotations) == 1 else result_class


def write_decoder(module: CodecModule, plan: MessagePlan, result_class: str) -> None:
    """Write the function that reads a request or a reply."""
    _Decoder(module, plan, result_class).write()


class _Decoder:
    """Writes one function."""

    def __init__(self, module: CodecModule, plan: MessagePlan, result_class: str) -> None:
        self._module = module
        self._plan = plan
        self._result_class = result_class
        self._source: Source = module.functions
        self._routine = f'"{plan.routine.name}"'
        self._values: dict[str, str] = {}

    def write(self) -> None:
        plan, source, module = self._plan, self._source, self._module
        kind = "reply" if plan.is_reply else "request"
        found = results(plan)
        for _, annotation in found:
            module.use_annotation(annotation)
        returned = result_annotation(plan, self._result_class)
        if plan.is_reply and len(found) > 1:
            module.use_type(self._result_class)
        source.lines("", "")
        source.listing(
            f"def decode_{plan.routine.name}_{kind}(", ["message: Message"], f") -> {returned}:"
        )
        with source.indented():
            source.docstring(f"Return what {kind} {plan.layout.message_id} carries.")
            source.line("raw = message.data")
            self._check_size()
            self._declare(found)
            takes_regions = any(part.out_of_line for part in plan.parts)
            for index, run in enumerate(plan.runs):
                self._unpack(run, index)
                if run.is_first and takes_regions:
                    source.line(f"regions = {module.use('Regions')}({self._routine}, message)")
                for part in run.parts:
                    self._check(part)
                    if part is run.tail:
                        self._tail(part, run, index)
            if takes_regions:
                source.line("regions.finish()")
            if plan.sometimes_complex:
                self._refuse_needless_complex(takes_regions)
            self._return(found)

    # The fixed part.

    def _raise_unexpected(self) -> None:
        layout = self._plan.layout
        error = "unexpected_reply" if self._plan.is_reply else "unexpected_request"
        self._source.listing(
            f"raise {self._module.use(error)}(",
            [
                self._module.use_abi(),
                self._routine,
                str(layout.message_id),
                f"({layout.minimum_size}, {layout.maximum_size})",
                "message",
            ],
            ")",
        )

    def _check_size(self) -> None:
        layout = self._plan.layout
        condition = (
            f"len(raw) != {layout.minimum_size}"
            if layout.is_fixed
            else f"not {layout.minimum_size} <= len(raw) <= {layout.maximum_size}"
        )
        with self._source.block(f"if {condition}:"):
            self._raise_unexpected()

    def _declare(self, found: list[tuple[str, str]]) -> None:
        """Declare the result where it would come out of a struct untyped."""
        if self._plan.is_reply and len(found) == 1:
            (part,) = self._plan.arguments
            match part.value:
                case Scalar() | Block():
                    if part.place is Place.FIXED:
                        annotation = "int" if part.annotation == "bool" else part.annotation
                        self._source.line(f"{part.name}: {annotation}")

    def _unpack(self, run: Run, index: int) -> None:
        targets: list[str] = []
        if run.is_first:
            targets += ["msgh_bits", "msgh_size", "_", "_", "_", "msgh_id"]
        for part in run.parts:
            targets.append(f"{part.name}_type")
            if part.descriptor.number_code:
                targets.append(f"{part.name}_count")
            if part.place is Place.FIXED:
                targets.append(part.name)
        struct = self._module.struct(self._plan, index, run)
        if not run.is_first:
            value = f"{struct}.unpack_from(raw, end)"
        elif self._plan.layout.is_fixed:
            value = f"{struct}.unpack(raw)"
        else:
            value = f"{struct}.unpack_from(raw)"
        self._source.assignment(targets, value)
        if run.is_first:
            self._check_header()

    def _check_header(self) -> None:
        plan, terms = self._plan, []
        if plan.always_complex:
            terms.append(f"not msgh_bits & {self._module.use('BITS_COMPLEX')}")
        elif not plan.sometimes_complex:
            terms.append(f"msgh_bits & {self._module.use('BITS_COMPLEX')}")
        size = plan.layout.minimum_size if plan.layout.is_fixed else "len(raw)"
        terms.append(f"msgh_size != {size}")
        terms.append(f"msgh_id != {plan.layout.message_id}")
        for part in plan.parts:
            if part.field.kind is FieldKind.RETURN_CODE:
                terms.append(f"ret_code_type != {self._module.word(part, part.descriptor)}")
                terms.append("ret_code")
        with self._source.block(self._source.condition("or", terms)):
            self._raise_unexpected()

    # One part.

    def _check(self, part: Part) -> None:
        if part.field.kind is FieldKind.RETURN_CODE:
            return
        name, descriptor = part.name, part.descriptor
        if part.place is not Place.INDEFINITE:
            with self._source.block(f"if {self._differs(part, descriptor)}:"):
                self._raise_type(part, descriptor)
        if part.polymorphic:
            self._polymorphic(part)
        if descriptor.number_shift is not None:
            self._source.line(f"{name}_count = {name}_type >> {descriptor.number_shift} & 0xFFF")
        elif descriptor.number_code and descriptor.number is not None:
            with self._source.block(f"if {name}_count != {descriptor.number}:"):
                self._raise_count(part, str(descriptor.number))
        if part.value is not None:
            self._values[name] = self._fixed(part, name)
            return
        self._check_count(part)
        if part.place is Place.OUT_OF_LINE:
            self._take(part, self._length(part))
            self._values[name] = self._items(part, f"{name}_data", "0", None)

    def _differs(self, part: Part, descriptor: Descriptor) -> str:
        masked = f"{part.name}_type"
        if descriptor.masked:
            masked += f" & 0x{descriptor.mask:X}"
        return f"{masked} != {self._expected(part, descriptor)}"

    def _expected(self, part: Part, descriptor: Descriptor) -> str:
        word = descriptor.word & descriptor.mask
        return self._module.word(part, descriptor, word)

    def _raise_type(self, part: Part, descriptor: Descriptor) -> None:
        self._source.listing(
            f"raise {self._module.use('unexpected_type')}(",
            [
                self._routine,
                f'"{part.label}"',
                self._expected(part, descriptor),
                f"{part.name}_type",
            ],
            ")",
        )

    def _raise_count(self, part: Part, expected: str) -> None:
        self._source.listing(
            f"raise {self._module.use('unexpected_count')}(",
            [self._routine, f'"{part.label}"', f'"{expected}"', f"{part.name}_count"],
            ")",
        )

    def _polymorphic(self, part: Part) -> None:
        name, shift = part.name, part.descriptor.name_shift
        word = f"{name}_type >> {shift}" if shift else f"{name}_type"
        self._source.line(f"{name}_poly = {word} & 0xFF")
        self._values[f"{name}_poly"] = f"{name}_poly"
        if self._plan.sometimes_complex:
            right = f"{self._module.use('is_port_right')}({name}_poly)"
            self._need_complex(right)

    def _need_complex(self, also: str = "") -> None:
        condition = f"not msgh_bits & {self._module.use('BITS_COMPLEX')}"
        if also:
            condition = f"{also} and {condition}"
        with self._source.block(f"if {condition}:"):
            self._source.line(f"raise {self._module.use('not_complex')}({self._routine})")

    def _refuse_needless_complex(self, takes_regions: bool) -> None:
        module = self._module
        reasons = ["message.out_of_line"] if takes_regions else []
        reasons += [
            f"{module.use('is_port_right')}({part.name}_poly)"
            for part in self._plan.parts
            if part.polymorphic
        ]
        needless = reasons[0] if len(reasons) == 1 else f"({' or '.join(reasons)})"
        terms = [f"msgh_bits & {module.use('BITS_COMPLEX')}", f"not {needless}"]
        with self._source.block(self._source.condition("and", terms)):
            self._source.line(f"raise {module.use('not_complex')}({self._routine})")

    def _check_count(self, part: Part) -> None:
        name = part.name
        if part.place is Place.VARIABLE:
            limit = part.field.type.number
            condition, expected = f"{name}_count > {limit}", f"at most {limit}"
            if part.is_text:  # its zero counts
                condition, expected = f"not 0 < {name}_count <= {limit}", f"1 to {limit}"
            with self._source.block(f"if {condition}:"):
                self._raise_count(part, expected)
        if part.scale > 1:
            with self._source.block(f"if {name}_count % {part.scale}:"):
                self._raise_count(part, f"a multiple of {part.scale}")

    def _length(self, part: Part) -> str:
        if part.element_size == 1:
            return f"{part.name}_count"
        return f"{part.element_size} * {part.name}_count"

    def _take(self, part: Part, length: str) -> None:
        self._source.line(f'{part.name}_data = regions.take("{part.label}", {length})')

    # Data behind a run.

    def _tail(self, part: Part, run: Run, index: int) -> None:
        name, source = part.name, self._source
        start = str(run.size)
        if not run.is_first:
            start = f"{name}_start"
            source.line(f"{start} = end + {run.size}")
        if part.place is Place.INDEFINITE:
            self._indefinite(part, start)
        else:
            source.line(f"end = {start} + {self._padded(part, self._length(part))}")
        following = self._plan.runs[index + 1] if index + 1 < len(self._plan.runs) else None
        needed = f"end + {following.size}" if following else "end"
        compare = "!=" if following is None or following.tail is None else "<"
        with source.block(f"if len(raw) {compare} {needed}:"):
            source.line(
                f"raise {self._module.use('unexpected_size')}({self._routine}, {needed}, len(raw))"
            )
        if part.place is Place.INDEFINITE:
            self._values[name] = self._items(part, f"{name}_data", "0", None)
        else:
            stop = f"{start} + {self._length(part)}"
            self._values[name] = self._items(part, "raw", start, stop)

    def _padded(self, part: Part, length: str) -> str:
        word = self._plan.abi.word
        if part.element_size % word == 0:
            return length
        return f"({length} + {word - 1} & ~{word - 1})"

    def _indefinite(self, part: Part, start: str) -> None:
        name, source, module = part.name, self._source, self._module
        assert part.inline is not None and part.out_of_line is not None, "it can be both"
        two_forms = part.out_of_line_leaf != part.leaf
        source.line(f"{name}_length = {self._length(part)}")
        same = self._differs(part, part.inline).replace("!=", "==")
        with source.block(f"if {same} and {name}_length <= {INDEFINITE_INLINE_BYTES}:"):
            source.line(f"end = {start} + {self._padded(part, f'{name}_length')}")
            source.line(
                f"{name}_data: {module.use('Region')} = raw[{start} : {start} + {name}_length]"
            )
            if two_forms and isinstance(part.leaf, Scalar):
                source.line(f'{name}_code = "{part.leaf.code}"')
        same = self._differs(part, part.out_of_line).replace("!=", "==")
        with source.block(f"elif {same}:"):
            if self._plan.sometimes_complex:
                self._need_complex()
            source.line(f"end = {start} + {self._plan.abi.word}")
            if two_forms:
                source.line(f'{name}_code = "{PORT_NAME.code}"')
                self._take(part, f"{part.out_of_line_size} * {name}_count")
            else:
                self._take(part, f"{name}_length")
        with source.block("else:"):
            self._raise_type(part, part.inline)

    # Values.

    def _fixed(self, part: Part, data: str) -> str:
        """The value of data of fixed size, which struct made a scalar or bytes by now."""
        value, module = part.value, self._module
        match value:
            case Scalar(annotation="bool"):
                return f"{data} != 0"
            case Block(text=True):
                return f'{data}.split(b"\\0", 1)[0]'
            case Items(scalar=scalar, count=count):
                return f'{module.use("unpack_items")}("{scalar.code}", {data}, 0, {count})'
            case Structure():
                return f"{module.layout(value)}.unpack({data})"
            case StructureItems(structure=structure):
                return f"{module.use('StructArray')}({module.layout(structure)}, {data})"
        return data

    def _items(self, part: Part, data: str, start: str, stop: str | None) -> str:
        """The value of a variable number of items; all of `data` when `stop` is None."""
        leaf, module = part.leaf, self._module
        piece = data if stop is None else f"{data}[{start} : {stop}]"
        if isinstance(leaf, Scalar) and not part.is_bytes:
            code = f'"{leaf.code}"'
            if part.place is Place.INDEFINITE and part.out_of_line_leaf != leaf:
                code = f"{part.name}_code"
            return f"{module.use('unpack_items')}({code}, {data}, {start}, {part.name}_count)"
        if part.is_bytes:
            whole = piece if stop is not None else f"bytes({piece})"
            return f'{whole}.split(b"\\0", 1)[0]' if part.is_text else whole
        assert isinstance(leaf, Structure), "items are scalars or structures"
        return f"{module.use('StructArray')}({module.layout(leaf)}, {piece})"

    def _return(self, found: list[tuple[str, str]]) -> None:
        for part in self._plan.counts:
            limit = count_default(self._plan.routine, part.field.argument)
            capped = limit < 0xFFFFFFFF
            self._values[part.name] = f"min({part.name}, {limit})" if capped else part.name
        values = [self._values[name] for name, _ in found]
        source = self._source
        if not self._plan.is_reply:
            source.tuple("return", values)
        elif len(values) == 1:
            source.line(f"return {values[0]}")
        elif values:
            source.listing(f"return {self._result_class}(", values, ")")
