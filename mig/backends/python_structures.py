# SPDX-License-Identifier: GPL-2.0-or-later
"""Structures in generated Python: NamedTuples, their layout on an ABI, and imports."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import PurePath

from mig.backends.python_comments import comment_beside, entry
from mig.backends.python_text import Source
from mig.backends.python_values import (
    Block,
    Items,
    Scalar,
    Structure,
    StructureItems,
    Value,
    is_flat,
    members,
    packing,
)

#: Names that a tuple has already, with other types.
_TUPLE_METHODS = frozenset({"count", "index"})


def write_imports(
    source: Source, homes: Mapping[str, Collection[str]], types: Collection[str] = ()
) -> None:
    """Write import statements in ruff's order: Python's, the runtime's, the package's."""
    runtime = sorted(home for home in homes if home.startswith("mig."))
    groups = [sorted(set(homes) - set(runtime)), runtime]
    before = False
    for group in groups:
        if group and before:
            source.line()
        before = before or bool(group)
        for home in group:
            write_import(source, home, homes[home])
    if types:
        source.line()
        write_import(source, ".types", types)


def import_order(name: str) -> tuple[bool, bool, str]:
    """Sort key of imported names: constants, classes, functions."""
    return not name.isupper(), name[:1].islower(), name.lower()


def write_import(source: Source, home: str, names: Collection[str]) -> None:
    """Write one import statement."""
    ordered = sorted(names, key=import_order)
    flat = f"from {home} import {', '.join(ordered)}"
    if len(flat) <= 100:
        source.line(flat)
    else:
        source.listing(f"from {home} import (", ordered, ")", exploded=True)


def write_named_tuple(
    source: Source, structure: Structure, sources: Mapping[str, Sequence[str]]
) -> None:
    """Write the class of a structure, with what the interface says beside its members."""
    position = structure.position
    fields = [(field.name, field.value.annotation) for field in structure.fields]
    details: list[str] = []
    for field in structure.fields:
        others = [other.position for other in structure.fields if other is not field]
        said = comment_beside(sources, field.position, [position, *others])
        details += entry(field.name, said) if said else ()
    if details:
        details.insert(0, "Attributes:")
    summary = f"``{structure.name}``, {PurePath(position.file).name}:{position.line}."
    write_tuple_class(source, structure.annotation, summary, fields, details)


def write_tuple_class(
    source: Source,
    name: str,
    summary: str,
    fields: Iterable[tuple[str, str]],
    details: Sequence[str] = (),
) -> None:
    """Write a NamedTuple class."""
    source.lines("", "")
    with source.block(f"class {name}(NamedTuple):"):
        source.docstring(summary, details)
        source.line()
        for field, annotation in fields:
            shadows = "  # type: ignore[assignment]" if field in _TUPLE_METHODS else ""
            source.line(f"{field}: {annotation}{shadows}")


def write_layout(source: Source, structure: Structure, use: Callable[[str], str]) -> None:
    """Write the layout of a structure, and what takes it apart where that is not plain.

    Args:
        source: where to.
        structure: the structure.
        use: imports a name of the runtime's.
    """
    name = structure.annotation
    suffix = structure.layout.removesuffix("_LAYOUT").lower()
    arguments = [f'"<{packing(structure)}"', name]
    if not is_flat(structure):
        arguments.append(f"make=_make{suffix}")
        source.lines("", "")
        with source.block(
            f"def _make{suffix}(members: {use('Iterable')}[{use('Any')}]) -> {name}:"
        ):
            source.line("member = tuple(members)")
            source.listing(f"return {name}(", [*_made(structure)], ")")
    if not all(isinstance(field.value, Scalar) for field in structure.fields):
        arguments.append(f"flatten=_flatten{suffix}")
        source.lines("", "")
        with source.block(f"def _flatten{suffix}(value: {name}) -> tuple[{use('Any')}, ...]:"):
            source.tuple("return", [*_flattened(structure, "value", use)])
    if len(arguments) > 2:
        source.lines("", "")
    else:
        source.line()
    source.listing(f"{structure.layout} = StructLayout(", arguments, ")")


def _made(structure: Structure, start: int = 0) -> Iterable[str]:
    for field in structure.fields:
        yield _make_value(field.value, start)
        start += members(field.value)


def _make_value(value: Value, start: int) -> str:
    match value:
        case Items(count=count):
            return f"member[{start}:{start + count}]"
        case Structure():
            return f"{value.annotation}({', '.join(_made(value, start))})"
        case StructureItems(structure=structure, count=count):
            each = members(structure)
            made = (_make_value(structure, start + index * each) for index in range(count))
            return f"({', '.join(made)},)"
    return f"member[{start}]"


def _flattened(structure: Structure, owner: str, use: Callable[[str], str]) -> Iterable[str]:
    for field in structure.fields:
        yield from _flatten_value(field.value, f"{owner}.{field.name}", use)


def _flatten_value(value: Value, place: str, use: Callable[[str], str]) -> Iterable[str]:
    match value:
        case Scalar():
            yield place
        case Block(length=length):
            yield f"{use('fixed_bytes')}({place}, {length})"
        case Items():
            yield f"*{place}"
        case Structure():
            yield from _flattened(value, place, use)
        case StructureItems(structure=structure, count=count):
            for index in range(count):
                yield from _flattened(structure, f"{place}[{index}]", use)
