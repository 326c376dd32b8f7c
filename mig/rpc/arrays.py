# SPDX-License-Identifier: GPL-2.0-or-later
"""Arrays of structures as they lie in a message, decoded when they are looked at."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from struct import Struct, error
from typing import Any, Generic, TypeVar, overload

from mig.rpc.message import Region

T = TypeVar("T", bound=tuple[Any, ...])


def fixed_bytes(value: bytes, size: int) -> bytes:
    """Return a structure's array of characters, which struct fills up with zeros.

    Raises:
        struct.error: it is too long.
    """
    if len(value) > size:
        raise error(f"at most {size} bytes, not {len(value)}")
    return value


class StructLayout(Generic[T]):
    """How one structure lies in memory.

    Attributes:
        struct: its members, flattened, and its padding.
        make: builds the structure from the members that ``struct`` unpacks.
        flatten: the members that ``struct`` packs, of a structure.
    """

    __slots__ = ("flatten", "make", "struct")

    def __init__(
        self,
        layout: str,
        kind: type[T],
        *,
        make: Callable[[Iterable[Any]], T] | None = None,
        flatten: Callable[[T], Iterable[Any]] = iter,
    ) -> None:
        """Set a layout up.

        Args:
            layout: struct format.
            kind: a NamedTuple with as many fields as the format, unless `make` is given.
            make: builds one where a field is more than one member.
            flatten: takes one apart then.
        """
        self.struct = Struct(layout)
        # _make would count the members, which struct has done.
        self.make: Callable[[Iterable[Any]], T] = make or partial(tuple.__new__, kind)
        self.flatten = flatten

    def unpack(self, data: Region) -> T:
        """Return the structure that these bytes are, exactly."""
        return self.make(self.struct.unpack(data))

    def pack_one(self, value: T) -> bytes:
        """Return the bytes of a structure.

        Raises:
            struct.error: a member does not fit its field.
        """
        return self.struct.pack(*self.flatten(value))

    def pack(self, values: Iterable[T]) -> bytes:
        """Return the bytes of structures, one after another.

        Raises:
            struct.error: a member does not fit its field.
        """
        if isinstance(values, StructArray) and values.layout.struct.format == self.struct.format:
            return bytes(values.buffer)
        pack, flatten = self.struct.pack, self.flatten
        return b"".join(pack(*flatten(value)) for value in values)


class StructArray(Sequence[T]):
    """A sequence of structures over the bytes that came in a message.

    ``buffer`` is those bytes, for numpy.frombuffer and the like.
    """

    __slots__ = ("buffer", "layout")

    def __init__(self, layout: StructLayout[T], buffer: Region) -> None:
        if len(buffer) % layout.struct.size:
            raise ValueError(
                f"{len(buffer)} bytes are not a multiple of the {layout.struct.size} of a structure"
            )
        self.layout = layout
        self.buffer = buffer

    def __len__(self) -> int:
        return len(self.buffer) // self.layout.struct.size

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> "StructArray[T]": ...

    def __getitem__(self, index: int | slice) -> "T | StructArray[T]":
        size = self.layout.struct.size
        where = range(len(self))[index]
        if isinstance(where, int):
            return self.layout.make(self.layout.struct.unpack_from(self.buffer, where * size))
        if where.step == 1:
            return StructArray(self.layout, self.buffer[where.start * size : where.stop * size])
        return StructArray(
            self.layout, b"".join(self.buffer[at * size : (at + 1) * size] for at in where)
        )

    def __iter__(self) -> Iterator[T]:
        return map(self.layout.make, self.layout.struct.iter_unpack(self.buffer))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StructArray):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[str, bytes]:
        return self.layout.struct.format, bytes(self.buffer)

    def __repr__(self) -> str:
        return f"StructArray({list(self[:3])!r}{', ...' if len(self) > 3 else ''})"
