# SPDX-License-Identifier: GPL-2.0-or-later
"""The user's stubs in C: functions that send a request and wait for its reply."""

from __future__ import annotations

from mig.backends import c_messages
from mig.backends.c_messages import Message, check, check_fields, count, found
from mig.backends.c_send import Source, store
from mig.backends.c_side import Options, Side, origin, title
from mig.backends.c_support import with_preamble
from mig.backends.printer import Printer
from mig.model.layout import Complexity, Field, FieldKind
from mig.model.routines import Argument, Model, Role, Routine
from mig.model.types import Deallocate

_INCLUDES = (
    "<mach/boolean.h>",
    "<mach/kern_return.h>",
    "<mach/message.h>",
    "<mach/notify.h>",
    "<mach/mach_types.h>",
    "<mach/mig_errors.h>",
    "<mach/mig_support.h>",
)
_TYPE_ERROR = ("return MIG_TYPE_ERROR;",)


def generate_user(model: Model, options: Options) -> str:
    """The file of all the stubs."""
    return _file(model, options, model.defined_routines)


def generate_user_files(model: Model, options: Options) -> dict[str, str]:
    """A file per routine, by the routine's name (``-i``)."""
    return {routine.name: _file(model, options, (routine,)) for routine in model.defined_routines}


def _file(model: Model, options: Options, routines: tuple[Routine, ...]) -> str:
    side = Side(model, is_server=False, options=options)
    out = Printer()
    if model.rcs_id:
        out.line(f"char {model.name}_user_rcsid[] = {model.rcs_id};")
    for routine in routines:
        out.blank()
        _Stub(side, routine, out).emit()
    headers = [f'"{name}"' for name in (options.internal_header, options.header) if name]
    kernel = ["<kern/ipc_mig.h>"] if side.in_kernel else []
    imports = [entry.header for entry in model.imports if entry.user]
    return with_preamble(side, [*headers, *_INCLUDES, *kernel], imports, out.text())


class _Stub:
    """Emits one function."""

    def __init__(self, side: Side, routine: Routine, out: Printer) -> None:
        self._side = side
        self._routine = routine
        self._out = out
        self._request = c_messages.message(side, routine.request, request=True)
        self._reply = (
            c_messages.message(side, routine.reply, request=False) if routine.reply else None
        )
        self._by_name = {argument.name: argument for argument in routine.arguments}

    def emit(self) -> None:
        """The whole function."""
        out, routine = self._out, self._routine
        out.line(title(routine))
        out.line(origin(routine.position))
        head, *rest = self._side.prototype(routine)
        out.line(f"mig_external {head}")
        out.lines(rest)
        with out.braces():
            self._declare()
            self._marshal()
            self._send()
            if self._reply is not None:
                self._identify(self._reply)
                self._check(self._reply)
                self._unmarshal(self._reply)

    # Declarations.

    def _declare(self) -> None:
        out, request, reply = self._out, self._request, self._reply
        request.declare(out)
        out.blank()
        if reply is not None:
            reply.declare(out)
            out.blank()
        with out.braces("union", " Mess;"):
            out.line("Request In;")
            if reply is not None:
                out.line("Reply Out;")
            if len(request.parts) > 1 or (reply is not None and len(reply.parts) > 1):
                out.line(f"char Space[{self._space()}];")
        request.declare_pointers(out, "&Mess.In")
        if reply is not None:
            reply.declare_pointers(out, "&Mess.Out")
            out.line("mach_port_t ReplyPort;")
            out.line("mach_msg_return_t Result;")
        messages = [request.layout] + ([reply.layout] if reply else [])
        if not all(layout.is_fixed for layout in messages):
            out.line("mach_msg_size_t Size, Part;")
        if request.complexity is Complexity.SOMETIMES:
            out.line("mach_msg_bits_t Complex = 0;")
        out.blank()
        limit = self._routine.with_role(Role.WAIT_TIME)
        if limit is not None and (reply is None or self._side.in_kernel):
            out.line(f"(void) {limit.name};")
        option = self._routine.with_role(Role.MESSAGE_OPTION)
        if option is not None and self._side.in_kernel:
            out.line(f"(void) {option.name};")

    def _space(self) -> int:
        reply = self._reply
        sizes = [self._request.layout.maximum_size]
        return max(sizes + ([reply.layout.maximum_size] if reply else []))

    # The request.

    def _marshal(self) -> None:
        out, request = self._out, self._request
        if not request.layout.is_fixed:
            out.line(f"Size = {request.layout.minimum_size};")
        for part in request.parts:
            out.line(f"__builtin_memset({part.pointer}, 0, {part.size});")
            for field in part.fields:
                store(out, request, field, self._source(field), self._too_large(field))
            request.find_next(out, part)
        out.blank()

    def _too_large(self, field: Field) -> tuple[str, ...]:
        return () if field.type.indefinite else ("return MIG_ARRAY_TOO_LARGE;",)

    def _source(self, field: Field) -> Source:
        argument = self._by_name[field.argument]
        counter = self._routine.implied(argument, Role.COUNT)
        if field.kind is FieldKind.COUNT:
            assert counter is not None, "a CountInOut argument has a count"
            most = argument.type.maximum_count
            return Source(f"*{counter.name} < {most} ? *{counter.name} : {most}")
        kind = argument.type
        star = "*" if argument.in_reply and kind.by_value else ""
        amount = self._value(counter)
        right = self._routine.implied(argument, Role.POLYMORPHIC)
        return Source(
            value=f"{star}{argument.name}",
            count=amount,
            polymorphic=self._value(right) if kind.sent.is_polymorphic else "",
            deallocate=self._deallocate(argument),
            out_of_line=f"{amount} > {kind.maximum_count}" if kind.indefinite else "",
        )

    def _value(self, argument: Argument | None) -> str:
        """What an implied argument says of a request, in C; empty when there is none."""
        if argument is None or not argument.user:
            return ""
        return f"*{argument.name}" if self._side.is_result(argument) else argument.name

    def _deallocate(self, argument: Argument) -> str:
        if argument.deallocate is not Deallocate.MAYBE:
            return ""
        return self._value(self._routine.implied(argument, Role.DEALLOCATE))

    # Sending.

    def _send(self) -> None:
        out, request, routine = self._out, self._request, self._routine
        kernel = self._side.in_kernel
        cast = "(mach_port_t) " if kernel else ""
        reply_port = routine.reply_port
        given = reply_port is not None and reply_port.user
        if routine.simple:
            port = f"{cast}{reply_port.name}" if reply_port and given else "MACH_PORT_NULL"
        else:
            if reply_port is not None and given:
                port = f"{cast}{reply_port.name}"
            else:
                get = self._side.support("mig_get_reply_port")
                port = "MACH_PORT_NULL" if kernel else f"{get}()"
            out.line(f"ReplyPort = {port};")
            port = "ReplyPort"
        size = "Size" if not request.layout.is_fixed else str(request.layout.minimum_size)
        head = request.head
        out.wrapped(f"{head}.msgh_bits = {self._bits()};")
        out.line(f"{head}.msgh_size = {size};")
        out.line(f"{head}.msgh_remote_port = {cast}{routine.request_port.name};")
        out.line(f"{head}.msgh_local_port = {port};")
        out.line(f"{head}.msgh_id = {routine.message_id};")
        out.blank()
        if routine.simple:
            out.wrapped(f"return {self._call(size)};")
            return
        out.wrapped(f"Result = {self._call(size)};")
        if kernel or given:
            out.line("if (Result != MACH_MSG_SUCCESS)")
            out.line("\treturn Result;")
        else:
            with out.braces("if (Result != MACH_MSG_SUCCESS)"):
                out.line(f"{self._side.support('mig_dealloc_reply_port')}(ReplyPort);")
                out.line("return Result;")
            out.line(f"{self._side.support('mig_put_reply_port')}(ReplyPort);")
        out.blank()

    def _bits(self) -> str:
        routine = self._routine
        local = "0" if routine.simple else "MACH_MSG_TYPE_MAKE_SEND_ONCE"
        if routine.reply_port is not None and routine.reply_port.user:
            local = self._disposition(routine.reply_port)
        bits = f"MACH_MSGH_BITS({self._disposition(routine.request_port)}, {local})"
        complexity = self._request.complexity
        if complexity is Complexity.ALWAYS:
            return f"{c_messages.COMPLEX_BIT} |\n\t\t{bits}"
        return f"Complex |\n\t\t{bits}" if complexity is Complexity.SOMETIMES else bits

    def _disposition(self, port: Argument) -> str:
        given = self._routine.implied(port, Role.POLYMORPHIC)
        return self._value(given) or port.type.sent.symbol

    def _call(self, size: str) -> str:
        """The call that sends the request and, of a routine, receives the reply."""
        routine, request, reply = self._routine, self._request, self._reply
        head = f"&{request.head}"
        if self._side.in_kernel:
            if reply is None:
                return f"{self._side.support('mach_msg_send_from_kernel')}({head}, {size})"
            function = self._side.support("mach_msg_rpc_from_kernel")
            return f"{function}({head}, {size}, {reply.layout.maximum_size})"
        given = routine.with_role(Role.MESSAGE_OPTION)
        option = given.name if given else routine.message_option or "MACH_MSG_OPTION_NONE"
        function = self._side.support("mach_msg")
        if reply is None:
            return (
                f"{function}({head}, MACH_SEND_MSG | {option}, {size}, 0,"
                " MACH_PORT_NULL, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL)"
            )
        limit = routine.with_role(Role.WAIT_TIME)
        timeout = limit.name if limit else routine.wait_time
        if timeout is not None:
            option += " | MACH_RCV_TIMEOUT"
        return (
            f"{function}({head}, MACH_SEND_MSG | MACH_RCV_MSG | {option}, {size},"
            f" {reply.layout.maximum_size}, ReplyPort,"
            f" {timeout or 'MACH_MSG_TIMEOUT_NONE'}, MACH_PORT_NULL)"
        )

    # The reply.

    def _identify(self, reply: Message) -> None:
        out = self._out
        with out.braces(f"if (mig_unlikely({reply.head}.msgh_id != {self._routine.reply_id}))"):
            out.line(f"if ({reply.head}.msgh_id == MACH_NOTIFY_SEND_ONCE)")
            out.line("\treturn MIG_SERVER_DIED;")
            if not self._side.in_kernel:
                out.line(f"{self._side.support('mig_dealloc_reply_port')}(ReplyPort);")
            out.line("return MIG_REPLY_MISMATCH;")
        out.blank()

    def _check(self, reply: Message) -> None:
        """A reply is what the layout says, or an error code without anything else."""
        out, code = self._out, reply.layout.fields[0]
        header = c_messages.header_conditions(reply)
        if len(reply.layout.fields) > 1:
            error = (
                f"({reply.head}.msgh_size != sizeof(mig_reply_header_t) ||\n"
                f"\t      {reply.is_complex} ||\n"
                f"\t      {reply.parts[0].pointer}->RetCode == KERN_SUCCESS)"
            )
            header = [f"(({' || '.join(header)}) &&\n\t     {error})"]
        check(out, [*header, *c_messages.field_conditions(reply, code)], _TYPE_ERROR)
        if len(reply.layout.fields) == 1:
            return
        out.line(f"if ({reply.parts[0].pointer}->RetCode != KERN_SUCCESS)")
        out.line(f"\treturn {reply.parts[0].pointer}->RetCode;")
        out.blank()
        if not reply.layout.is_fixed:
            out.line(f"Size = {reply.layout.minimum_size};")
        check_fields(out, reply, _TYPE_ERROR)
        out.blank()

    def _unmarshal(self, reply: Message) -> None:
        out = self._out
        code, *fields = reply.layout.fields
        for field in fields:
            self._take(reply, field)
        result = "KERN_SUCCESS" if fields else f"{reply.pointer(code)}->RetCode"
        out.line(f"return {result};")

    def _take(self, reply: Message, field: Field) -> None:
        out, kind, pointer = self._out, field.type, reply.pointer(field)
        argument = self._by_name[field.argument]
        counter = self._routine.implied(argument, Role.COUNT)
        right = self._routine.implied(argument, Role.POLYMORPHIC)
        if kind.variable and kind.inline and counter is not None:
            out.blank()
            if kind.indefinite:
                self._take_indefinite(reply, field, counter)
            else:
                self._take_variable(reply, field, counter)
            out.line(f"*{counter.name} = {count(field, pointer)};")
            out.blank()
        else:
            self._take_fixed(reply, field)
            if counter is not None:
                out.line(f"*{counter.name} = {count(field, pointer)};")
        if right is not None and right.user and field.type.received.is_polymorphic:
            out.line(f"*{right.name} = {found(pointer, field, 'name')};")

    def _take_fixed(self, reply: Message, field: Field) -> None:
        out, kind, side = self._out, field.type, self._side
        place, name = f"{reply.pointer(field)}->{field.name}", field.argument
        if kind.inline and kind.string:
            size = found(reply.pointer(field), field, "number") if kind.variable else kind.bytes
            out.line(f"{place}[{size} - 1] = '\\0';")
            out.line(f"(void) {side.support('mig_strncpy')}({name}, {place}, {kind.bytes});")
        elif side.wraps_ports(kind) and kind.number == 1 and kind.by_value:
            out.line(f"*{name} = {place}.name;")
        elif side.wraps_ports(kind):
            out.line(f"mig_load_ports({name}, {place}, {kind.number});")
        elif kind.by_value:
            out.line(f"*{name} = {place};")
        else:
            out.line(f"__builtin_memcpy({name}, {place}, {kind.bytes});")

    def _copy(self, reply: Message, field: Field, target: str, amount: str) -> str:
        place = f"{reply.pointer(field)}->{field.name}"
        if self._side.wraps_ports(field.type):
            return f"mig_load_ports({target}, {place}, {amount});"
        return f"mig_load({target}, {place}, {scaled_bytes(field, amount)});"

    def _take_variable(self, reply: Message, field: Field, counter: Argument) -> None:
        """An array longer than the caller has room for is cut, and its real length reported."""
        out, amount = self._out, count(field, reply.pointer(field))
        with out.braces(f"if (mig_unlikely({amount} > *{counter.name}))"):
            out.wrapped(self._copy(reply, field, field.argument, f"*{counter.name}"))
            out.line(f"*{counter.name} = {amount};")
            out.line("return MIG_ARRAY_TOO_LARGE;")
        out.wrapped(self._copy(reply, field, field.argument, amount))

    def _take_indefinite(self, reply: Message, field: Field, counter: Argument) -> None:
        """An array longer than the caller has room for gets memory of its own."""
        out, pointer, name = self._out, reply.pointer(field), field.argument
        amount, c_type = count(field, pointer), self._side.parameter_c_type(field.type)
        with out.braces(f"if (!{found(pointer, field, 'inline')})", " else {"):
            out.line(f"*{name} = ({c_type}) {pointer}->{field.name}P;")
        with out.indented():
            with out.braces(f"if ({amount} > *{counter.name})"):
                out.line("vm_address_t Memory = 0;")
                out.blank()
                size = scaled_bytes(field, amount, self._side)
                out.line(f"{self._side.support('mig_allocate')}(&Memory, {size});")
                out.line("if (Memory == 0)")
                out.line("\treturn KERN_RESOURCE_SHORTAGE;")
                out.line(f"*{name} = ({c_type}) Memory;")
            out.wrapped(self._copy(reply, field, f"*{name}", amount))
        out.line("}")


def scaled_bytes(field: Field, amount: str, memory: Side | None = None) -> str:
    """The size of `amount` elements in a message or, on a side, in memory; in C."""
    kind = field.type
    unit = kind.element_bytes
    if memory is not None:
        unit = memory.out_of_line_bits(kind) * kind.count_scale // 8
    return c_messages.scaled(unit, amount)
