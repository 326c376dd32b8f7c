# SPDX-License-Identifier: GPL-2.0-or-later
"""Shapes from the compiler's resolved model: the only place that knows both."""

from collections.abc import Iterator

from mig.model.routines import Argument as ModelArgument
from mig.model.routines import Model
from mig.model.routines import Role as ModelRole
from mig.model.routines import Routine as ModelRoutine
from mig.model.types import Deallocate, Type
from tests.conformance.shapes import (
    RECEIVED,
    Argument,
    Element,
    Form,
    Interface,
    Leaf,
    Role,
    Routine,
)

NAME_SIZE = 4
"""Of a right in a user task; in the kernel it is a pointer."""

_ROLES = {
    ModelRole.REQUEST_PORT: Role.REQUEST_PORT,
    ModelRole.REPLY_PORT: Role.REPLY_PORT,
    ModelRole.USER_REPLY_PORT: Role.REPLY_PORT,
    ModelRole.SERVER_REPLY_PORT: Role.REPLY_PORT,
    ModelRole.WAIT_TIME: Role.WAIT_TIME,
    ModelRole.MESSAGE_OPTION: Role.MESSAGE_OPTION,
    ModelRole.SEQUENCE_NUMBER: Role.SEQUENCE_NUMBER,
    ModelRole.DATA: Role.DATA,
}


def interface(model: Model, *, in_kernel: bool) -> Interface:
    """The shapes of a subsystem as a side sees them that is the kernel's or a user task's."""
    right = model.abi.word if in_kernel else NAME_SIZE
    return Interface(
        model.name,
        model.server_demux,
        tuple(_routine(i, routine, right) for i, routine in enumerate(model.defined_routines)),
    )


def _routine(index: int, routine: ModelRoutine, right: int) -> Routine:
    return Routine(
        index,
        routine.name,
        routine.message_id,
        routine.simple,
        tuple(_argument(routine, a, right) for a in routine.arguments if a.parent is None),
    )


def _argument(routine: ModelRoutine, argument: ModelArgument, right: int) -> Argument:
    kind = argument.type
    form = _form(kind)
    element = _element(kind, form, right)
    role = _ROLES[argument.role]
    poly = routine.implied(argument, ModelRole.POLYMORPHIC)
    return Argument(
        name=argument.name,
        role=role,
        form=form,
        element=element,
        count=_count(kind, form),
        sent=role is not Role.DATA or argument.in_request,
        returned=role is Role.DATA and argument.in_reply,
        user=argument.user,
        server=argument.server,
        counted=argument.count_in_out,
        maybe_dealloc=argument.deallocate is Deallocate.MAYBE,
        user_poly=poly is not None and poly.user,
        server_poly=poly is not None and poly.server,
        asks=kind.sent.is_polymorphic,
        tells=kind.received.is_polymorphic,
        answers=poly is not None and poly.from_server,
        server_copy=argument.server_copy,
        rights=_rights(kind),
        accepts=tuple(RECEIVED) if kind.received.is_polymorphic else (kind.received.number,),
        variable=kind.variable,
    )


def _rights(kind: Type) -> tuple[int, ...]:
    if not kind.sent.is_polymorphic:
        return (kind.sent.number,)
    if kind.received.is_polymorphic:
        return tuple(RECEIVED)
    return tuple(sent for sent, received in RECEIVED.items() if received == kind.received.number)


def _form(kind: Type) -> Form:
    if not kind.inline:
        return Form.REGION
    if kind.indefinite:
        return Form.INDEFINITE
    if kind.string:
        return Form.STRING
    if kind.variable:
        return Form.BOUNDED
    return Form.VALUE if kind.by_value else Form.ARRAY


def _element(kind: Type, form: Form, right: int) -> Element:
    if form is Form.STRING:
        return Element(1, (Leaf(0, 1),), False)
    if form is not Form.VALUE:
        assert kind.element is not None, kind.name
        kind = kind.element
    if kind.is_port:
        return Element(right, (Leaf(0, NAME_SIZE),), True)
    return Element(kind.bytes, tuple(_leaves(kind, 0)), False)


def _leaves(kind: Type, offset: int) -> Iterator[Leaf]:
    if kind.members:
        for member in kind.members:
            yield from _leaves(member.type, offset + member.offset)
    elif kind.element is not None:
        for at in range(0, kind.bytes, kind.element.bytes):
            yield from _leaves(kind.element, offset + at)
    else:
        yield Leaf(offset, kind.bytes, kind.sent.symbol == "MACH_MSG_TYPE_BOOLEAN")


def _count(kind: Type, form: Form) -> int:
    if form is Form.VALUE:
        return 1
    if form is Form.STRING:
        return kind.bytes
    if form is Form.REGION:
        return 0
    return kind.maximum_count
