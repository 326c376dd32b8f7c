# SPDX-License-Identifier: GPL-2.0-or-later
"""The types of an interface held against the C types that they claim to be.

The headers are those that the stubs include: Mach's and the imports.  What exists in a kernel
only cannot be looked at from here, and is said to have been left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mig.checks.c_layout import LayoutError, Place
from mig.checks.c_parse import HeaderError, Headers, parse_headers
from mig.checks.correspondence import Comparison
from mig.checks.findings import Finding
from mig.checks.units import Unit, diagnostic
from mig.compile import source_of
from mig.frontend import nodes
from mig.frontend.diagnostics import Diagnostic, Position, Severity, SourceMap
from mig.frontend.preprocess import PreprocessError
from mig.model.types import Type

#: What stubs include of their own accord.
_STUBS_INCLUDE = (
    "<mach/kern_return.h>",
    "<mach/port.h>",
    "<mach/message.h>",
    "<mach/std_types.h>",
    "<mach/mach_types.h>",
)


def check_headers(unit: Unit) -> list[Finding]:
    """Every type that a routine takes against its C type on either side."""
    model = unit.model
    user = _include(unit, user=True)
    server = user if _includes(unit, user=True) == _includes(unit, user=False) else None
    findings = [*_missing(unit, user)]
    findings += _Side(unit, user, in_kernel=model.kernel_user).check(server=False)
    if model.kernel_server:
        findings += _Side(unit, user, in_kernel=True).check(server=True)
    else:
        if server is None:
            server = _include(unit, user=False)
            findings += _missing(unit, server)
        findings += _Side(unit, server, in_kernel=False).check(server=True)
    unique: dict[Finding, None] = dict.fromkeys(findings)
    return list(unique)


@dataclass(frozen=True, slots=True)
class _Included:
    """Headers, the way back to their source, and those that were not found."""

    headers: Headers
    source: SourceMap
    missing: frozenset[str]
    problem: str = ""


def _includes(unit: Unit, *, user: bool) -> list[str]:
    imports = (entry for entry in unit.model.imports if (entry.user if user else entry.server))
    return [*_STUBS_INCLUDE, *(entry.header for entry in imports)]


def _include(unit: Unit, *, user: bool) -> _Included:
    model = unit.model
    includes = _includes(unit, user=user)
    try:
        headers = parse_headers(includes, model.abi, unit.preprocessor, unit.options)
    except (PreprocessError, HeaderError) as error:
        headers = parse_headers((), model.abi, unit.preprocessor, ())
        return _Included(headers, source_of("", "<text>"), frozenset(), str(error))
    return _Included(headers, source_of(headers.text, "<text>"), frozenset(headers.missing))


def _missing(unit: Unit, included: _Included) -> Iterator[Finding]:
    """Headers that could not be had."""
    model = unit.model
    if included.problem:
        first = included.problem.splitlines()[0]
        text = f"the C headers cannot be read, so no type is held against them: {first}"
        yield _finding(unit, "c-header", Severity.WARNING, model.position, text)
    for node in unit.tree.statements:
        if isinstance(node, nodes.Import) and node.header in included.missing:
            text = f"{node.header} is not found: types that it declares are not checked"
            yield _finding(unit, "c-header", Severity.WARNING, node.position, text)
    for place, reason in included.headers.refused:
        text = f"this declaration is not understood: {reason}"
        note = diagnostic(included.source, Severity.NOTE, _position(place), text)
        yield Finding("c-header", note, (), (model.abi.name,))


class _Side:
    """The user's side of an interface or the server's."""

    def __init__(self, unit: Unit, included: _Included, *, in_kernel: bool) -> None:
        self._unit = unit
        self._included = included
        self._in_kernel = in_kernel
        self._layouts = included.headers.layouts
        self._kernel_types: set[str] = set()
        self._comparison = Comparison(unit.model.abi, self._layouts, right=self._size_of_right())

    def _size_of_right(self) -> int:
        """Tasks have names of rights; what a kernel has, its own headers say."""
        model = self._unit.model
        if not (model.kernel_user or model.kernel_server):
            return model.abi.port_name
        try:
            port = self._layouts.named("mach_port_t")
        except LayoutError:
            port = None
        return model.abi.port_name if port is None else port.size

    def check(self, *, server: bool) -> Iterator[Finding]:
        """Every type that this side has, once."""
        if self._included.problem:
            return
        seen: set[tuple[Position, str]] = set()
        for routine in self._unit.model.defined_routines:
            for argument in routine.arguments:
                if not (argument.server if server else argument.user):
                    continue
                for kind, needed in _within(argument.type, needed=True):
                    name = kind.server_type if server else kind.user_type
                    # The language's own types have no place and no doubt about them.
                    if name and kind.position.line and (kind.position, name) not in seen:
                        seen.add((kind.position, name))
                        yield from self._type(kind, name, needed)

    def _type(self, kind: Type, name: str, needed: bool) -> Iterator[Finding]:
        unit = self._unit
        try:
            c_type = self._layouts.named(name)
        except LayoutError as error:
            text = f"the size of C's '{name}' cannot be found: {error}"
            yield self._about(kind, "c-unknown", Severity.WARNING, text, name)
            return
        if c_type is None:
            if not needed:
                return
            if self._in_kernel:
                if name in self._kernel_types:
                    return
                self._kernel_types.add(name)
                text = f"'{name}' is a type of the kernel: it is not checked"
                yield _finding(unit, "c-kernel", Severity.NOTE, kind.position, text)
            else:
                text = f"C's '{name}' is declared by none of the headers that stubs include"
                yield _finding(unit, "c-unknown", Severity.WARNING, kind.position, text)
            return
        for difference in self._comparison.differences(kind, c_type, name):
            severity = Severity.WARNING if difference.doubtful else Severity.ERROR
            yield self._about(kind, difference.check, severity, difference.message, name)

    def _about(
        self, kind: Type, check: str, severity: Severity, message: str, c_name: str
    ) -> Finding:
        unit = self._unit
        place = self._layouts.place(c_name)
        notes: tuple[Diagnostic, ...] = ()
        if place is not None:
            text = f"C's '{c_name}' is declared here"
            position = _position(place)
            notes = (diagnostic(self._included.source, Severity.NOTE, position, text),)
        main = unit.diagnostic(severity, kind.position, message)
        return Finding(check, main, notes, (unit.model.abi.name,))


def _within(kind: Type, *, needed: bool) -> Iterator[tuple[Type, bool]]:
    """A type and those inside it; whether C must know its name."""
    yield kind, needed
    if kind.element is not None and kind.element.name:
        yield from _within(kind.element, needed=False)
    for member in kind.members:
        yield from _within(member.type, needed=False)


def _finding(
    unit: Unit, check: str, severity: Severity, position: Position, message: str
) -> Finding:
    return Finding(check, unit.diagnostic(severity, position, message), (), (unit.model.abi.name,))


def _position(place: Place) -> Position:
    return Position(place.file, place.line, place.column)
