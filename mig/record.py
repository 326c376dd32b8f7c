# SPDX-License-Identifier: GPL-2.0-or-later
"""Immutable values with named fields: what the compiler's nodes and models are made of.

A class with annotations becomes what ``@dataclass(frozen=True, slots=True)`` would make of it, to
type checkers too, but costs a fiftieth of the time to define: the compiler defines dozens in every
run, and that time is longer than most compilations.  Knows nothing of the compiler.
"""

from __future__ import annotations

from operator import attrgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar, cast, dataclass_transform

    T = TypeVar("T")
else:

    def dataclass_transform(**_: object) -> Callable[[T], T]:
        """Nothing; the module `typing` takes long to import."""
        return lambda decorator: decorator

    def cast(_: object, value: T) -> T:
        """The value."""
        return value


@dataclass_transform(frozen_default=True)
def record(cls: type[T]) -> type[T]:
    """Make a class of annotated fields, and perhaps methods, an immutable value with slots.

    Values are equal when they are of one class and their fields are equal.  Setting or deleting
    a field raises AttributeError.  Classes do not inherit fields.
    """
    names = tuple(cls.__annotations__)
    dropped = {*names, "__dict__", "__weakref__"}
    body: dict[str, Any] = {k: v for k, v in vars(cls).items() if k not in dropped}
    defaults = {name: vars(cls)[name] for name in names if name in vars(cls)}
    body |= {"__slots__": names, "__match_args__": names}
    made: Any = type(cls.__name__, cls.__bases__, {**_METHODS, **body})
    made.__init__ = _initializer(made, names, defaults)
    made._values = _values_of(names)
    return cast("type[T]", made)


def replace(value: T, **changes: object) -> T:
    """A copy of a record in which some fields are different.

    Raises:
        TypeError: when there is no field of a name.
    """
    cls: Any = type(value)
    values = dict(zip(cls.__match_args__, cls._values(value), strict=True)) | changes
    if len(values) > len(cls.__match_args__):
        raise TypeError(f"{cls.__qualname__} has no field {set(changes) - set(cls.__match_args__)}")
    return cast("T", cls(*values.values()))


def _initializer(
    cls: Any, names: tuple[str, ...], defaults: dict[str, object]
) -> Callable[..., None]:
    """What makes and installs ``__init__`` on first use; many classes have none in a run."""

    def initialize(self: object, *values: object, **named: object) -> None:
        scope: dict[str, Any] = {f"default_{name}": value for name, value in defaults.items()}
        scope |= {f"set_{name}": getattr(cls, name).__set__ for name in names}
        parameters = (f"{n}=default_{n}" if n in defaults else n for n in names)
        body = "; ".join(f"set_{name}(self, {name})" for name in names)
        exec(f"def __init__(self, {', '.join(parameters)}): {body}", scope)
        cls.__init__ = scope["__init__"]
        cls.__init__.__qualname__ = cls.__name__
        cls.__init__(self, *values, **named)

    return initialize


def _values_of(names: tuple[str, ...]) -> Callable[[object], tuple[Any, ...]]:
    """What takes a record apart."""
    if len(names) == 1:
        return lambda value: (getattr(value, names[0]),)
    return attrgetter(*names)


def _equal(self: Any, other: Any) -> Any:
    cls = type(self)
    return cls._values(self) == cls._values(other) if cls is type(other) else NotImplemented


def _hash(self: Any) -> int:
    return hash(type(self)._values(self))


def _show(self: Any) -> str:
    fields = zip(self.__match_args__, type(self)._values(self), strict=True)
    return f"{type(self).__qualname__}({', '.join(f'{name}={value!r}' for name, value in fields)})"


def _refuse(self: object, name: str, *_: object) -> None:
    raise AttributeError(f"{type(self).__name__}.{name} cannot change", name=name, obj=self)


def _reduce(self: Any) -> tuple[object, ...]:
    return type(self), type(self)._values(self)


_METHODS = {
    "__eq__": _equal,
    "__hash__": _hash,
    "__repr__": _show,
    "__setattr__": _refuse,
    "__delattr__": _refuse,
    "__reduce__": _reduce,
}
