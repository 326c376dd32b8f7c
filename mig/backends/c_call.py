# SPDX-License-Identifier: GPL-2.0-or-later
"""A server stub's call of the function that serves a routine, in C.

Where every argument comes from and where every result goes, and what is to be done about rights
and memory when the function has returned.
"""

from __future__ import annotations

from mig.backends.c_messages import Message, count, found, scaled
from mig.backends.c_send import Source
from mig.backends.c_side import Side
from mig.backends.printer import Printer
from mig.model.layout import Field, FieldKind
from mig.model.routines import Argument, Direction, Role, Routine
from mig.model.types import Deallocate, Type


class Call:
    """The call of one routine's function."""

    def __init__(
        self, side: Side, routine: Routine, request: Message, reply: Message | None
    ) -> None:
        self._side = side
        self._routine = routine
        self._request = request
        self._reply = reply
        self._in_request = {
            field.argument: field for field in request.layout.fields if field.kind is FieldKind.DATA
        }
        self._in_reply = {
            field.argument: field
            for field in (reply.layout.fields if reply else ())
            if field.kind is FieldKind.DATA
        }
        self._arguments = [argument for argument in routine.arguments if argument.server]
        self._by_name = {argument.name: argument for argument in routine.arguments}

    # Before the call.

    def declare(self, out: Printer) -> None:
        """Declare the variables for what cannot stay in the messages."""
        for argument in self._arguments:
            kind, name = argument.type, argument.name
            if argument.role is Role.DATA and argument.in_reply:
                self._declare_result(out, argument)
            elif self._is_translated(argument) or self._side.is_result(argument):
                out.line(f"{self._side.parameter_c_type(kind)} {name};")
            elif argument.role is Role.DATA and self._takes_ports_apart(kind):
                out.line(f"{self._side.element_c_type(kind)} {name}[{kind.maximum_count}];")

    def _declare_result(self, out: Printer, argument: Argument) -> None:
        kind, name = argument.type, argument.name
        c_type = self._side.parameter_c_type(kind)
        if kind.indefinite:
            out.line(f"{c_type} {name};")
            if not self._is_in_place(argument):
                element = self._side.element_c_type(kind)
                out.line(f"{element} {name}Data[{kind.maximum_count}];")
        elif self._is_in_place(argument):
            return
        elif kind.inline and kind.string:
            out.line(f"char {name}[{kind.bytes}];")
        elif kind.variable and kind.inline:
            out.line(f"{self._side.element_c_type(kind)} {name}[{kind.maximum_count}];")
        else:
            out.line(f"{c_type} {name};")

    def prepare(self, out: Printer) -> None:
        """Emit what comes between the checks and the call."""
        self._clear_reply(out)
        for argument in self._arguments:
            if argument.role is Role.COUNT and argument.in_reply:
                self._prepare_count(out, argument)
            elif argument.parent is not None and self._side.is_result(argument):
                self._prepare_implied(out, argument)
            elif argument.role in (Role.DATA, Role.REQUEST_PORT):
                self._prepare(out, argument)

    def _clear_reply(self, out: Printer) -> None:
        """So that nothing travels that nobody wrote, not even between the members of a struct."""
        if not self._in_reply or self._reply is None:
            return
        start = self._side.abi.error_reply
        size = self._reply.parts[0].size - start
        out.line(f"__builtin_memset((char *) Out + {start}, 0, {size});")

    def _prepare_count(self, out: Printer, argument: Argument) -> None:
        assert argument.parent is not None
        parent = self._by_name[argument.parent]
        kind, name = parent.type, argument.name
        if argument.in_request:
            field = self._in_request[parent.name]
            out.line(f"{name} = {count(field, self._request.pointer(field))};")
            return
        out.line(f"{name} = {kind.maximum_count if kind.inline else 0};")
        if argument.count_in_out:
            field = next(f for f in self._request.layout.fields if f.name == name)
            asked = f"{self._request.pointer(field)}->{name}"
            out.line(f"if ({asked} < {name})")
            out.line(f"\t{name} = {asked};")

    def _prepare_implied(self, out: Printer, argument: Argument) -> None:
        assert argument.parent is not None
        if argument.role is Role.POLYMORPHIC and argument.in_request:
            field = self._in_request[argument.parent]
            out.line(f"{argument.name} = {found(self._request.pointer(field), field, 'name')};")
        else:
            initial = "FALSE" if argument.role is Role.DEALLOCATE else "MACH_MSG_TYPE_PORT_SEND"
            out.line(f"{argument.name} = {initial};")

    def _prepare(self, out: Printer, argument: Argument) -> None:
        kind, name = argument.type, argument.name
        if argument.direction is Direction.OUT:
            self._prepare_result(out, argument)
        elif argument.role is Role.REQUEST_PORT:
            if self._is_translated(argument):
                self._translate_request_port(out, argument)
        elif argument.direction is Direction.INOUT:
            self._prepare_both(out, argument)
        elif kind.intran is not None:
            out.line(f"{name} = {self._translated(kind, self._received(argument))};")
        elif self._takes_ports_apart(kind):
            field = self._in_request[name]
            pointer = self._request.pointer(field)
            amount = count(field, pointer) if kind.variable else str(kind.number)
            if kind.indefinite:
                out.line(f"if ({found(pointer, field, 'inline')})")
                out.line(f"\tmig_load_ports({name}, {pointer}->{field.name}, {amount});")
            else:
                out.line(f"mig_load_ports({name}, {pointer}->{field.name}, {amount});")
        if kind.string and kind.inline and argument.in_request and argument.role is Role.DATA:
            field = self._in_request[name]
            pointer = self._request.pointer(field)
            size = found(pointer, field, "number") if kind.variable else str(kind.bytes)
            out.line(f"{pointer}->{field.name}[{size} - 1] = '\\0';")
            if argument.in_reply:
                copy = self._side.support("mig_strncpy")
                target = self._result_place(argument)
                out.line(f"(void) {copy}({target}, {pointer}->{field.name}, {kind.bytes});")

    def _prepare_result(self, out: Printer, argument: Argument) -> None:
        kind, name = argument.type, argument.name
        if kind.indefinite:
            c_type = self._side.parameter_c_type(kind)
            out.line(f"{name} = ({c_type}) {self._space(argument)};")
        elif not self._is_in_place(argument) and not (kind.variable and kind.inline):
            out.line(f"__builtin_memset(&{name}, 0, sizeof {name});")

    def _prepare_both(self, out: Printer, argument: Argument) -> None:
        kind = argument.type
        if kind.string and kind.inline:
            return
        received, place = self._received(argument), self._result_place(argument)
        if kind.intran is not None:
            out.line(f"{argument.name} = {self._translated(kind, received)};")
        elif kind.by_value:
            out.line(f"{place} = {received};")
        elif self._side.wraps_ports(kind):
            field = self._in_request[argument.name]
            source = f"{self._request.pointer(field)}->{field.name}"
            out.line(f"mig_load_ports({place}, {source}, {kind.number});")
        else:
            out.line(f"__builtin_memcpy({place}, {received}, {kind.bytes});")

    def _translate_request_port(self, out: Printer, argument: Argument) -> None:
        kind, name, head = argument.type, argument.name, self._request.head
        port = self._port("request")
        direct = self._translated(kind, port) if kind.intran else port
        if kind.intran_payload is None or self._side.in_kernel:
            out.wrapped(f"{name} = {direct};")
            return
        local = f"MACH_MSGH_BITS_LOCAL({head}.msgh_bits)"
        out.line(f"if ({local} == MACH_MSG_TYPE_PROTECTED_PAYLOAD)")
        out.line(f"\t{name} = {kind.intran_payload}({head}.msgh_protected_payload);")
        out.line("else")
        out.wrapped(f"\t{name} = {direct};")

    # The call.

    def expression(self) -> str:
        """The call itself."""
        values = ", ".join(self._value(argument) for argument in self._arguments)
        return f"{self._side.function_name(self._routine)}({values})"

    def _value(self, argument: Argument) -> str:
        role = argument.role
        if self._side.is_result(argument):
            value = self._address(argument)
        elif self._is_translated(argument):
            value = argument.name
        elif role is Role.REQUEST_PORT:
            value = self._port("request")
        elif role.is_reply_port:
            value = self._port("reply")
        elif role is Role.SEQUENCE_NUMBER:
            value = f"{self._request.head}.msgh_seqno"
        elif argument.parent is not None:
            value = self._implied_value(argument)
        else:
            value = self._received(argument)
        return value

    def _implied_value(self, argument: Argument) -> str:
        assert argument.parent is not None
        parent = self._by_name[argument.parent]
        if parent.role is not Role.DATA:
            remote = (parent.role is Role.REQUEST_PORT) == self._side.in_kernel
            end = "REMOTE" if remote else "LOCAL"
            return f"MACH_MSGH_BITS_{end}({self._request.head}.msgh_bits)"
        field = self._in_request[parent.name]
        pointer = self._request.pointer(field)
        if argument.role is Role.COUNT:
            return count(field, pointer)
        if argument.role is Role.POLYMORPHIC:
            return found(pointer, field, "name")
        return found(pointer, field, "inline")

    def _address(self, argument: Argument) -> str:
        """Where the function puts a result."""
        kind, name = argument.type, argument.name
        if argument.role is not Role.DATA:
            return f"&{name}"
        if kind.indefinite:
            return f"&{name}"
        if not self._is_in_place(argument):
            return name if kind.is_array else f"&{name}"
        place = self._result_place(argument)
        if kind.is_array:
            return place
        if self._side.in_kernel and kind.is_port:
            return f"({self._side.parameter_c_type(kind)} *) &{place}"
        return f"&{place}"

    def _received(self, argument: Argument) -> str:
        """The value of an argument as it is in the request."""
        kind = argument.type
        field = self._in_request[argument.name]
        pointer = self._request.pointer(field)
        place = f"{pointer}->{field.name}"
        if kind.indefinite:
            inline = argument.name if self._takes_ports_apart(kind) else place
            value = f"({found(pointer, field, 'inline')} ? {inline} : {place}P)"
            cast = f"({self._side.parameter_c_type(kind)}) " if kind.is_port else ""
            return f"{cast}{value}"
        if self._takes_ports_apart(kind):
            return argument.name
        if self._side.wraps_ports(kind):
            return f"{place}.name"
        if self._side.in_kernel and kind.is_port and kind.by_value and kind.intran is None:
            return f"({self._side.parameter_c_type(kind)}) {place}"
        return place

    def _port(self, which: str) -> str:
        """A port of the request's header; the kernel sees the header as the sender wrote it."""
        remote = (which == "request") == self._side.in_kernel
        port = f"{self._request.head}.msgh_{'remote' if remote else 'local'}_port"
        return f"(ipc_port_t) {port}" if self._side.in_kernel else port

    def _translated(self, kind: Type, value: str) -> str:
        assert kind.intran is not None
        cast = f"({kind.translated_type}) " if self._side.in_kernel and kind.is_port else ""
        return f"{cast}{kind.intran.function}({value})"

    def _is_translated(self, argument: Argument) -> bool:
        kind = argument.type
        if argument.role is Role.REQUEST_PORT:
            payload = kind.intran_payload is not None and not self._side.in_kernel
            return kind.intran is not None or payload
        return argument.role is Role.DATA and kind.intran is not None

    def _takes_ports_apart(self, kind: Type) -> bool:
        """Whether an array of rights in a message has to be copied to become one of names."""
        return self._side.wraps_ports(kind) and (kind.is_array or kind.number > 1)

    # Results.

    def _is_in_place(self, argument: Argument) -> bool:
        """Whether the function can write the result into the reply itself."""
        assert self._reply is not None
        kind, field = argument.type, self._in_reply[argument.name]
        comes_translated = argument.in_request and kind.intran is not None
        if kind.outtran is not None or comes_translated or self._takes_ports_apart(kind):
            return False
        return self._reply.is_in_first_part(field)

    def _result_place(self, argument: Argument) -> str:
        """The lvalue that holds a result."""
        if not self._is_in_place(argument):
            return argument.name
        single_port = self._side.wraps_ports(argument.type)
        return f"Out->{argument.name}{'.name' if single_port else ''}"

    def _space(self, argument: Argument) -> str:
        """The array in which an indefinite result can stay in the message."""
        in_place = self._is_in_place(argument)
        return f"Out->{argument.name}" if in_place else f"{argument.name}Data"

    def source(self, field: Field) -> Source:
        """Where the value of a field of the reply is after the call."""
        argument = self._by_name[field.argument]
        kind, name = argument.type, argument.name
        in_place = self._is_in_place(argument)
        value = name
        if kind.outtran is not None:
            value = f"{kind.outtran.function}({name})"
        right = self._routine.implied(argument, Role.POLYMORPHIC)
        dealloc = self._routine.implied(argument, Role.DEALLOCATE)
        counter = self._routine.implied(argument, Role.COUNT)
        maybe = argument.deallocate is Deallocate.MAYBE and dealloc is not None
        return Source(
            value=value,
            in_place=in_place,
            count=counter.name if counter else "",
            polymorphic=right.name if right and self._sends_any(field) else "",
            deallocate=dealloc.name if dealloc and maybe else "",
            out_of_line=(
                f"(void *) {name} != (void *) {self._space(argument)}" if kind.indefinite else ""
            ),
        )

    def _sends_any(self, field: Field) -> bool:
        return self._side.sent_name(field).is_polymorphic

    # After the call.

    def clean_up(self, out: Printer) -> None:
        """Give up what the function was only lent."""
        for argument in reversed(self._arguments):
            kind = argument.type
            lent = argument.role in (Role.DATA, Role.REQUEST_PORT) and not argument.in_reply
            if lent and kind.destructor is not None:
                out.line(f"{kind.destructor}({self._value(argument)});")
            if self._is_freed_by_stub(argument):
                self._free(out, argument)

    @staticmethod
    def _is_freed_by_stub(argument: Argument) -> bool:
        indefinite = argument.role is Role.DATA and argument.type.indefinite
        return indefinite and argument.direction is Direction.IN and not argument.server_copy

    def _free(self, out: Printer, argument: Argument) -> None:
        """A function that failed leaves its request, memory included, to the message's owner."""
        kind = argument.type
        field = self._in_request[argument.name]
        pointer = self._request.pointer(field)
        unit = self._side.out_of_line_bits(kind) // 8
        size = scaled(unit, f"(vm_size_t) {found(pointer, field, 'number')}")
        out.line(f"if (Out->RetCode == KERN_SUCCESS && !{found(pointer, field, 'inline')})")
        free = self._side.support("mig_deallocate")
        out.line(f"\t{free}((vm_address_t) {pointer}->{field.name}P, {size});")

    def release(self, out: Printer, *, checked: bool) -> None:
        """Release the rights that only a translation function of the kernel saw.

        Args:
            out: where to.
            checked: the function is known to have succeeded.
        """
        if not self._side.in_kernel:
            return
        for name, field in reversed(self._in_request.items()):
            kind = self._by_name[name].type
            if kind.intran is None or kind.received.symbol != "MACH_MSG_TYPE_PORT_SEND":
                continue
            right = f"{self._request.pointer(field)}->{field.name}"
            condition = f"IP_VALID((ipc_port_t) {right})"
            if not checked:
                condition = f"Out->RetCode == KERN_SUCCESS && {condition}"
            out.line(f"if ({condition})")
            out.line(f"\tipc_port_release_send((ipc_port_t) {right});")

    def check_circularity(self, out: Printer, field: Field) -> None:
        """A receive right must not travel in a message to itself."""
        name = self._side.sent_name(field)
        if not self._side.in_kernel or not field.type.inline or not field.type.by_value:
            return
        if not name.is_polymorphic and name.symbol != "MACH_MSG_TYPE_PORT_RECEIVE":
            return
        assert self._reply is not None
        right = f"(ipc_port_t) {self._reply.pointer(field)}->{field.name}"
        reply_port = "(ipc_port_t) InHeadP->msgh_local_port"
        conditions = [
            f"IP_VALID({reply_port})",
            f"IP_VALID({right})",
            f"ipc_port_check_circularity({right}, {reply_port})",
        ]
        if name.is_polymorphic:
            argument = self._by_name[field.argument]
            poly = self._routine.implied(argument, Role.POLYMORPHIC)
            assert poly is not None
            conditions.insert(0, f"{poly.name} == MACH_MSG_TYPE_PORT_RECEIVE")
        separator = " &&\n\t    "
        out.line(f"if ({separator.join(conditions)})")
        out.line("\tOut->Head.msgh_bits |= MACH_MSGH_BITS_CIRCULAR;")
