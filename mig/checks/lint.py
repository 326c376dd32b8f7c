# SPDX-License-Identifier: GPL-2.0-or-later
"""What is doubtful about interfaces that compile, found without looking at C.

What is plainly wrong the compiler refuses; it never gets here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mig.checks.findings import Finding
from mig.checks.units import Unit
from mig.frontend import nodes
from mig.frontend.diagnostics import Diagnostic, Position, Severity
from mig.model.layout import MessageLayout
from mig.model.routines import REPLY_OFFSET, Routine

#: A kernel's stack has this many bytes, and the stubs of its own calls keep messages on it.
_KERNEL_STACK = 4096
#: Larger messages are better sent out of line.
_LARGE_MESSAGE = 16384
#: Message ids of the kernel's notifications, which arrive at ports of every sort.
_NOTIFICATIONS = range(64, 73)
# fmt: off
_CXX_KEYWORDS = {
    "alignas", "alignof", "bool", "catch", "char16_t", "char32_t", "char8_t", "class", "concept",
    "constexpr", "const_cast", "decltype", "delete", "dynamic_cast", "explicit", "export", "false",
    "friend", "mutable", "namespace", "new", "noexcept", "nullptr", "operator", "private",
    "protected", "public", "reinterpret_cast", "requires", "static_assert", "static_cast",
    "template", "this", "throw", "true", "try", "typeid", "typename", "using", "virtual", "wchar_t",
}
# fmt: on


def lint(units: Sequence[Unit]) -> list[Finding]:
    """Everything doubtful about each interface, and about all of them together."""
    findings: list[Finding] = []
    for unit in units:
        findings += _warnings(unit)
        findings += _unused_types(unit)
        findings += _names(unit)
        findings += _sizes(unit)
        findings += _message_ids(unit)
    findings += _duplicate_ids(units)
    findings += _duplicate_functions(units)
    return findings


def _finding(
    unit: Unit,
    check: str,
    severity: Severity,
    position: Position,
    message: str,
    other: tuple[Unit, Position, str] | None = None,
) -> Finding:
    notes: tuple[Diagnostic, ...] = ()
    if other is not None:
        there, place, text = other
        notes = (there.diagnostic(Severity.NOTE, place, text),)
    main = unit.diagnostic(severity, position, message)
    return Finding(check, main, notes, (unit.model.abi.name,))


def _warnings(unit: Unit) -> Iterator[Finding]:
    """What the compiler warns of, each warning with the notes behind it."""
    groups: list[list[Diagnostic]] = []
    for diagnostic in unit.model.warnings:
        if diagnostic.severity is Severity.NOTE and groups:
            groups[-1].append(diagnostic)
        else:
            groups.append([diagnostic])
    for main, *notes in groups:
        yield Finding("compiler", main, tuple(notes), (unit.model.abi.name,))


# Types.


def _unused_types(unit: Unit) -> Iterator[Finding]:
    """Types that the interface itself declares and nothing needs; included files are libraries."""
    declared = {
        node.definition.name.text: node.definition
        for node in unit.tree.statements
        if isinstance(node, nodes.TypeDeclaration)
    }
    used: set[str] = set()
    pending = [
        name
        for node in unit.tree.statements
        if isinstance(node, nodes.Routine)
        for argument in node.arguments
        for name in _names_in(argument.type)
    ]
    while pending:
        name = pending.pop()
        if name not in used:
            used.add(name)
            pending += _names_in(declared[name]) if name in declared else ()
    for name, definition in declared.items():
        if name not in used and definition.name.position.file == unit.model.file:
            text = f"type '{name}' is not used by any routine"
            yield _finding(unit, "unused-type", Severity.WARNING, definition.name.position, text)


def _names_in(
    node: nodes.TypeSpecification | nodes.TypeDefinition | nodes.NamedType,
) -> Iterator[str]:
    """The names of types that a specification refers to."""
    match node:
        case nodes.TypeDefinition():
            yield from _names_in(node.specification)
        case nodes.NamedType():
            yield node.name
        case nodes.ArrayType() | nodes.VariableArrayType() | nodes.StructArrayType():
            yield from _names_in(node.element)
        case nodes.PointerType():
            yield from _names_in(node.target)
        case nodes.StructType():
            for member in node.members:
                yield from _names_in(member.type)


# Names and sizes.


def _names(unit: Unit) -> Iterator[Finding]:
    """Names that a C++ program which includes the header trips over."""
    for routine in unit.model.defined_routines:
        named = [(routine.name, routine.position)]
        named += [(argument.name, argument.position) for argument in routine.arguments]
        for name, position in named:
            if name in _CXX_KEYWORDS:
                text = f"'{name}' is a keyword of C++, which cannot include this header"
                yield _finding(unit, "cxx-keyword", Severity.WARNING, position, text)


def _sizes(unit: Unit) -> Iterator[Finding]:
    model = unit.model
    limit = _KERNEL_STACK if model.kernel_user else _LARGE_MESSAGE
    for routine in model.defined_routines:
        for what, layout in (("request", routine.request), ("reply", routine.reply)):
            if layout is None or layout.maximum_size <= limit:
                continue
            why = (
                f"and a kernel's stack has {_KERNEL_STACK}"
                if model.kernel_user
                else f"which stubs keep on the stack; '{_largest(layout)}' could go out of line"
            )
            text = f"the {what} of '{routine.name}' has up to {layout.maximum_size} bytes, {why}"
            yield _finding(unit, "large-message", Severity.WARNING, routine.position, text)


def _largest(layout: MessageLayout) -> str:
    return max(layout.fields, key=lambda field: field.maximum_size).name


# Message ids.


def _message_ids(unit: Unit) -> Iterator[Finding]:
    model = unit.model
    last = model.base + len(model.routines) - 1
    for routine in model.defined_routines:
        if routine.message_id in _NOTIFICATIONS and model.base != _NOTIFICATIONS[0]:
            text = f"message id {routine.message_id} is that of a notification from the kernel"
            yield _finding(unit, "notification-id", Severity.WARNING, routine.position, text)
    tail = 0
    for entry in reversed(model.routines):
        if entry is not None:
            break
        tail += 1
    if model.routines and tail == len(model.routines):
        text = (
            f"subsystem '{model.name}' skips message ids {model.base} to {last} and has no routine"
        )
        yield _finding(unit, "no-routine", Severity.WARNING, model.position, text)


def _duplicate_ids(units: Sequence[Unit]) -> Iterator[Finding]:
    """Message ids that two interfaces share, as requests or as request and reply."""
    for number, unit in enumerate(units):
        for other in units[:number]:
            if other.model.abi is not unit.model.abi:
                continue
            earlier = {routine.message_id: routine for routine in other.model.defined_routines}
            replies = _replies(other)
            for routine in unit.model.defined_routines:
                same = earlier.get(routine.message_id)
                if same is not None:
                    text = f"message id {routine.message_id} of '{routine.name}' is taken already"
                    note = f"'{same.name}' of subsystem '{other.model.name}' has it"
                    yield _finding(
                        unit,
                        "duplicate-id",
                        Severity.ERROR,
                        routine.position,
                        text,
                        (other, same.position, note),
                    )
                yield from _reply_collision(unit, routine, other, replies.get(routine.message_id))
            for routine in earlier.values():
                yield from _reply_collision(
                    other, routine, unit, _replies(unit).get(routine.message_id)
                )


def _replies(unit: Unit) -> dict[int, Routine]:
    return {
        routine.reply_id: routine
        for routine in unit.model.defined_routines
        if routine.reply_id is not None
    }


def _reply_collision(
    unit: Unit, routine: Routine, other: Unit, replied: Routine | None
) -> Iterator[Finding]:
    if replied is None:
        return
    text = (
        f"message id {routine.message_id} of '{routine.name}' is a reply's: replies have the"
        f" request's id plus {REPLY_OFFSET}"
    )
    note = f"'{replied.name}' of subsystem '{other.model.name}' has that reply"
    place = other, replied.position, note
    yield _finding(unit, "reply-id", Severity.ERROR, routine.position, text, place)


def _duplicate_functions(units: Sequence[Unit]) -> Iterator[Finding]:
    """C functions that two interfaces define, which no program could link."""
    for number, unit in enumerate(units):
        for other in units[:number]:
            if other.model.abi is not unit.model.abi:
                continue
            earlier = {routine.user_name: routine for routine in other.model.defined_routines}
            for routine in unit.model.defined_routines:
                same = earlier.get(routine.user_name)
                if same is not None:
                    text = f"the C function '{routine.user_name}' is defined twice"
                    note = f"it is defined by subsystem '{other.model.name}', too"
                    place = other, same.position, note
                    yield _finding(
                        unit, "duplicate-function", Severity.ERROR, routine.position, text, place
                    )
