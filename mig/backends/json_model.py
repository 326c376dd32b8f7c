# SPDX-License-Identifier: GPL-2.0-or-later
"""The resolved model of an interface as a JSON document, for programs that are not ours.

Only says what the model says; `json_schema` describes the shape and docs/mig-json.md the meaning.
Whatever changes here so that a reader of the old shape would go wrong needs a new `VERSION`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from mig.frontend.diagnostics import Position
from mig.model.abi import Abi
from mig.model.layout import Field, MessageLayout
from mig.model.routines import Argument, Model, Routine
from mig.model.types import MessageType, Translation, Type

FORMAT = "mig-model"
VERSION = 1

JsonObject: TypeAlias = dict[str, Any]


def generate(models: Iterable[Model]) -> str:
    """The text of the document of one interface, resolved for one ABI or several."""
    return json.dumps(document(models), indent=2, ensure_ascii=False) + "\n"


def document(models: Iterable[Model]) -> JsonObject:
    """The document as Python's own values; equal models give equal documents."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "models": [_model(model) for model in models],
    }


class DocumentError(Exception):
    """A document is not one that `document` makes; the message says how."""


def models_of(read: object) -> dict[str, JsonObject]:
    """The models in a document, by name of their ABI; what is in them is not looked at.

    Raises:
        DocumentError: when it is no document, or of another version.
    """
    if not isinstance(read, dict) or read.get("format") != FORMAT:
        raise DocumentError("not a document that mig --json wrote")
    if read.get("version") != VERSION:
        raise DocumentError(f"version {read.get('version')}, and only {VERSION} is understood")
    try:
        return {model["abi"]["name"]: model for model in read["models"]}
    except (KeyError, TypeError) as error:
        raise DocumentError(f"damaged: {type(error).__name__}: {error}") from error


def _model(model: Model) -> JsonObject:
    routines = model.defined_routines
    skipped = [
        model.base + number for number, routine in enumerate(model.routines) if routine is None
    ]
    return {
        "abi": _abi(model.abi),
        "file": model.file,
        "subsystem": {
            "name": model.name,
            "base": model.base,
            "position": _position(model.position),
            "kernel_user": model.kernel_user,
            "kernel_server": model.kernel_server,
            "server_demux": model.server_demux,
            "skipped_ids": skipped,
        },
        "imports": [
            {"header": entry.header, "user": entry.user, "server": entry.server}
            for entry in model.imports
        ],
        "types": {name: _type(kind, model.types) for name, kind in model.types.items()},
        "routines": [_routine(routine, model.types) for routine in routines],
    }


def _abi(abi: Abi) -> JsonObject:
    return {
        "name": abi.name,
        "word": abi.word,
        "header": abi.header,
        "short_descriptor": abi.short_descriptor,
        "long_descriptor": abi.long_descriptor,
        "inline_port": abi.inline_port,
        "port_name": abi.port_name,
    }


def _position(position: Position) -> JsonObject | None:
    if not position.line:
        return None
    return {"file": position.file, "line": position.line, "column": position.column}


def _message_type(kind: MessageType) -> JsonObject:
    number = None if kind.is_polymorphic else kind.number
    return {"number": number, "symbol": kind.symbol}


def _type_name(kind: Type) -> str:
    """What sort of value it is, for readers that want one word instead of the flags."""
    if not kind.inline:
        return "out_of_line"
    if kind.string:
        return "string"
    if kind.variable:
        return "indefinite_array" if kind.indefinite else "variable_array"
    if kind.is_struct:
        return "struct"
    if kind.element is not None:
        return "array"
    return "port" if kind.is_port else "scalar"


def _type(kind: Type, named: Mapping[str, Type]) -> JsonObject:
    bounded = kind.inline and (kind.variable or kind.element is not None)
    return {
        "name": kind.name,
        "kind": _type_name(kind),
        "position": _position(kind.position),
        "aliases": list(kind.aliases),
        "sent": _message_type(kind.sent),
        "received": _message_type(kind.received),
        "element_bits": kind.size,
        "number": kind.number,
        "bytes": kind.bytes if kind.inline else None,
        "alignment": kind.alignment,
        "inline": kind.inline,
        "longform": kind.longform,
        "deallocate": kind.deallocate.value,
        "variable": kind.variable,
        "indefinite": kind.indefinite,
        "by_value": kind.by_value,
        "string": kind.string,
        "count_scale": kind.count_scale,
        "element_bytes": kind.element_bytes,
        "maximum_count": kind.maximum_count if bounded else None,
        "element": None if kind.element is None else _reference(kind.element, named),
        "members": [
            {
                "name": member.name,
                "offset": member.offset,
                "size": member.type.bytes,
                "type": _reference(member.type, named),
            }
            for member in kind.members
        ],
        "c_types": {
            "user": kind.user_type,
            "server": kind.server_type,
            "translated": kind.translated_type,
        },
        "translations": {
            "intran": _translation(kind.intran),
            "outtran": _translation(kind.outtran),
            "intran_payload": kind.intran_payload,
            "destructor": kind.destructor,
        },
    }


def _translation(translation: Translation | None) -> JsonObject | None:
    if translation is None:
        return None
    return {
        "function": translation.function,
        "argument": translation.argument,
        "result": translation.result,
    }


def _reference(kind: Type, named: Mapping[str, Type]) -> str | JsonObject:
    """The name of a type of the interface, or the whole of one that has no entry of its own."""
    return kind.name if named.get(kind.name) == kind else _type(kind, named)


def _routine(routine: Routine, named: Mapping[str, Type]) -> JsonObject:
    return {
        "name": routine.name,
        "position": _position(routine.position),
        "simple": routine.simple,
        "number": routine.number,
        "message_id": routine.message_id,
        "reply_id": routine.reply_id,
        "user_function": routine.user_name,
        "server_function": routine.server_name,
        "wait_time": routine.wait_time,
        "message_option": routine.message_option,
        "arguments": [_argument(argument, named) for argument in routine.arguments],
        "request": _message(routine.request, named),
        "reply": None if routine.reply is None else _message(routine.reply, named),
    }


def _argument(argument: Argument, named: Mapping[str, Type]) -> JsonObject:
    return {
        "name": argument.name,
        "position": _position(argument.position),
        "role": argument.role.value,
        "direction": argument.direction.value,
        "type": _reference(argument.type, named),
        "parent": argument.parent,
        "user": argument.user,
        "server": argument.server,
        "deallocate": argument.deallocate.value,
        "longform": argument.longform,
        "server_copy": argument.server_copy,
        "count_in_out": argument.count_in_out,
    }


def _message(layout: MessageLayout, named: Mapping[str, Type]) -> JsonObject:
    return {
        "message_id": layout.message_id,
        "minimum_size": layout.minimum_size,
        "maximum_size": layout.maximum_size,
        "fixed": layout.is_fixed,
        "complex": layout.complexity.value,
        "received_complex": layout.received_complexity.value,
        "fields": [_field(field, named) for field in layout.fields],
    }


def _field(field: Field, named: Mapping[str, Type]) -> JsonObject:
    kind = field.type
    return {
        "name": field.name,
        "kind": field.kind.value.replace(" ", "_"),
        "argument": field.argument or None,
        "type": _reference(kind, named),
        "descriptor": {
            "offset": field.descriptor_offset,
            "size": field.descriptor_size,
            "sent": _message_type(kind.sent),
            "received": _message_type(kind.received),
            "element_bits": kind.size,
            "number": None if kind.variable else kind.number,
            "inline": None if kind.indefinite else kind.inline,
            "longform": field.longform,
            "deallocate": field.deallocate.value,
        },
        "data": {
            "offset": field.data_offset,
            "minimum_size": field.minimum_size,
            "maximum_size": field.maximum_size,
            "padding": field.padding,
        },
    }
