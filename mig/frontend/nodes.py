# SPDX-License-Identifier: GPL-2.0-or-later
"""The syntax tree: one frozen node per construct of the language, as written.

Nothing here is resolved or checked; names are names, expressions are expressions.
"""

from __future__ import annotations

from mig.frontend.diagnostics import Position
from mig.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias


@record
class Name:
    """An identifier and where it stands."""

    position: Position
    text: str


# Integer expressions.


@record
class Number:
    """A decimal literal."""

    position: Position
    value: int


@record
class Operation:
    """``left operator right``; the operator is one of ``+ - * /``, at `position`."""

    position: Position
    operator: str
    left: Expression
    right: Expression


Expression: TypeAlias = Number | Operation


# Types.


@record
class MessageTypeName:
    """``MACH_MSG_TYPE_X``, ``polymorphic`` or the number of a type."""

    position: Position
    text: str


@record
class Flag:
    """A word after a comma: ``dealloc``, ``dealloc[]``, ``CountInOut`` and so on (lower case)."""

    position: Position
    name: str
    maybe: bool


@record
class BasicType:
    """``X``, ``X|Y`` or ``(X|Y, size in bits, flags)``."""

    position: Position
    sent: MessageTypeName
    received: MessageTypeName | None
    size: Expression | None
    flags: tuple[Flag, ...]


@record
class NamedType:
    """The name of a type declared before."""

    position: Position
    name: str


@record
class ArrayType:
    """``array[n] of``: exactly `count` elements."""

    position: Position
    count: Expression
    element: TypeSpecification


@record
class VariableArrayType:
    """``array[*:n] of``, or ``array[] of`` when `maximum` is None."""

    position: Position
    maximum: Expression | None
    element: TypeSpecification


@record
class StructArrayType:
    """``struct[n] of``: like an array, but passed by value in C."""

    position: Position
    count: Expression
    element: TypeSpecification


@record
class PointerType:
    """``^ T``: out of line."""

    position: Position
    target: TypeSpecification


@record
class StructMember:
    """``T name;`` inside a struct."""

    position: Position
    type: NamedType
    name: Name


@record
class StructType:
    """``struct { ... }``."""

    position: Position
    members: tuple[StructMember, ...]


@record
class CStringType:
    """``c_string[n]``, or ``c_string[*:n]`` when `variable`."""

    position: Position
    size: Expression
    variable: bool


TypeSpecification: TypeAlias = (
    BasicType
    | NamedType
    | ArrayType
    | VariableArrayType
    | StructArrayType
    | PointerType
    | StructType
    | CStringType
)


@record
class Translation:
    """A clause after a type.

    Attributes:
        kind: ``intran``, ``intranpayload``, ``outtran``, ``destructor``, ``ctype``,
            ``cusertype`` or ``cservertype``.
        names: the identifiers of the clause in the order written.
    """

    position: Position
    kind: str
    names: tuple[Name, ...]


@record
class TypeDefinition:
    """``name = specification translations``."""

    name: Name
    specification: TypeSpecification
    translations: tuple[Translation, ...]


# Statements.


@record
class Subsystem:
    """``subsystem [KernelUser] [KernelServer] name base;``."""

    position: Position
    name: Name
    base: int
    kernel_user: bool
    kernel_server: bool


@record
class TypeDeclaration:
    """``type name = ...;``."""

    position: Position
    definition: TypeDefinition


@record
class Argument:
    """One argument of a routine.

    Attributes:
        direction: the word before the name in lower case, or None when there is none.
        type: the name of a type, or a definition written in place.
    """

    position: Position
    direction: str | None
    name: Name
    type: NamedType | TypeDefinition
    flags: tuple[Flag, ...]


@record
class Routine:
    """``routine name(...)`` or ``simpleroutine name(...)``."""

    position: Position
    name: Name
    simple: bool
    arguments: tuple[Argument, ...]


@record
class Skip:
    """``skip;`` or ``skip n;``: message ids that no routine has."""

    position: Position
    count: int


@record
class Import:
    """``import``, ``uimport`` or ``simport`` of a C header; `header` keeps its quotes."""

    position: Position
    user: bool
    server: bool
    header: str


@record
class ServerPrefix:
    """``serverprefix name;``, for the routines after it."""

    position: Position
    name: Name


@record
class UserPrefix:
    """``userprefix name;``, for the routines after it."""

    position: Position
    name: Name


@record
class ServerDemux:
    """``serverdemux name;``."""

    position: Position
    name: Name


@record
class WaitTime:
    """``waittime value;``, or ``nowaittime;`` when `value` is None."""

    position: Position
    value: str | None


@record
class MessageOption:
    """``msgoption value;``."""

    position: Position
    value: str


@record
class RcsId:
    """``rcsid "string";``; `text` keeps its quotes."""

    position: Position
    text: str


Statement: TypeAlias = (
    Subsystem
    | TypeDeclaration
    | Routine
    | Skip
    | Import
    | ServerPrefix
    | UserPrefix
    | ServerDemux
    | WaitTime
    | MessageOption
    | RcsId
)


@record
class Specification:
    """A whole preprocessed ``.defs``."""

    statements: tuple[Statement, ...]
