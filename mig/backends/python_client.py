# SPDX-License-Identifier: GPL-2.0-or-later
"""The module with the client class of a subsystem: a documented method per routine."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from mig.backends.python_decode import results
from mig.backends.python_encode import parameters, polymorphic_ports
from mig.backends.python_exchange import (
    Exchange,
    collect_imports,
    comment_of,
    described,
    front_of,
    names_of,
    place_of,
)
from mig.backends.python_plan import argument_name, user_reply_port
from mig.backends.python_structures import write_imports
from mig.backends.python_text import Source
from mig.model.routines import Model, Role

#: What every client has already.
_ATTRIBUTES = frozenset(
    {
        *("port", "timeout", "_package", "_wire", "_transport", "_name", "_reply_port"),
        *("_require_abi", "_locate"),
    }
)


def client_module(
    model: Model, name: str, exchanges: Iterable[Exchange], sources: Mapping[str, Sequence[str]]
) -> str:
    """Return the text of the module.

    Args:
        model: the subsystem.
        name: of the class.
        exchanges: its routines, in order.
        sources: lines of the files that declare it, by name.
    """
    body = Source()
    homes: dict[str, set[str]] = {
        "typing": {"ClassVar"},
        "mig.rpc.client": {"Client"},
        "mig.rpc.errors": {"MachError"},
    }
    types: set[str] = set()
    body.lines("", "")
    with body.block(f"class {name}(Client):"):
        body.docstring(f"Calls the routines of subsystem {model.name}, {model.base}, on one port.")
        body.line()
        body.line('_package: ClassVar[str] = __name__.rpartition(".")[0]')
        for exchange in exchanges:
            collect_imports(_annotations(exchange), homes, types)
            body.line()
            _write_method(body, exchange, sources)
    front = front_of(model, f"Client of subsystem {model.name}.")
    write_imports(front, homes, types)
    return front.text() + body.text()


def _annotations(exchange: Exchange) -> list[str]:
    positional, keywords = parameters(exchange.request)
    return [text.split(": ", 1)[1] for text in (*positional, *keywords)] + [exchange.annotation]


def _write_method(source: Source, exchange: Exchange, sources: Mapping[str, Sequence[str]]) -> None:
    routine = exchange.routine
    positional, keywords = parameters(exchange.request)
    options = [*keywords, *_limit(exchange)]
    reply_port = user_reply_port(routine)
    port_name = argument_name(routine, reply_port.name) if reply_port else "0"
    if reply_port:
        positional.insert(0, f"{port_name}: int")
    source.listing(
        f"def {exchange.method(_ATTRIBUTES)}(",
        ["self", *positional, *(["*"] if options else []), *options],
        f") -> {exchange.annotation}:",
    )
    with source.indented():
        _write_docstring(source, exchange, sources)
        names = [text.split(":", 1)[0] for text in positional]
        passed = [*names, *(f"{name}={name}" for name in names_of(keywords))]
        if exchange.only:
            source.line(f'self._require_abi("{exchange.only}", "{routine.name}")')
        source.line("wire = self._wire")
        result = _result_name(exchange, {*names, *names_of(options), "wire"})
        with source.block("try:"):
            local = port_name if exchange.reply is None else "self._reply_port"
            source.listing(
                f"message = wire.encode_{routine.name}_request(",
                ["self._name", local, *(passed[1:] if reply_port else passed)],
                ")",
            )
            if exchange.reply is None:
                source.line("self._transport.send(message)")
            else:
                _write_call(source, exchange, result)
        with source.block("except MachError as error:"):
            source.line(f'self._locate(error, "{routine.name}")')
            source.line("raise")
        if result:
            source.line(f"return {result}")


def _write_call(source: Source, exchange: Exchange, result: str) -> None:
    """Write the call, and keep what it returns in a variable unless that is nothing."""
    target = f"{result}: {exchange.annotation} = " if result else ""
    decode = f"wire.decode_{exchange.routine.name}_reply("
    call = [f"self._transport.call(message, {_timeout(exchange)})"]
    if target and not source.fits(target + decode):
        with source.block(target + "("):
            source.listing(decode, call, ")")
        source.line(")")
    else:
        source.listing(target + decode, call, ")")


def _limit(exchange: Exchange) -> list[str]:
    """The parameter that a wait time is, if the caller is to give one."""
    argument = exchange.routine.with_role(Role.WAIT_TIME)
    if argument is None or exchange.reply is None:
        return []
    return [f"{argument_name(exchange.routine, argument.name)}: float | None = None"]


def _timeout(exchange: Exchange) -> str:
    """How long a call waits: what its caller says, its client, its interface."""
    limit = names_of(_limit(exchange))
    if limit:
        return f"self.timeout if {limit[0]} is None else {limit[0]}"
    usual = _usual_wait(exchange)
    return f"{usual / 1000} if self.timeout is None else self.timeout" if usual else "self.timeout"


def _usual_wait(exchange: Exchange) -> int:
    """The interface's limit in milliseconds; 0 where it is none that Python could know."""
    limit = exchange.routine.wait_time or ""
    if exchange.reply is None or _limit(exchange) or not limit.isdecimal():
        return 0
    return int(limit)


def _result_name(exchange: Exchange, taken: Collection[str]) -> str:
    """Name of the variable for what a routine returns; empty for nothing."""
    found = results(exchange.reply) if exchange.reply else []
    if not found:
        return ""
    result = found[0][0] if len(found) == 1 else "result"
    return result + "_" if result in taken else result


def _write_docstring(
    source: Source, exchange: Exchange, sources: Mapping[str, Sequence[str]]
) -> None:
    routine = exchange.routine
    details = [*comment_of(routine, sources), ""]
    usual = _usual_wait(exchange)
    if usual:
        details += [f"Waits {usual} ms for the answer unless ``timeout`` is set.", ""]
    sent = _sent(exchange, sources)
    limit = names_of(_limit(exchange))
    arguments = [*sent, *(f"    {name}: seconds to wait; None: ``timeout``." for name in limit)]
    details += ["Args:", *arguments, ""] if arguments else []
    found = exchange.reply.arguments if exchange.reply else ()
    if found:
        details.append("Returns:")
        for part in found:
            details += described(routine, part, sources)
        details.append("")
    details.append("Raises:")
    if sent:
        details.append("    ArgumentError: an argument does not fit its type; nothing was sent.")
    if exchange.only:
        details.append(f"    MigBadId: the host is not {exchange.only}, the only one to have it.")
    if exchange.reply is not None:
        details.append("    KernReturnError: the code that the callee answered with.")
    details.append("    TransportError: the message did not get through, or came back wrong.")
    kind = "Send" if exchange.reply is None else "Call"
    source.docstring(
        f"{kind} ``{routine.name}``, message {routine.message_id}; {place_of(routine)}.",
        details if details[0] else details[1:],
    )


def _sent(exchange: Exchange, sources: Mapping[str, Sequence[str]]) -> list[str]:
    """Say what the arguments are that go into the request."""
    routine, request = exchange.routine, exchange.request
    lines: list[str] = []
    port = user_reply_port(routine)
    if port is not None:
        name = argument_name(routine, port.name)
        lines.append(f"    {name}: name of the port that replies go to.")
    for part in request.arguments:
        lines += described(routine, part, sources)
        if part.may_deallocate:
            lines.append(f"    {part.name}_dealloc: give the memory or the rights away.")
    for part in request.counts:
        lines.append(f"    {part.name}: how many of ``{part.field.argument}`` to take at most.")
    for name in polymorphic_ports(request):
        lines.append(f"    {name}: disposition of that port's right.")
    return lines
