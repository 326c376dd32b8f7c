# SPDX-License-Identifier: GPL-2.0-or-later
"""From bytes to decoded messages, and to what is wrong with them.

A message is parsed field by field as the model declares it; from the first field that does not
fit on, by its own descriptors alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import construct as c

from mig.decoder.declare import (
    declare_descriptor,
    declare_field,
    declare_header,
    declare_value,
)
from mig.model.abi import Abi
from mig.model.layout import Field, FieldKind, MessageLayout
from mig.model.routines import Model, Routine
from mig.model.types import INDEFINITE_INLINE_BYTES, MessageType
from mig.rpc.message import BITS_COMPLEX, TypeName, is_port_right


@dataclass(frozen=True, slots=True)
class Finding:
    """What does not fit: where in the input, in bytes, and what."""

    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """An argument, or what a descriptor describes.

    Attributes:
        name: of the argument; empty where only the descriptor is known.
        kind: its type, for people.
        offset: of the data in the input: of memory out of line, of that memory.
        place: what is remarkable about it: "out of line", "deallocate".
        value: numbers, bytes, lists and mappings; None where the input does not hold it.
    """

    name: str
    kind: str
    offset: int
    place: tuple[str, ...]
    value: Any


@dataclass(slots=True)
class Decoded:
    """A message.

    Attributes:
        offset: where it starts in the input.
        title: which one it is.
        header: ``mach_msg_header_t`` as declared; None when the input ends before it does.
        items: what it carries.
        findings: what does not fit.
        end: where the next one starts; None when that cannot be known.
    """

    offset: int
    title: str = ""
    header: Any = None
    items: list[Item] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    end: int | None = None


@dataclass(frozen=True, slots=True)
class _Expected:
    routine: Routine
    layout: MessageLayout
    is_reply: bool


class Decoder:
    """Decodes the messages of subsystems on one ABI."""

    def __init__(self, models: Iterable[Model]) -> None:
        """Take the interfaces; where two have a message id, the first counts.

        Args:
            models: at least one; all of the same ABI.
        """
        self._models = list(models)
        self.abi = self._models[0].abi
        self._expected: dict[int, _Expected] = {}
        for model in self._models:
            for routine in model.defined_routines:
                found = _Expected(routine, routine.request, is_reply=False)
                self._expected.setdefault(routine.message_id, found)
                if routine.reply is not None and routine.reply_id is not None:
                    found = _Expected(routine, routine.reply, is_reply=True)
                    self._expected.setdefault(routine.reply_id, found)

    def decode(self, data: bytes) -> Iterator[Decoded]:
        """Yield the messages that lie one behind the other.

        A pointer of zero to memory that is not empty says that this memory follows its message,
        as in the streams of mig.rpc; memory behind any other pointer is not in the input.
        """
        offset = 0
        while offset < len(data):
            message = _Message(self.abi, data, offset, self._expected, self._names).read()
            yield message
            if message.end is None:
                return
            offset = message.end

    @property
    def _names(self) -> str:
        return ", ".join(model.name for model in self._models)


class _Message:
    """One message while it is read."""

    def __init__(
        self, abi: Abi, data: bytes, offset: int, expected: Mapping[int, _Expected], names: str
    ) -> None:
        self._abi = abi
        self._data = data
        self._expected = expected
        self._names = names
        self._found = Decoded(offset)
        self._raw = b""
        self._at = abi.header  # in the message
        self._behind = 0  # in the input: the next region
        self._needs_complex = False

    def read(self) -> Decoded:
        found, abi = self._found, self._abi
        if len(self._data) - found.offset < abi.header:
            rest = len(self._data) - found.offset
            self._wrong(0, f"expected a message header of {abi.header} bytes, found {rest}")
            return found
        found.header = declare_header(abi).parse(self._data[found.offset :])
        size = found.header.size
        if not abi.header <= size <= len(self._data) - found.offset:
            most = len(self._data) - found.offset
            self._wrong(4, f"expected a size of {abi.header} to {most} bytes, found {size}")
        else:
            self._behind = found.offset + size
        self._raw = self._data[found.offset : found.offset + max(abi.header, size)]
        expected = self._expected.get(found.header.id)
        if expected is None:
            found.title = f"message {found.header.id}"
            self._wrong(abi.header - 4, f"message {found.header.id} is none of {self._names}")
        else:
            kind = "reply" if expected.is_reply else "request"
            found.title = f"{kind} {found.header.id}, {expected.routine.name}"
            self._read_fields(expected)
        self._read_rest(fits=expected is None)
        self._check_complex()
        if self._behind:
            found.end = self._behind
        return found

    def _read_fields(self, expected: _Expected) -> None:
        for declared in expected.layout.fields:
            if not self._read_field(expected.routine, declared):
                return
            if declared.kind is FieldKind.RETURN_CODE and self._is_error(len(self._raw)):
                return

    def _is_error(self, size: int) -> bool:
        """A reply with a return code that is not success carries nothing else."""
        return bool(self._found.items[-1].value) and size == self._abi.error_reply

    def _read_field(self, routine: Routine, declared: Field) -> bool:
        """Read a field; say whether it fits."""
        name = _field_name(declared)
        start, rest = self._at, len(self._raw) - self._at
        if rest < declared.descriptor_size:
            self._wrong(start, f"expected the descriptor of {name}, found {rest} bytes")
            return False
        form = declare_descriptor(self._abi, longform=declared.longform)
        descriptor = form.parse(self._raw[start:])
        reason = _misfit(self._abi, declared, descriptor)
        if reason:
            self._wrong(start, f"{name}: {reason}")
            return False
        try:
            parsed = declare_field(self._abi, declared).parse(self._raw[start:])
        except c.ConstructError:
            held = rest - declared.descriptor_size
            found = f"found {held} bytes, which hold no {_described(descriptor)}"
            self._wrong(start + declared.descriptor_size, f"expected the data of {name}, {found}")
            return False
        number = descriptor.number
        if descriptor.inline:
            length = (descriptor.size * number + 7) // 8
            value = parsed.data
        else:
            length = self._abi.word
            value = self._region(
                name,
                declare_value(self._abi, declared.type, number, inline=False),
                descriptor,
                start + parsed.at,
                parsed.data,
            )
        self._item(
            name,
            declared.type.name or _symbol(descriptor.name),
            descriptor,
            start + parsed.at,
            value,
        )
        self._at = start + parsed.at + self._abi.align(length)
        return True

    def _region(self, name: str, form: Any, descriptor: Any, at: int, pointer: int) -> Any:
        """Take memory that follows the message."""
        length = (descriptor.size * descriptor.number + 7) // 8
        if pointer or not self._behind:
            return form.parse(b"") if not length else None
        rest = len(self._data) - self._behind
        if rest < length:
            self._wrong(at, f"expected {length} bytes of {name} behind the message, found {rest}")
            self._behind = 0
            return None
        region = self._data[self._behind : self._behind + length]
        self._behind += length
        return form.parse(region)

    def _read_rest(self, *, fits: bool) -> None:
        """Read what the model does not tell by its descriptors."""
        rest = len(self._raw) - self._at
        if rest and not fits and not self._found.findings:
            self._wrong(self._at, f"expected the end of the message, found {rest} more bytes")
        while self._at < len(self._raw):
            if not self._read_unknown():
                return

    def _read_unknown(self) -> bool:
        abi, start = self._abi, self._at
        short = declare_descriptor(abi, longform=False)
        try:
            descriptor = short.parse(self._raw[start:])
            size = abi.short_descriptor
            if descriptor.longform and abi.long_is_separate:
                descriptor = declare_descriptor(abi, longform=True).parse(self._raw[start:])
                size = abi.long_descriptor
        except c.ConstructError:
            rest = len(self._raw) - start
            self._wrong(start, f"expected a descriptor, found {rest} bytes")
            return False
        length = (descriptor.size * descriptor.number + 7) // 8
        held = abi.align(length) if descriptor.inline else abi.word
        data = self._raw[start + size :][: length if descriptor.inline else abi.word]
        if len(data) < (length if descriptor.inline else abi.word):
            self._wrong(start, f"{_described(descriptor)}: found {len(data)} bytes of data")
            return False
        value: Any = data
        if not descriptor.inline:
            pointer = int.from_bytes(data, "little")
            value = self._region("memory", c.GreedyBytes, descriptor, start + size, pointer)
        self._item("", _described(descriptor), descriptor, start + size, value)
        self._at = start + size + held
        return True

    def _item(self, name: str, kind: str, descriptor: Any, at: int, value: Any) -> None:
        place = []
        right = is_port_right(descriptor.name)
        if right and name:
            place.append(_symbol(descriptor.name))
        if not descriptor.inline:
            place.append("out of line")
            if value is None:
                place.append("not in the input")
        if descriptor.deallocate:
            place.append("deallocate")
        self._needs_complex = self._needs_complex or right or not descriptor.inline
        self._found.items.append(Item(name, kind, self._found.offset + at, tuple(place), value))

    def _check_complex(self) -> None:
        if self._found.findings:
            return
        is_complex = bool(self._found.header.bits & BITS_COMPLEX)
        if is_complex != self._needs_complex:
            expected = "set" if self._needs_complex else "clear"
            found = "set" if is_complex else "clear"
            why = "rights or memory out of line" if self._needs_complex else "neither"
            self._wrong(0, f"expected the complex bit {expected} with {why}, found it {found}")

    def _wrong(self, at: int, text: str) -> None:
        self._found.findings.append(Finding(self._found.offset + at, text))


def _field_name(declared: Field) -> str:
    if declared.kind is FieldKind.RETURN_CODE:
        return "return code"
    if declared.kind is FieldKind.COUNT:
        return f"count of {declared.argument}"
    return declared.argument


def _misfit(abi: Abi, declared: Field, found: Any) -> str:
    """What is wrong with a descriptor; empty when it fits."""
    kind = declared.type
    names = (declared.message_type(sent=True), declared.message_type(sent=False))
    allowed = [name.symbol.removeprefix("MACH_MSG_TYPE_") for name in dict.fromkeys(names)]
    checks: list[tuple[str, object, object, bool]] = [
        ("msgt_name", " or ".join(allowed), _symbol(found.name), _names_fit(names, found.name)),
        (
            "msgt_longform",
            declared.longform,
            bool(found.longform),
            bool(found.longform) == declared.longform,
        ),
    ]
    if kind.indefinite or not kind.inline or not found.inline:
        inline = kind.inline
        fits = kind.indefinite or bool(found.inline) == inline
        checks.append(("msgt_inline", inline, bool(found.inline), fits))
    size = 32 if kind.is_port and not found.inline else kind.size
    checks.append(("msgt_size", size, found.size, found.size == size))
    number: object = kind.number
    fits = found.number == kind.number
    scale = kind.count_scale
    if kind.variable:
        most = INDEFINITE_INLINE_BYTES * 8 // kind.size if kind.indefinite else kind.number
        bounded = bool(found.inline)
        number = f"at most {most}" if bounded else "any"
        fits = not bounded or found.number <= most
        if scale > 1:
            number = f"{number}, a multiple of {scale}"
            fits = fits and found.number % scale == 0
    checks.append(("msgt_number", number, found.number, fits))
    unused = found.get("short", 0) or found.unused
    checks.append(("unused bits", 0, int(unused), not unused))
    for what, expected, was, fits in checks:
        if not fits:
            return f"expected {what} {expected}, found {was}"
    return ""


def _names_fit(allowed: Iterable[MessageType], found: int) -> bool:
    return any(name.is_polymorphic or name.number == found for name in allowed)


def _symbol(name: int) -> str:
    try:
        return TypeName(name).name
    except ValueError:
        return f"type {name}"


def _described(descriptor: Any) -> str:
    return f"{_symbol(descriptor.name)}, {descriptor.size} bits x {descriptor.number}"
