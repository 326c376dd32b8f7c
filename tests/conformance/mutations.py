# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages that a peer with bad manners could send: valid ones changed in one place.

Layouts and descriptors are read with the runtime's walker; no stub is known here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from mig.rpc.abi import Abi
from mig.rpc.message import (
    BITS_COMPLEX,
    Descriptor,
    is_port_right,
    unpack_header,
    walk_descriptors,
)
from tests.conformance.shapes import Argument, Element, Form, Leaf, Role, Routine

MAX_REGIONS = 16
LARGEST_REGION = 1 << 20


class Verdict(Enum):
    """What a receiver may do with a message."""

    REFUSE = auto()  # an error, and nothing of what it carries is handed on
    TOLERATE = auto()  # the same, or what the valid message leads to
    SURVIVE = auto()  # anything that stays within memory


@dataclass(frozen=True, slots=True)
class Request:
    """A message as its receiver finds it; pointers in `data` are zero."""

    data: bytes
    regions: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed message; `slots` is where its pointers lie."""

    label: str
    verdict: Verdict
    request: Request
    slots: tuple[int, ...]


def mutants(abi: Abi, carried: Sequence[Argument], request: Request) -> Iterator[Mutant]:
    """Every mutant of a valid message; `carried` is what its descriptors are of, in order."""
    descriptors = list(walk_descriptors(abi, request.data))
    slots = tuple(d.data for d in descriptors if not d.inline)
    whole = Mutant("", Verdict.REFUSE, request, slots)
    yield from _sizes(abi, whole, descriptors)
    yield from _complex_bit(abi, whole, carried)
    for descriptor, argument in zip(descriptors, carried, strict=True):
        site = _Site(abi, whole, descriptor, argument)
        yield from _descriptor(site)
        yield from _tail(site)
        yield from _counts(site)


@dataclass(frozen=True, slots=True)
class _Site:
    """An argument of a valid message: where something is changed."""

    abi: Abi
    whole: Mutant
    descriptor: Descriptor
    argument: Argument

    def changed(self, what: str, at: int, new: bytes, verdict: Verdict) -> Mutant:
        """The message with other bytes at one place."""
        return _changed(self.whole, f"{self.argument.name}: {what}", at, new, verdict)

    def bytes(self, number: int) -> int:
        """The size of so many items."""
        return (self.descriptor.size * number + 7) // 8

    @property
    def scale(self) -> int:
        """How many of what the descriptor counts make an item."""
        return max(1, self.argument.element.size * 8 // self.descriptor.size)

    def beyond_address_space(self, number: int) -> bool:
        return self.bytes(number) >= 1 << 8 * self.abi.pointer


def carried_there(routine: Routine) -> list[Argument]:
    """The arguments that a request has a descriptor for, in order."""
    return [
        a
        for a in routine.arguments
        if a.role is Role.DATA and (a.sent or (a.returned and a.counted))
    ]


_CODE = Argument(
    "RetCode", Role.DATA, Form.VALUE, Element(4, (Leaf(0, 4),), False), 1, sent=True, returned=False
)


def carried_back(routine: Routine) -> list[Argument]:
    """What a reply has a descriptor for, as if the client were the server: it is the receiver."""
    data = (a for a in routine.arguments if a.role is Role.DATA and a.returned)
    return [_CODE, *(replace(a, sent=True, server_poly=a.user_poly) for a in data)]


def error_mutants(abi: Abi, carried: Sequence[Argument], request: Request) -> Iterator[Mutant]:
    """Mutants of the error reply that could have come instead of a reply."""
    size, at = abi.error_reply_size, abi.header_size + abi.short_descriptor
    data = request.data[:at] + _word(5) + bytes(size - at - 4)
    bits = unpack_header(abi, request.data).bits & ~BITS_COMPLEX
    data = _patched(data, 0, _word(bits) + _word(size))
    whole = Mutant("", Verdict.REFUSE, Request(data, ()), ())
    yield _changed(whole, "error: no error", at, _word(0), Verdict.REFUSE)
    yield _changed(whole, "error: complex", 0, _word(bits | BITS_COMPLEX), Verdict.REFUSE)
    yield _changed(whole, "error: another type", abi.header_size, b"\x01", Verdict.REFUSE)
    fixed = not any(a.has_count or a.variable for a in carried)
    if fixed and len(request.data) != size + abi.alignment:
        yield _resized(abi, whole, size + abi.alignment)


def _patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def _word(value: int) -> bytes:
    return value.to_bytes(4, "little")


def _changed(mutant: Mutant, label: str, at: int, new: bytes, verdict: Verdict) -> Mutant:
    request = replace(mutant.request, data=_patched(mutant.request.data, at, new))
    return replace(mutant, label=label, verdict=verdict, request=request)


# The header.


def _sizes(abi: Abi, whole: Mutant, descriptors: list[Descriptor]) -> Iterator[Mutant]:
    size = len(whole.request.data)
    wanted = {abi.header_size, size - abi.alignment, size + abi.alignment, size + 64}
    for descriptor in descriptors:
        wanted |= {descriptor.offset, abi.align(descriptor.data)}
    for other in sorted(wanted - {size}):
        if other >= abi.header_size:
            yield _resized(abi, whole, other)


def _resized(abi: Abi, whole: Mutant, size: int) -> Mutant:
    data = _patched((whole.request.data + bytes(size))[:size], 4, _word(size))
    kept = tuple(slot for slot in whole.slots if slot + abi.pointer <= size)
    return Mutant(
        f"size {size} instead of {len(whole.request.data)}",
        Verdict.REFUSE,
        Request(data, whole.request.regions[: len(kept)]),
        kept,
    )


def _complex_bit(abi: Abi, whole: Mutant, carried: Sequence[Argument]) -> Iterator[Mutant]:
    bits = unpack_header(abi, whole.request.data).bits
    # An array[] that came inline may stand in a complex message.
    may_be_both = any(a.form is Form.INDEFINITE and a.sent for a in carried)
    verdict = Verdict.TOLERATE if may_be_both and not bits & BITS_COMPLEX else Verdict.REFUSE
    yield _changed(whole, "complex bit flipped", 0, _word(bits ^ BITS_COMPLEX), verdict)


# Descriptors.


@dataclass(frozen=True, slots=True)
class _Bits:
    """A field of a descriptor: its word, its shift and its width."""

    name: str
    word: int
    shift: int
    width: int

    @property
    def limit(self) -> int:
        return (1 << self.width) - 1

    def read(self, word: int) -> int:
        return word >> self.shift & self.limit

    def write(self, word: int, value: int) -> int:
        return word & ~(self.limit << self.shift) | value << self.shift


def _bits(abi: Abi, longform: bool) -> list[_Bits]:
    if abi.wide:
        fields = [_Bits("name", 0, 0, 8), _Bits("size", 0, 8, 16), _Bits("unused", 0, 24, 5)]
        fields.append(_Bits("number", 1, 0, 32))
    else:
        fields = [_Bits("unused", 0, 31, 1)]
        if longform:
            fields += [_Bits("short fields", 0, 0, 28), _Bits("name", 1, 0, 16)]
            fields += [_Bits("size", 1, 16, 16), _Bits("number", 2, 0, 32)]
        else:
            fields += [_Bits("name", 0, 0, 8), _Bits("size", 0, 8, 8), _Bits("number", 0, 16, 12)]
    for i, name in enumerate(("inline", "longform", "deallocate")):
        fields.append(_Bits(name, 0, abi.inline_shift + i, 1))
    return fields


def _descriptor(site: _Site) -> Iterator[Mutant]:
    for field in _bits(site.abi, site.descriptor.longform):
        at = site.descriptor.offset + 4 * field.word
        word = int.from_bytes(site.whole.request.data[at : at + 4], "little")
        old = field.read(word)
        near = {old ^ 1, (old + 1) & field.limit, (old - 1) & field.limit}
        for new in sorted({0, 1, field.limit, *near} - {old}):
            if _kernel_would_not_deliver(site, field.name, new):
                continue
            what = f"{field.name} {new} instead of {old}"
            changed = _word(field.write(word, new))
            mutant = site.changed(what, at, changed, _verdict(site, field.name, new))
            if field.name == "number" and not site.descriptor.inline:
                mutant = _with_region(mutant, site.descriptor, site.bytes(new))
            yield mutant


def _kernel_would_not_deliver(site: _Site, field: str, new: int) -> bool:
    """Whether only the kernel's own failure could bring such a message about."""
    if field == "number" and not site.descriptor.inline:
        return site.bytes(new) > LARGEST_REGION and not site.beyond_address_space(new)
    if field == "inline" and site.descriptor.inline:
        # In a complex message it would have been the kernel that put the pointer there.
        bits = unpack_header(site.abi, site.whole.request.data).bits
        fits = site.abi.align(site.descriptor.length) == site.abi.pointer
        return bool(bits & BITS_COMPLEX) and fits
    return False


def _with_region(mutant: Mutant, descriptor: Descriptor, size: int) -> Mutant:
    """The kernel delivers as much memory as the descriptor says."""
    which = mutant.slots.index(descriptor.data)
    regions = list(mutant.request.regions)
    regions[which] = (regions[which] + bytes(min(size, LARGEST_REGION)))[:size]
    return replace(mutant, request=replace(mutant.request, regions=tuple(regions)))


def _verdict(site: _Site, field: str, new: int) -> Verdict:
    """How bad a change of a descriptor is."""
    descriptor, argument = site.descriptor, site.argument
    right = is_port_right(descriptor.name)
    if field == "deallocate" and descriptor.inline and (descriptor.longform or not right):
        return Verdict.REFUSE
    if field in {"deallocate", "unused", "short fields"}:
        return Verdict.TOLERATE if descriptor.longform or right else Verdict.REFUSE
    if field == "name" and argument.server_poly:
        return Verdict.SURVIVE
    if field == "number" and (argument.has_count or argument.variable):
        return _verdict_on_number(site, new)
    return Verdict.REFUSE


def _verdict_on_number(site: _Site, new: int) -> Verdict:
    if site.argument.has_count and new % site.scale:
        return Verdict.REFUSE
    if not site.descriptor.inline:
        return Verdict.REFUSE if site.beyond_address_space(new) else Verdict.SURVIVE
    padded = site.abi.align(site.bytes(new)), site.abi.align(site.descriptor.length)
    return Verdict.SURVIVE if padded[0] == padded[1] else Verdict.REFUSE


# Data.


def _tail(site: _Site) -> Iterator[Mutant]:
    """What is behind the data; a string without an end."""
    descriptor = site.descriptor
    if not descriptor.inline:
        return
    end = descriptor.data + descriptor.length
    padding = site.abi.align(end) - end
    if padding:
        yield site.changed("padding", end, b"\xa5" * padding, Verdict.TOLERATE)
    if site.argument.form is Form.STRING:
        endless = b"A" * descriptor.length
        yield site.changed("no terminating zero", descriptor.data, endless, Verdict.SURVIVE)


def _counts(site: _Site) -> Iterator[Mutant]:
    """Messages that hold as many items as they say, but more than are allowed, or none."""
    argument, descriptor = site.argument, site.descriptor
    string = argument.form is Form.STRING and argument.variable
    if not descriptor.inline or not (argument.has_count or string):
        return
    yield _recounted(site, (argument.count + 1) * site.scale, Verdict.REFUSE)
    yield _recounted(site, 0, Verdict.REFUSE if string else Verdict.SURVIVE)
    if site.scale > 1:
        yield _recounted(site, site.scale + 1, Verdict.REFUSE)


def _recounted(site: _Site, number: int, verdict: Verdict) -> Mutant:
    abi, descriptor, old = site.abi, site.descriptor, site.whole.request.data
    (field,) = (field for field in _bits(abi, descriptor.longform) if field.name == "number")
    at = descriptor.offset + 4 * field.word
    word = int.from_bytes(old[at : at + 4], "little")
    data = _patched(old, at, _word(field.write(word, number)))
    filling = bytes(abi.align(site.bytes(number)))
    end = abi.align(descriptor.data + descriptor.length)
    data = data[: descriptor.data] + filling + data[end:]
    shift = len(data) - len(old)
    return Mutant(
        f"{site.argument.name}: {number} items",
        verdict,
        replace(site.whole.request, data=_patched(data, 4, _word(len(data)))),
        tuple(slot + shift * (slot > descriptor.data) for slot in site.whole.slots),
    )
