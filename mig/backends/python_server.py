# SPDX-License-Identifier: GPL-2.0-or-later
"""The module with the server class of a subsystem: an abstract, documented method per routine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mig.backends.python_decode import results
from mig.backends.python_encode import parameters
from mig.backends.python_exchange import (
    Exchange,
    collect_imports,
    comment_of,
    described,
    front_of,
    names_of,
    place_of,
)
from mig.backends.python_plan import argument_name
from mig.backends.python_structures import write_imports
from mig.backends.python_text import WIDTH, Source
from mig.model.routines import Model, Role, Routine

#: What every server has already.
_ATTRIBUTES = frozenset({"_package", "_routines", "_abc_impl"})
#: What the runtime calls the parts of a header that a routine's arguments stand for: the value,
#: and its disposition.
_FIELDS = {
    Role.REQUEST_PORT: ("request_port", "request_type"),
    Role.REPLY_PORT: ("reply_port", "reply_type"),
    Role.SERVER_REPLY_PORT: ("reply_port", "reply_type"),
    Role.SEQUENCE_NUMBER: ("seqno", ""),
}
_MEANINGS = {
    "request_port": "name of the port that the request came to",
    "request_type": "disposition of that port's right",
    "reply_port": "name of the port that the reply goes to",
    "reply_type": "disposition of that port's right",
    "seqno": "sequence number of the request on its port",
}


@dataclass(frozen=True, slots=True)
class _Parameter:
    """A parameter that comes out of the header: its name, and what the runtime calls it."""

    name: str
    field: str


def server_module(
    model: Model, name: str, exchanges: Iterable[Exchange], sources: Mapping[str, Sequence[str]]
) -> str:
    """Return the text of the module.

    Args:
        model: the subsystem.
        name: of the class.
        exchanges: its routines as the server sees them, in order.
        sources: lines of the files that declare it, by name.
    """
    exchanges = list(exchanges)
    body = Source()
    homes: dict[str, set[str]] = {
        "collections.abc": {"Mapping"},
        "typing": {"ClassVar"},
        "mig.rpc.server": {"Server"},
    }
    if exchanges:
        homes["abc"] = {"abstractmethod"}
    homes["mig.rpc.server"].add("Routine")
    types: set[str] = set()
    body.lines("", "")
    with body.block(f"class {name}(Server):"):
        body.docstring(f"Answers the routines of subsystem {model.name}, {model.base}.")
        body.line()
        body.line('_package: ClassVar[str] = __name__.rpartition(".")[0]')
        _write_table(body, exchanges)
        for exchange in exchanges:
            collect_imports([text for _, text in results(exchange.request)], homes, types)
            collect_imports([text for _, text in _answers(exchange)], homes, types)
            body.line()
            _write_method(body, exchange, sources)
    front = front_of(model, f"Server of subsystem {model.name}.")
    write_imports(front, homes, types)
    return front.text() + body.text()


def _answers(exchange: Exchange) -> list[tuple[str, str]]:
    """Name and annotation of what a method returns, in order."""
    if exchange.reply is None:
        return []
    positional, keywords = parameters(exchange.reply)
    texts = [text.split(" = ")[0] for text in (*positional, *keywords)]
    return [(name, text) for name, text in (text.split(": ", 1) for text in texts)]


def _from_header(routine: Routine) -> list[_Parameter]:
    found = []
    for argument in routine.arguments:
        if argument.role not in _FIELDS or not argument.server:
            continue
        name = argument_name(routine, argument.name)
        value, disposition = _FIELDS[argument.role]
        found.append(_Parameter(name, value))
        implied = routine.implied(argument, Role.POLYMORPHIC)
        if implied is not None and implied.server:
            found.append(_Parameter(f"{name}_poly", disposition))
    return found


def _write_table(source: Source, exchanges: Sequence[Exchange]) -> None:
    opening = "_routines: ClassVar[Mapping[int, Routine]] = {"
    if not exchanges:
        source.line(opening + "}")
        return
    with source.block(opening):
        for exchange in exchanges:
            routine = exchange.routine
            items = [f'"{routine.name}"']
            method = exchange.method(_ATTRIBUTES)
            if method != routine.name:
                items.append(f'method="{method}"')
            tuples = {
                "results": [name for name, _ in _answers(exchange)],
                "header": [parameter.field for parameter in _from_header(routine)],
            }
            if not tuples["results"]:
                del tuples["results"]
            if tuples["header"] == ["request_port"]:
                del tuples["header"]
            items += [f"{field}={_tuple(names)}" for field, names in tuples.items()]
            if routine.simple:
                items.append("simple=True")
            if exchange.only:
                items.append(f'only="{exchange.only}"')
            _write_entry(source, f"{routine.message_id}: Routine(", items, tuples)
    source.line("}")


def _write_entry(
    source: Source, opening: str, items: Sequence[str], tuples: Mapping[str, Sequence[str]]
) -> None:
    """Write a call, broken inside its tuples where one is too long for a line; a name is not."""
    room = WIDTH - 13
    if all(len(item) <= room for item in items):
        source.listing(opening, items, "),")
        return
    with source.block(opening):
        for item in items:
            field = item.partition("=")[0]
            if len(item) <= room or field not in tuples:
                source.line(f"{item},")
            else:
                names = [f'"{name}"' for name in tuples[field]]
                source.listing(f"{field}=(", names, "),", exploded=True)
    source.line("),")


def _tuple(names: Sequence[str]) -> str:
    quoted = [f'"{name}"' for name in names]
    return f"({', '.join(quoted)}{',' if len(quoted) == 1 else ''})"


def _write_method(source: Source, exchange: Exchange, sources: Mapping[str, Sequence[str]]) -> None:
    routine = exchange.routine
    found = [f"{parameter.name}: int" for parameter in _from_header(routine)]
    found += [f"{name}: {annotation}" for name, annotation in results(exchange.request)]
    annotations = [annotation for _, annotation in _answers(exchange)]
    returned = "None"
    if annotations:
        returned = annotations[0]
    if len(annotations) > 1:
        returned = f"tuple[{', '.join(annotations)}]"
    source.line("@abstractmethod")
    opening, closing = f"def {exchange.method(_ATTRIBUTES)}(", f") -> {returned}:"
    if len(f"    {closing}") <= WIDTH:
        source.listing(opening, ["self", *found], closing)
    else:
        source.listing(opening, ["self", *found], ") -> tuple[", exploded=True)
        source.lines(*(f"    {annotation}," for annotation in annotations), "]:")
    with source.indented():
        _write_docstring(source, exchange, sources)


def _write_docstring(
    source: Source, exchange: Exchange, sources: Mapping[str, Sequence[str]]
) -> None:
    routine, request = exchange.routine, exchange.request
    comment = comment_of(routine, sources)
    details: list[str] = [*comment, ""] if comment else []
    details.append("Args:")
    for parameter in _from_header(routine):
        details.append(f"    {parameter.name}: {_MEANINGS[parameter.field]}.")
    for part in request.arguments:
        details += described(routine, part, sources)
    for part in request.counts:
        argument = part.field.argument
        details.append(f"    {part.name}: how many of ``{argument}`` the caller takes at most.")
    details.append("")
    if exchange.reply is not None and exchange.reply.arguments:
        details.append("Returns:")
        for part in exchange.reply.arguments:
            details += described(routine, part, sources)
        for name in names_of(parameters(exchange.reply)[1]):
            given = name.removesuffix("_dealloc")
            details.append(f"    {name}: give the memory or the rights of ``{given}`` away.")
        details.append("")
    details.append("Raises:")
    if routine.simple:
        details.append("    KernReturnError: the code to answer with, where there is a reply port.")
    else:
        details.append("    KernReturnError: the code to answer with.")
        details.append("    MigNoReply: not to answer, or not now.")
    kind = "Take" if routine.simple else "Answer"
    source.docstring(
        f"{kind} ``{routine.name}``, message {routine.message_id}; {place_of(routine)}.", details
    )
