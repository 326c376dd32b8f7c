# SPDX-License-Identifier: GPL-2.0-or-later
"""The vector table: for each routine what a client passes, what the server function returns, and
what the other side must see of it.  Deterministic; knows no message and no compiler.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random

from tests.conformance.shapes import RECEIVED, Argument, Element, Form, Leaf, Role, Routine

SUCCESS = 0
ARRAY_TOO_LARGE = -307
TOO_MANY = 0xFFFFFFFF
"""A count for which a server function leaves the array as it is."""
REPLY_PORT = 0x77
"""The reply port that the runner gives to client stubs."""

ERRORS = (1, 4, 5, 22, 46, -300, -304, 0x7FFFFFFF, -0x80000000)
RANDOM_VECTORS = 6


@dataclass(frozen=True, slots=True)
class Datum:
    """A value of one argument: elements, each the integers of its leaves."""

    elements: tuple[tuple[int, ...], ...]
    right: int = 0
    dealloc: bool = False


@dataclass(frozen=True, slots=True)
class Vector:
    """One call.

    Attributes:
        arguments: what the client passes.
        code: what the server function returns.
        results: what it gives back when that is success.
        capacities: how many elements the client has room for, of what comes back.
    """

    routine: Routine
    label: str
    arguments: Mapping[str, Datum]
    code: int = SUCCESS
    results: Mapping[str, Datum] = field(default_factory=dict)
    capacities: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.routine.name} ({self.label})"

    @property
    def overflows(self) -> bool:
        """Whether more comes back than the client has room for."""
        return self.code == SUCCESS and any(
            a.form is Form.BOUNDED and len(self.results[a.name].elements) > self.capacities[a.name]
            for a in self.routine.arguments
            if a.returned
        )


def pack(element: Element, datum: Datum) -> bytes:
    """The bytes of a datum in memory, padding zero."""
    data = bytearray(element.size * len(datum.elements))
    for i, values in enumerate(datum.elements):
        for leaf, value in zip(element.leaves, values, strict=True):
            at = i * element.size + leaf.offset
            data[at : at + leaf.size] = (value % (1 << 8 * leaf.size)).to_bytes(leaf.size, "little")
    return bytes(data)


def text(datum: Datum) -> bytes:
    """The characters of a string with its terminating zero."""
    characters = bytes(values[0] for values in datum.elements)
    return characters[: characters.index(0) + 1]


# The table.


def agreed(client: Routine, server: Routine) -> Routine:
    """The client's shapes with the rights that one side may send and the other takes."""
    arguments = []
    for ours, theirs in zip(client.arguments, server.arguments, strict=True):
        sender, receiver = (theirs, ours) if ours.returned and not ours.sent else (ours, theirs)
        rights = tuple(r for r in sender.rights if RECEIVED.get(r, r) in receiver.accepts)
        arguments.append(replace(ours, rights=rights or sender.rights))
    return replace(client, arguments=tuple(arguments))


def vectors(routine: Routine, seed: str) -> list[Vector]:
    """The vectors of one routine: both extremes, each error once in a while, random ones."""
    random = Random(f"{seed}/{routine.name}")
    made = [
        _vector(routine, "everything least", random, 0),
        _vector(routine, "everything most", random, 1),
    ]
    made += [_vector(routine, f"random {i}", random, None) for i in range(RANDOM_VECTORS)]
    base = _vector(routine, "error", random, None)
    made += [
        Vector(routine, f"error {code}", base.arguments, code, {}, base.capacities)
        for code in random.sample(ERRORS, 2)
    ]
    bounded = [a for a in routine.arguments if a.returned and a.form is Form.BOUNDED]
    if bounded:
        full = _vector(routine, "no room", random, 1)
        capacities = {**full.capacities, **{a.name: a.count // 2 for a in bounded}}
        arguments = {
            name: Datum(datum.elements[: capacities.get(name)], datum.right, datum.dealloc)
            for name, datum in full.arguments.items()
        }
        made.append(Vector(routine, "no room", arguments, SUCCESS, full.results, capacities))
    return made


def _vector(routine: Routine, label: str, random: Random, extreme: int | None) -> Vector:
    arguments = {
        a.name: _datum(a, random, extreme)
        for a in routine.arguments
        if a.sent or a.role is not Role.DATA
    }
    results, capacities = {}, {}
    for a in routine.arguments:
        if not a.returned:
            continue
        results[a.name] = _datum(a, random, extreme)
        # The count of what goes in is at once the room for what comes back.
        capacities[a.name] = len(arguments[a.name].elements) if a.sent and a.has_count else a.count
    return Vector(routine, label, arguments, SUCCESS, results, capacities)


def _datum(argument: Argument, random: Random, extreme: int | None) -> Datum:
    element = argument.element
    if argument.role is Role.MESSAGE_OPTION:
        return Datum(((0x10 * (extreme or 0),),))
    if argument.form is Form.STRING:
        return Datum(_string(argument, random, extreme))
    count = _count(argument, random, extreme)
    if argument.role in {Role.REQUEST_PORT, Role.REPLY_PORT}:
        elements: Iterator[tuple[int, ...]] = iter([(random.randrange(1, 1 << 24),)])
    else:
        elements = (
            tuple(_integer(leaf, random, extreme) for leaf in element.leaves) for _ in range(count)
        )
    return Datum(tuple(elements), random.choice(argument.rights), bool(random.getrandbits(1)))


def _integer(leaf: Leaf, random: Random, extreme: int | None) -> int:
    """An integer to be cut to its leaf: 0, all ones, or any."""
    if leaf.boolean:
        return random.getrandbits(1) if extreme is None else extreme
    if extreme is not None:
        return -extreme
    return random.choice([random.getrandbits(64), random.getrandbits(8), -1, 0x8000000080000000])


def _count(argument: Argument, random: Random, extreme: int | None) -> int:
    if argument.form in {Form.VALUE, Form.ARRAY}:
        return argument.count
    if argument.form is Form.BOUNDED:
        choices = [argument.count] if extreme else [random.randint(0, argument.count)]
    elif argument.form is Form.INDEFINITE:
        choices = [argument.count + 1] if extreme else [1, 3, argument.count]
    else:
        choices = [700] if extreme else [0, 1, 2, 3, 41]
    return 0 if extreme == 0 else random.choice(choices)


def _string(argument: Argument, random: Random, extreme: int | None) -> tuple[tuple[int, ...], ...]:
    longest = argument.count - 1
    length = random.randint(0, longest) if extreme is None else longest * extreme
    characters = [random.randint(1, 255) for _ in range(length)]
    return tuple((c,) for c in characters + [0] * (argument.count - length))


# What the drivers read and write.


def _word(value: int) -> bytes:
    return struct.pack("<I", value % (1 << 32))


def _is_word(argument: Argument) -> bool:
    return argument.form is Form.VALUE and (
        argument.element.is_right or argument.role is not Role.DATA
    )


def _value(argument: Argument, datum: Datum) -> bytes:
    if _is_word(argument):
        return _word(datum.elements[0][0])
    return pack(argument.element, datum)


def client_input(vector: Vector) -> bytes:
    """What the client driver takes."""
    parts = []
    for a in vector.routine.arguments:
        if not a.user:
            continue
        datum = vector.arguments.get(a.name)
        if a.has_count:
            parts.append(_word(len(datum.elements) if datum else vector.capacities[a.name]))
        if datum:
            parts.append(_value(a, datum))
            if a.user_poly and a.asks:
                parts.append(_word(datum.right))
            if a.maybe_dealloc:
                parts.append(_word(datum.dealloc))
    return b"".join(parts)


def _arriving(argument: Argument, vector: Vector) -> Datum | None:
    """What a server function sees of an argument before it returns."""
    if argument.role is Role.SEQUENCE_NUMBER:
        return Datum(((0,),))
    if argument.role is Role.REPLY_PORT and not argument.user:
        return Datum(((REPLY_PORT,),), argument.rights[0])
    return vector.arguments[argument.name] if argument.sent else None


def server_record(vector: Vector) -> bytes:
    """What the server driver must write down."""
    parts = [_word(vector.routine.number)]
    for a in vector.routine.arguments:
        if not a.server:
            continue
        datum = _arriving(a, vector)
        if a.has_count:
            if datum:
                parts.append(_word(len(datum.elements)))
            elif a.form is not Form.REGION:
                room = vector.capacities[a.name] if a.counted else a.count
                parts.append(_word(min(room, a.count)))
        if datum:
            parts.append(text(datum) if a.form is Form.STRING else _value(a, datum))
            if a.server_poly and a.tells:
                parts.append(_word(RECEIVED[datum.right]))
            if a.server_copy:
                parts.append(_word(len(datum.elements) <= a.count))
    return b"".join(parts)


def server_input(vector: Vector, too_many: str = "") -> bytes:
    """What the server driver takes.

    Args:
        vector: the call.
        too_many: the argument of which the server function says to return more than there can be.
    """
    parts = [_word(vector.code)]
    if vector.code != SUCCESS:
        return parts[0]
    for a in vector.routine.arguments:
        if not (a.server and a.returned):
            continue
        datum = vector.results[a.name]
        if a.name == too_many:
            parts.append(_word(TOO_MANY))
        else:
            if a.has_count:
                parts.append(_word(len(datum.elements)))
            parts.append(_value(a, datum))
        if a.server_poly and a.answers:
            parts.append(_word(datum.right))
        if a.maybe_dealloc:
            parts.append(_word(datum.dealloc))
    return b"".join(parts)


def client_record(vector: Vector) -> bytes:
    """What the client driver must write down."""
    if vector.routine.simple:
        return _word(SUCCESS)
    if vector.overflows:
        return _word(ARRAY_TOO_LARGE)
    parts = [_word(vector.code)]
    if vector.code == SUCCESS:
        for a in vector.routine.arguments:
            if not (a.user and a.returned):
                continue
            datum = vector.results[a.name]
            if a.has_count:
                parts.append(_word(len(datum.elements)))
            parts.append(text(datum) if a.form is Form.STRING else _value(a, datum))
            if a.user_poly and a.tells:
                parts.append(_word(RECEIVED[datum.right]))
    return b"".join(parts)
