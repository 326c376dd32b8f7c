# SPDX-License-Identifier: GPL-2.0-or-later
"""The server's stubs in C: a dispatcher, and functions that check a request and answer it."""

from __future__ import annotations

from mig.backends import c_messages
from mig.backends.c_call import Call
from mig.backends.c_send import store
from mig.backends.c_side import Options, Side, origin, title
from mig.backends.c_support import with_preamble
from mig.backends.printer import Printer
from mig.model.layout import Complexity, FieldKind
from mig.model.routines import Model, Routine

_INCLUDES = (
    "<mach/boolean.h>",
    "<mach/kern_return.h>",
    "<mach/message.h>",
    "<mach/mig_errors.h>",
    "<mach/mig_support.h>",
)
_BAD_ARGUMENTS = ("Out->RetCode = MIG_BAD_ARGUMENTS;", "return;")
_TOO_LARGE = ("Out->RetCode = MIG_ARRAY_TOO_LARGE;", "return;")


def generate_server(model: Model, options: Options) -> str:
    """The file of all the stubs and the dispatcher."""
    side = Side(model, is_server=True, options=options)
    out = Printer()
    if model.rcs_id:
        out.line(f"char {model.name}_server_rcsid[] = {model.rcs_id};")
    for routine in model.defined_routines:
        out.blank()
        _Stub(side, routine, out).emit()
    if options.symbol_table:
        out.blank()
        _emit_symbol_table(out, model)
    out.blank()
    _emit_dispatcher(out, side)
    headers = [f'"{options.server_header}"'] if options.server_header else []
    kernel = ["<ipc/ipc_port.h>"] if side.in_kernel else []
    imports = [entry.header for entry in model.imports if entry.server]
    return with_preamble(side, [*_INCLUDES, *kernel], [*imports, *headers], out.text())


class _Stub:
    """Emits the stub of one routine, and a default for the function it calls."""

    def __init__(self, side: Side, routine: Routine, out: Printer) -> None:
        self._side = side
        self._routine = routine
        self._out = out
        self._request = c_messages.message(side, routine.request, request=True)
        self._reply = (
            c_messages.message(side, routine.reply, request=False) if routine.reply else None
        )
        self._call = Call(side, routine, self._request, self._reply)

    def emit(self) -> None:
        """Prototype, default and stub."""
        out, routine = self._out, self._routine
        head, *middle, end = self._side.prototype(routine)
        out.line(title(routine))
        out.line(origin(routine.position))
        out.line(f"mig_external {head}")
        out.lines((*middle, f"{end};"))
        out.blank()
        self._emit_default()
        out.blank()
        out.line(f"mig_internal void _X{routine.name}")
        out.line("\t(mach_msg_header_t *InHeadP, mach_msg_header_t *OutHeadP)")
        with out.braces():
            self._declare()
            self._check()
            self._call.prepare(out)
            out.wrapped(f"Out->RetCode = {self._call.expression()};")
            self._call.clean_up(out)
            self._answer()

    def _emit_default(self) -> None:
        out, side, routine = self._out, self._side, self._routine
        head, *rest = side.prototype(routine)
        out.line("#ifdef MIG_EOPNOTSUPP")
        out.line(f"__attribute__((weak)) {head}")
        out.lines(rest)
        with out.braces():
            for argument in routine.arguments:
                if argument.server:
                    out.line(f"(void) {argument.name};")
            out.line("return MIG_EOPNOTSUPP;")
        out.line("#endif")

    # The request.

    @property
    def _has_results(self) -> bool:
        return self._reply is not None and len(self._reply.layout.fields) > 1

    def _declare(self) -> None:
        out, request, reply = self._out, self._request, self._reply
        request.declare(out)
        out.blank()
        if reply is not None and self._has_results:
            reply.declare(out)
            out.blank()
        request.declare_pointers(out, "(Request *) InHeadP")
        if reply is not None and self._has_results:
            reply.declare_pointers(out, "(Reply *) OutHeadP")
        else:
            out.line("mig_reply_header_t *Out = (mig_reply_header_t *) OutHeadP;")
        sized = [request.layout] + ([reply.layout] if reply else [])
        if not all(layout.is_fixed for layout in sized):
            out.line("mach_msg_size_t Size, Part;")
        if self._has_results and reply and reply.complexity is Complexity.SOMETIMES:
            out.line("mach_msg_bits_t Complex = 0;")
        self._call.declare(out)
        out.blank()

    def _check(self) -> None:
        out, request = self._out, self._request
        self._clear_padding_of_return_code()
        if not request.layout.is_fixed:
            out.line(f"Size = {request.layout.minimum_size};")
        header = c_messages.header_conditions(request)
        c_messages.check_fields(out, request, _BAD_ARGUMENTS, header)
        out.blank()

    def _clear_padding_of_return_code(self) -> None:
        """The dispatcher of ours does so, the kernel's own does not."""
        abi = self._side.abi
        end = abi.header + abi.short_descriptor + 4
        if self._side.in_kernel and end < abi.error_reply:
            size = abi.error_reply - end
            self._out.line(f"__builtin_memset((char *) Out + {end}, 0, {size});")

    # The reply.

    def _answer(self) -> None:
        out, reply = self._out, self._reply
        if reply is None or not self._has_results:
            self._call.release(out, checked=False)
            return
        out.line("if (Out->RetCode != KERN_SUCCESS)")
        out.line("\treturn;")
        self._call.release(out, checked=True)
        out.blank()
        if not reply.layout.is_fixed:
            out.line(f"Size = {reply.layout.minimum_size};")
        for part in reply.parts:
            if not part.is_first:
                out.line(f"__builtin_memset({part.pointer}, 0, {part.size});")
            for field in part.fields:
                if field.kind is not FieldKind.RETURN_CODE:
                    store(out, reply, field, self._call.source(field), _TOO_LARGE)
                    self._call.check_circularity(out, field)
            reply.find_next(out, part)
        complexity = reply.complexity
        if complexity is Complexity.ALWAYS:
            out.line(f"Out->Head.msgh_bits |= {c_messages.COMPLEX_BIT};")
        elif complexity is Complexity.SOMETIMES:
            out.line("Out->Head.msgh_bits |= Complex;")
        fixed = reply.layout.is_fixed
        out.line(f"Out->Head.msgh_size = {reply.layout.minimum_size if fixed else 'Size'};")


def _emit_symbol_table(out: Printer, model: Model) -> None:
    with out.braces(f"mig_symtab_t _{model.name}SymTab[] =", ";"):
        for routine in model.defined_routines:
            out.line(f'{{ "{routine.name}", {routine.message_id}, _X{routine.name} }},')
        out.line('{ "", 0, 0 },')
    out.line(f"int _{model.name}SymTabBase = {model.base};")
    out.line(f"int _{model.name}SymTabEnd = {model.base + len(model.routines)};")


def _emit_dispatcher(out: Printer, side: Side) -> None:
    model = side.model
    demux = f"{side.options.server_prefix}{model.server_demux}"
    last = model.base + len(model.routines) - 1
    out.line("/* By message id; 0 where there is none. */")
    out.line(f"extern mig_routine_t {demux}_routines[];")
    with out.braces(f"mig_routine_t {demux}_routines[] =", ";"):
        for routine in model.routines:
            out.line(f"_X{routine.name}," if routine else "0,")
    out.blank()
    if side.in_kernel:
        return  # the kernel looks routines up for all its subsystems itself
    out.line("/* Answers a request; FALSE when its message id is none of ours. */")
    out.line(f"mig_external boolean_t {demux}")
    out.line("\t(mach_msg_header_t *InHeadP, mach_msg_header_t *OutHeadP);")
    out.line(f"mig_external boolean_t {demux}")
    out.line("\t(mach_msg_header_t *InHeadP, mach_msg_header_t *OutHeadP)")
    with out.braces():
        out.line("mig_reply_header_t *Out = (mig_reply_header_t *) OutHeadP;")
        out.line("mig_routine_t Routine = 0;")
        out.blank()
        out.line("__builtin_memset(Out, 0, sizeof *Out);")
        bits = "MACH_MSGH_BITS(MACH_MSGH_BITS_REMOTE(InHeadP->msgh_bits), 0)"
        out.line(f"Out->Head.msgh_bits = {bits};")
        out.line("Out->Head.msgh_size = sizeof *Out;")
        out.line("Out->Head.msgh_remote_port = InHeadP->msgh_remote_port;")
        out.line("Out->Head.msgh_local_port = MACH_PORT_NULL;")
        out.line("Out->Head.msgh_id = (mach_msg_id_t) ((unsigned int) InHeadP->msgh_id + 100);")
        code = "mig_type(MACH_MSG_TYPE_INTEGER_32, 32, 1, TRUE, FALSE)"
        out.line(f"Out->RetCodeType = {code};")
        out.blank()
        if model.routines:
            out.line(f"if (InHeadP->msgh_id >= {model.base} && InHeadP->msgh_id <= {last})")
            out.line(f"\tRoutine = {demux}_routines[InHeadP->msgh_id - {model.base}];")
        with out.braces("if (Routine == 0)"):
            out.line("Out->RetCode = MIG_BAD_ID;")
            out.line("return FALSE;")
        out.line("Routine(InHeadP, OutHeadP);")
        out.line("return TRUE;")
