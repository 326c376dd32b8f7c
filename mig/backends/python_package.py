# SPDX-License-Identifier: GPL-2.0-or-later
"""A Python package for a subsystem: types, client, server, and the messages of both ABIs.

Joins the other Python rooms into the files of the package; writes none of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath

from mig.backends.python_client import client_module
from mig.backends.python_decode import results, write_decoder
from mig.backends.python_encode import write_encoder
from mig.backends.python_exchange import Exchange
from mig.backends.python_module import CodecModule
from mig.backends.python_plan import plan_message
from mig.backends.python_server import server_module
from mig.backends.python_structures import (
    write_import,
    write_imports,
    write_named_tuple,
    write_tuple_class,
)
from mig.backends.python_text import Source, class_name, is_taken
from mig.backends.python_values import Structure, StructureItems, UnsupportedTypeError, Value
from mig.frontend.diagnostics import CompileError, Diagnostic, Severity
from mig.model.routines import Model, Routine


def generate(
    model_i386: Model, model_x86_64: Model, sources: Mapping[str, Sequence[str]] | None = None
) -> Mapping[str, str]:
    """Return the files of the package, text by name.

    Args:
        model_i386: the subsystem on i386.
        model_x86_64: the same subsystem on x86_64.
        sources: lines of the files that declare it, by name as in positions; what they say above
            a routine, and beside arguments and members, goes into docstrings.

    Raises:
        CompileError: a routine has what Python cannot send; names it and the argument.
    """
    models = (model_i386, model_x86_64)
    lines = sources or {}
    names = {routine.name for model in models for routine in model.defined_routines}
    users = [list(_exchanges(model, names, user=True)) for model in models]
    servers = [list(_exchanges(model, names, user=False)) for model in models]
    exchanges = _merged(*users)
    structures = _structures(exchanges)
    types = [structure.annotation for structure in structures]
    types += [exchange.result_class for exchange in exchanges if exchange.has_result_class]
    client, server = class_name(model_i386.name), class_name(model_i386.name) + "Server"
    client += "Client" if client in types or is_taken(client) else ""
    server += "_" if server in types else ""
    files = {
        "__init__.py": _package_module(model_i386, client, types),
        "types.py": _types_module(model_i386, structures, exchanges, lines),
        "client.py": client_module(model_i386, client, exchanges, lines),
        "server.py": server_module(model_i386, server, _merged(*servers), lines),
    }
    for model, calling, serving in zip(models, users, servers, strict=True):
        files[f"{model.abi.name}.py"] = _codec_module(model, calling, serving)
    return files


def _exchanges(model: Model, names: Collection[str], *, user: bool) -> Iterable[Exchange]:
    """Plan every routine; a user sends requests, a server sends replies.

    Args:
        model: the subsystem.
        names: of its routines on either ABI.
        user: whose plans.
    """
    for routine in model.defined_routines:
        try:
            request = plan_message(model.abi, routine, routine.request, sent=user)
            reply = None
            if routine.reply is not None:
                reply = plan_message(model.abi, routine, routine.reply, sent=not user)
        except UnsupportedTypeError as error:
            raise _refusal(routine, str(error)) from None
        others = frozenset(names) - {routine.name}
        yield Exchange(routine, request, reply, others=others)


def _refusal(routine: Routine, reason: str) -> CompileError:
    text = f"routine {routine.name}: {reason}"
    return CompileError((Diagnostic(Severity.ERROR, routine.position, text),))


def _merged(left: list[Exchange], right: list[Exchange]) -> list[Exchange]:
    """Return the routines of both ABIs, by id; one that both have must look the same in both."""
    found = {exchange.routine.name: exchange for exchange in left}
    for exchange in right:
        name = exchange.routine.name
        if name not in found:
            found[name] = replace(exchange, only=exchange.request.abi.name)
        elif _signature(found[name]) != _signature(exchange):
            raise _refusal(exchange.routine, "it differs between i386 and x86_64")
    for name in found.keys() - {exchange.routine.name for exchange in right}:
        found[name] = replace(found[name], only=found[name].request.abi.name)
    return sorted(found.values(), key=lambda exchange: exchange.routine.message_id)


def _signature(exchange: Exchange) -> object:
    return (
        exchange.routine.name,
        exchange.routine.message_id,
        [(part.name, part.annotation) for part in exchange.request.arguments],
        exchange.reply and results(exchange.reply),
    )


def _codec_module(model: Model, user: list[Exchange], server: list[Exchange]) -> str:
    module = CodecModule(model.abi, model.name, PurePath(model.file).name)
    for calling, serving in zip(user, server, strict=True):
        write_encoder(module, calling.request)
        write_decoder(module, serving.request, calling.result_class)
        if calling.reply is not None and serving.reply is not None:
            write_encoder(module, serving.reply)
            write_decoder(module, calling.reply, calling.result_class)
    return module.text()


def _structures(exchanges: Collection[Exchange]) -> list[Structure]:
    """Return the structures of all arguments, those in others first.

    Raises:
        CompileError: two of them, or one and a result, would have the same name in Python.
    """
    found: dict[str, Structure] = {}
    layouts: dict[str, Structure] = {}
    results_of = {
        exchange.result_class: exchange.routine.name
        for exchange in exchanges
        if exchange.has_result_class
    }

    def add(value: Value | None, routine: Routine) -> None:
        match value:
            case StructureItems(structure=structure):
                add(structure, routine)
            case Structure(fields=fields):
                for field in fields:
                    add(field.value, routine)
                name = value.annotation
                other = found.setdefault(name, value)
                if other.name != value.name:
                    raise _refusal(routine, f"{value.name} and {other.name} are both {name}")
                namesake = layouts.setdefault(value.layout, value)
                if namesake.name != value.name:
                    both = f"{value.name} and {namesake.name} differ by case alone"
                    raise _refusal(routine, both)
                if name in results_of:
                    both = f"{value.name} and the result of {results_of[name]} are both {name}"
                    raise _refusal(routine, both)

    for exchange in exchanges:
        for plan in (exchange.request, exchange.reply):
            for part in plan.parts if plan else ():
                add(part.value or part.leaf, exchange.routine)
    return list(found.values())


def _types_module(
    model: Model,
    structures: Iterable[Structure],
    exchanges: Iterable[Exchange],
    sources: Mapping[str, Sequence[str]],
) -> str:
    body = Source()
    homes: dict[str, set[str]] = {}
    for structure in structures:
        homes["typing"] = {"NamedTuple"}
        write_named_tuple(body, structure, sources)
    for exchange in exchanges:
        if exchange.reply is not None and exchange.has_result_class:
            found = results(exchange.reply)
            homes["typing"] = {"NamedTuple"}
            if any(annotation.startswith("StructArray") for _, annotation in found):
                homes["mig.rpc.arrays"] = {"StructArray"}
            summary = f"What ``{exchange.routine.name}`` returns."
            write_tuple_class(body, exchange.result_class, summary, found)
    front = Source()
    front.lines(
        "# SPDX-License-Identifier: GPL-2.0-or-later",
        f'"""Structures and results of subsystem {model.name}.',
        "",
        f"Generated by mig from {PurePath(model.file).name}: changes belong there.",
        '"""',
    )
    if homes:
        front.line()
        write_imports(front, homes)
    return front.text() + (body.text() if homes else "")


def _package_module(model: Model, client: str, types: Collection[str]) -> str:
    source = Source()
    source.lines(
        "# SPDX-License-Identifier: GPL-2.0-or-later",
        f'"""Subsystem {model.name}.',
        "",
        f"Generated by mig from {PurePath(model.file).name}: changes belong there.",
        '"""',
        "",
        f"from .client import {client}",
    )
    if types:
        write_import(source, ".types", types)
    names = [f'"{name}"' for name in sorted([client, *types])]
    source.line()
    source.listing("__all__ = [", names, "]", exploded=len(names) > 3)
    return source.text()
