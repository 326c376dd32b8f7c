# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests that a peer with bad manners could send: valid ones changed in one place.

Layouts and descriptors are read with the runtime's walker; no stub is known here.
"""

from collections.abc import Iterator
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
from tests.conformance.shapes import Argument, Form, Role, Routine

MAX_REGIONS = 16
LARGEST_REGION = 1 << 20


class Verdict(Enum):
    """What a server may do with a request."""

    REFUSE = auto()  # an error reply, and the server function is not called
    TOLERATE = auto()  # the same, or a call with the arguments of the valid request
    SURVIVE = auto()  # anything that stays within memory


@dataclass(frozen=True, slots=True)
class Request:
    """A request as a server receives it; pointers in `data` are zero."""

    data: bytes
    regions: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed request; `slots` is where its pointers lie."""

    label: str
    verdict: Verdict
    request: Request
    slots: tuple[int, ...]


def mutants(abi: Abi, routine: Routine, request: Request) -> Iterator[Mutant]:
    """Every mutant of a valid request."""
    descriptors = list(walk_descriptors(abi, request.data))
    slots = tuple(d.data for d in descriptors if not d.inline)
    whole = Mutant("", Verdict.REFUSE, request, slots)
    yield from _sizes(abi, whole, descriptors)
    yield from _complex_bit(abi, whole, routine)
    for descriptor, argument in zip(descriptors, _carried(routine), strict=True):
        yield from _descriptor(abi, whole, descriptor, argument)
        yield from _tail(abi, whole, descriptor, argument)


def _carried(routine: Routine) -> list[Argument]:
    """The arguments that a request has a descriptor for, in order."""
    return [
        a
        for a in routine.arguments
        if a.role is Role.DATA and (a.sent or (a.returned and a.counted))
    ]


def _changed(mutant: Mutant, label: str, at: int, new: bytes, verdict: Verdict) -> Mutant:
    data = mutant.request.data
    data = data[:at] + new + data[at + len(new) :]
    return replace(mutant, label=label, verdict=verdict, request=replace(mutant.request, data=data))


def _resized(abi: Abi, mutant: Mutant, size: int) -> Mutant:
    data = (mutant.request.data + bytes(size))[:size]
    data = data[:4] + size.to_bytes(4, "little") + data[8:]
    kept = tuple(slot for slot in mutant.slots if slot + abi.pointer <= size)
    return Mutant(
        f"size {size} instead of {len(mutant.request.data)}",
        Verdict.REFUSE,
        Request(data, mutant.request.regions[: len(kept)]),
        kept,
    )


def _sizes(abi: Abi, whole: Mutant, descriptors: list[Descriptor]) -> Iterator[Mutant]:
    size = len(whole.request.data)
    wanted = {abi.header_size, size - abi.alignment, size + abi.alignment, size + 64}
    for descriptor in descriptors:
        wanted |= {descriptor.offset, abi.align(descriptor.data)}
    for other in sorted(wanted - {size}):
        if other >= abi.header_size:
            yield _resized(abi, whole, other)


def _complex_bit(abi: Abi, whole: Mutant, routine: Routine) -> Iterator[Mutant]:
    bits = unpack_header(abi, whole.request.data).bits
    # An array[] that came inline may stand in a complex message.
    may_be_both = any(a.form is Form.INDEFINITE and a.sent for a in routine.arguments)
    verdict = Verdict.TOLERATE if may_be_both and not bits & BITS_COMPLEX else Verdict.REFUSE
    flipped = (bits ^ BITS_COMPLEX).to_bytes(4, "little")
    yield _changed(whole, "complex bit flipped", 0, flipped, verdict)


@dataclass(frozen=True, slots=True)
class _Bits:
    """A field of a descriptor: its word, its shift and its width."""

    name: str
    word: int
    shift: int
    width: int


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


def _descriptor(
    abi: Abi, whole: Mutant, descriptor: Descriptor, argument: Argument
) -> Iterator[Mutant]:
    for field in _bits(abi, descriptor.longform):
        at = descriptor.offset + 4 * field.word
        word = int.from_bytes(whole.request.data[at : at + 4], "little")
        limit = (1 << field.width) - 1
        old = word >> field.shift & limit
        for new in sorted({0, 1, old ^ 1, (old + 1) & limit, (old - 1) & limit, limit} - {old}):
            if _kernel_would_not_deliver(abi, whole, descriptor, field.name, new):
                continue
            changed = word & ~(limit << field.shift) | new << field.shift
            mutant = _changed(
                whole,
                f"{argument.name}: {field.name} {new} instead of {old}",
                at,
                changed.to_bytes(4, "little"),
                _verdict(abi, descriptor, argument, field.name, new),
            )
            if field.name == "number" and not descriptor.inline:
                mutant = _with_region(mutant, descriptor, (descriptor.size * new + 7) // 8)
            yield mutant


def _kernel_would_not_deliver(
    abi: Abi, whole: Mutant, descriptor: Descriptor, field: str, new: int
) -> bool:
    """Whether only the kernel's own failure could bring such a message about."""
    if field == "number" and not descriptor.inline:
        return descriptor.size * new > LARGEST_REGION * 8
    if field == "inline" and descriptor.inline:
        # In a complex message it would have been the kernel that put the pointer there.
        bits = unpack_header(abi, whole.request.data).bits
        return bool(bits & BITS_COMPLEX) and abi.align(descriptor.length) == abi.pointer
    return False


def _with_region(mutant: Mutant, descriptor: Descriptor, size: int) -> Mutant:
    """The kernel delivers as much memory as the descriptor says."""
    which = mutant.slots.index(descriptor.data)
    regions = list(mutant.request.regions)
    regions[which] = (regions[which] + bytes(size))[:size]
    return replace(mutant, request=replace(mutant.request, regions=tuple(regions)))


def _verdict(abi: Abi, descriptor: Descriptor, argument: Argument, field: str, new: int) -> Verdict:
    """How bad a change of a descriptor is."""
    loose = descriptor.longform or is_port_right(descriptor.name)
    if field in {"deallocate", "unused", "short fields"}:
        return Verdict.TOLERATE if loose else Verdict.REFUSE
    if field == "name" and argument.server_poly:
        return Verdict.SURVIVE
    if field == "number" and not descriptor.inline and argument.has_count:
        return Verdict.SURVIVE
    if field == "number" and (argument.has_count or argument.variable) and descriptor.inline:
        size = abi.align(descriptor.length)
        if abi.align((descriptor.size * new + 7) // 8) == size:
            return Verdict.SURVIVE
    return Verdict.REFUSE


def _tail(abi: Abi, whole: Mutant, descriptor: Descriptor, argument: Argument) -> Iterator[Mutant]:
    if not descriptor.inline:
        return
    end = descriptor.data + descriptor.length
    padding = abi.align(end) - end
    if padding:
        yield _changed(whole, f"{argument.name}: padding", end, b"\xa5" * padding, Verdict.TOLERATE)
    if argument.form is Form.STRING:
        yield _changed(
            whole,
            f"{argument.name}: no terminating zero",
            descriptor.data,
            b"A" * descriptor.length,
            Verdict.SURVIVE,
        )
