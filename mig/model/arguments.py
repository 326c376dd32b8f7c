# SPDX-License-Identifier: GPL-2.0-or-later
"""From the arguments of one routine, as written, to its resolved arguments and message layouts."""

from __future__ import annotations

from mig.frontend import nodes
from mig.frontend.diagnostics import Diagnostics, Position
from mig.model import builtin
from mig.model.abi import Abi
from mig.model.declarations import DEALLOCATION_FLAGS, TypeTable, deallocation
from mig.model.layout import FieldKind, FieldSpecification, MessageLayout, lay_out
from mig.model.names import check_name
from mig.model.routines import Argument, Direction, Role
from mig.model.types import Deallocate, Type, needs_long_form
from mig.record import replace

_ROLES = {
    "requestport": Role.REQUEST_PORT,
    "replyport": Role.REPLY_PORT,
    "ureplyport": Role.USER_REPLY_PORT,
    "sreplyport": Role.SERVER_REPLY_PORT,
    "waittime": Role.WAIT_TIME,
    "msgoption": Role.MESSAGE_OPTION,
    "msgseqno": Role.SEQUENCE_NUMBER,
}
_SERVER_ONLY = (Role.SERVER_REPLY_PORT, Role.SEQUENCE_NUMBER)
_USER_ONLY = (Role.USER_REPLY_PORT, Role.WAIT_TIME, Role.MESSAGE_OPTION)


class ArgumentResolver:
    """Resolves the arguments of one routine.

    Attributes:
        resolved: the arguments of the C functions in order, implied ones behind their parents.
    """

    def __init__(
        self, abi: Abi, types: TypeTable, diagnostics: Diagnostics, routine: nodes.Routine
    ) -> None:
        self._abi = abi
        self._types = types
        self._diagnostics = diagnostics
        self._routine = routine
        self._positions: dict[str, Position] = {}
        arguments: list[Argument] = []
        for node in routine.arguments:
            argument = self._resolve(node, arguments)
            self._check(node, argument, arguments)
            arguments.append(argument)
            arguments += self._implied(argument)
        self.resolved = tuple(arguments)
        if not any(argument.role is Role.REQUEST_PORT for argument in arguments):
            name = routine.name
            diagnostics.error(name.position, f"routine '{name.text}' has no request port")
        self._check_names()

    def request_layout(self, message_id: int) -> MessageLayout:
        """Layout of the request."""
        fields = []
        for argument in self.resolved:
            if argument.role is Role.DATA and argument.in_request:
                fields.append(_field(argument))
            elif argument.role is Role.COUNT and argument.count_in_out:
                assert argument.parent is not None
                fields.append(_count_field(self._abi, argument.name, argument.parent))
        return lay_out(self._abi, message_id, fields)

    def reply_layout(self, message_id: int) -> MessageLayout:
        """Layout of the reply: the return code, then what goes out."""
        code = FieldSpecification(
            "RetCode",
            FieldKind.RETURN_CODE,
            "",
            builtin.return_code_type(self._abi),
            longform=False,
            deallocate=Deallocate.NO,
        )
        data = (
            _field(argument)
            for argument in self.resolved
            if argument.role is Role.DATA and argument.in_reply
        )
        return lay_out(self._abi, message_id, (code, *data))

    def _resolve(self, node: nodes.Argument, before: list[Argument]) -> Argument:
        if isinstance(node.type, nodes.TypeDefinition):
            kind = self._types.define(node.type)
        else:
            kind = self._types.lookup(node.type.position, node.type.name)
        role, direction = Role.DATA, Direction.IN
        if node.direction is None:
            if not any(argument.role is Role.REQUEST_PORT for argument in before):
                role = Role.REQUEST_PORT
        elif node.direction in _ROLES:
            role = _ROLES[node.direction]
        else:
            direction = Direction(node.direction)
        argument = Argument(
            name=node.name.text,
            position=node.name.position,
            role=role,
            direction=direction,
            type=kind,
            user=role not in _SERVER_ONLY,
            server=role not in _USER_ONLY,
            deallocate=deallocation(node.flags, kind.deallocate, self._diagnostics),
            longform=kind.longform,
        )
        for flag in node.flags:
            argument = self._with_flag(argument, flag)
        return argument

    def _with_flag(self, argument: Argument, flag: nodes.Flag) -> Argument:
        kind, refusal = argument.type, ""
        counted = kind.variable and kind.inline and not kind.string
        if flag.name in ("islong", "isnotlong"):
            needed = needs_long_form(kind)
            if flag.name == "isnotlong" and needed:
                refusal = "needs a long descriptor"
            argument = replace(argument, longform=needed or flag.name == "islong")
        elif flag.name in DEALLOCATION_FLAGS:
            never_out = kind.inline and not kind.indefinite
            if never_out and flag.name == "dealloc" and self._is_sent_by_task(argument):
                self._diagnostics.warning(
                    flag.position,
                    f"'dealloc' makes the kernel refuse the message:"
                    f" '{argument.name}' is never out of line",
                )
        elif flag.name == "servercopy" and not (kind.indefinite and argument.in_request):
            refusal = "is no array[] in a request"
        elif flag.name == "servercopy":
            argument = replace(argument, server_copy=True)
        elif flag.name == "countinout" and not (counted and argument.direction is Direction.OUT):
            refusal = "is no variable-sized array in a reply"
        elif flag.name == "countinout":
            argument = replace(argument, count_in_out=True)
        if refusal:
            self._diagnostics.warning(
                flag.position, f"'{flag.name}' has no effect: '{argument.name}' {refusal}"
            )
        return argument

    def _is_sent_by_task(self, argument: Argument) -> bool:
        """Whether a kernel looks at a message that carries it; at its own it does not."""
        requested = argument.in_request and not self._types.kernel_user
        return requested or (argument.in_reply and not self._types.kernel_server)

    def _implied(self, argument: Argument) -> list[Argument]:
        implied: list[Argument] = []

        def add(
            role: Role,
            kind: Type,
            *,
            user: bool = True,
            server: bool = True,
            to_user: bool = True,
            from_server: bool = True,
        ) -> None:
            implied.append(
                Argument(
                    name=argument.name + role.value,
                    position=argument.position,
                    role=role,
                    direction=argument.direction,
                    type=kind,
                    user=argument.user and user,
                    server=argument.server and server,
                    parent=argument.name,
                    count_in_out=role is Role.COUNT and argument.count_in_out,
                    to_user=to_user,
                    from_server=from_server,
                )
            )

        kind = argument.type
        asks = kind.sent.is_polymorphic
        tells = kind.received.is_polymorphic
        answers = tells if self._types.kernel_server else asks
        user = (argument.in_request and asks) or (argument.in_reply and tells)
        server = (argument.in_request and tells) or (argument.in_reply and answers)
        if user or server:
            add(
                Role.POLYMORPHIC,
                builtin.type_name_type(self._abi),
                user=user,
                server=server,
                to_user=tells,
                from_server=answers,
            )
        if argument.role is not Role.DATA:
            return implied
        if kind.variable and not kind.string:
            add(Role.COUNT, builtin.count_type(self._abi))
        if argument.deallocate is Deallocate.MAYBE:
            add(
                Role.DEALLOCATE,
                builtin.boolean_type(self._abi),
                user=argument.in_request,
                server=argument.in_reply,
                to_user=False,
            )
        if argument.server_copy:
            add(Role.SERVER_COPY, builtin.boolean_type(self._abi), user=False)
        return implied

    def _check(self, node: nodes.Argument, argument: Argument, before: list[Argument]) -> None:
        check_name(self._diagnostics, node.name, generated=True)
        role, kind, error = argument.role, argument.type, self._diagnostics.error
        alike = [
            other
            for other in before
            if other.role is role or (role.is_reply_port and other.role.is_reply_port)
        ]
        if role is not Role.DATA and alike:
            error(argument.position, f"a second {_describe(role)}")
            self._diagnostics.note(alike[0].position, "the first is here")
        if role is Role.REQUEST_PORT or role.is_reply_port:
            if not kind.is_port or kind.number != 1 or not kind.inline:
                error(argument.position, f"the {_describe(role)} '{argument.name}' is not a port")
        elif role is not Role.DATA and (kind.bytes != 4 or kind.is_port or not kind.inline):
            error(argument.position, f"the {_describe(role)} '{argument.name}' is not an int")
        if self._routine.simple and argument.in_reply:
            error(argument.position, f"a simpleroutine has no reply to carry '{argument.name}'")
        if argument.direction is Direction.INOUT and kind.inline and kind.variable:
            error(
                argument.position,
                f"'{argument.name}' cannot be inout: it is a variable-sized array in the message",
            )

    def _check_names(self) -> None:
        """Generated C needs an argument's name for itself, and longer ones made from it."""
        seen: dict[str, Argument] = {}
        for argument in self.resolved:
            if argument.name in seen:
                text = f"duplicate argument '{argument.name}'"
                if argument.parent is not None:
                    text += f", which '{argument.parent}' implies"
                self._diagnostics.error(argument.position, text)
                self._diagnostics.note(seen[argument.name].position, "it was declared here first")
            seen.setdefault(argument.name, argument)
        for argument in self.resolved:
            for suffix in _member_suffixes(argument):
                other = seen.get(argument.name + suffix)
                if other is not None and other.role is Role.DATA:
                    self._diagnostics.error(
                        other.position,
                        f"'{other.name}' is what generated code calls a part of '{argument.name}'",
                    )


def _member_suffixes(argument: Argument) -> tuple[str, ...]:
    """What generated C puts behind an argument's name to name a member or a variable."""
    if argument.role is not Role.DATA:
        return ()
    return ("Type", "Pad", "P", "Data") if argument.type.indefinite else ("Type", "Pad")


def _field(argument: Argument) -> FieldSpecification:
    return FieldSpecification(
        argument.name,
        FieldKind.DATA,
        argument.name,
        argument.type,
        argument.longform,
        argument.deallocate,
    )


def _count_field(abi: Abi, name: str, parent: str) -> FieldSpecification:
    return FieldSpecification(
        name,
        FieldKind.COUNT,
        parent,
        builtin.count_type(abi),
        longform=False,
        deallocate=Deallocate.NO,
    )


def _describe(role: Role) -> str:
    return {
        Role.REQUEST_PORT: "request port",
        Role.WAIT_TIME: "wait time",
        Role.MESSAGE_OPTION: "message option",
        Role.SEQUENCE_NUMBER: "sequence number",
    }.get(role, "reply port")
