# SPDX-License-Identifier: GPL-2.0-or-later
"""The JSON Schema of what `json_model` writes.

Describes shapes only; what the values mean stands in docs/mig-json.md.  Checks nothing itself:
any JSON Schema validator does.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from mig.backends.json_model import FORMAT, VERSION
from mig.model.abi import ABIS
from mig.model.layout import Complexity, FieldKind
from mig.model.routines import Direction, Role
from mig.model.types import Deallocate

Schema: TypeAlias = dict[str, Any]

_STRING: Schema = {"type": "string"}
_BOOLEAN: Schema = {"type": "boolean"}
_NATURAL: Schema = {"type": "integer", "minimum": 0}
_POSITIVE: Schema = {"type": "integer", "minimum": 1}


def json_schema() -> Schema:
    """The schema, draft 2020-12, with everything required and nothing else allowed."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A Mach interface resolved by mig",
        **_object(
            format={"const": FORMAT},
            version={"const": VERSION},
            models={"type": "array", "items": _ref("model"), "minItems": 1},
        ),
        "$defs": {
            "model": _model(),
            "position": _position(),
            "message_type": _object(
                number={"anyOf": [{**_NATURAL, "maximum": 255}, {"type": "null"}]}, symbol=_STRING
            ),
            "type": _type(),
            "reference": {"anyOf": [_STRING, _ref("type")]},
            "routine": _routine(),
            "argument": _argument(),
            "message": _message(),
            "field": _field(),
        },
    }


def _object(**properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _values(of: type[Deallocate | Complexity | Role | Direction]) -> Schema:
    return {"enum": [member.value for member in of]}


def _model() -> Schema:
    return _object(
        abi=_object(
            name={"enum": list(ABIS)},
            word=_POSITIVE,
            header=_POSITIVE,
            short_descriptor=_POSITIVE,
            long_descriptor=_POSITIVE,
            inline_port=_POSITIVE,
            port_name=_POSITIVE,
        ),
        file=_STRING,
        subsystem=_object(
            name=_STRING,
            base=_NATURAL,
            position=_ref("position"),
            kernel_user=_BOOLEAN,
            kernel_server=_BOOLEAN,
            server_demux=_STRING,
            skipped_ids=_list(_NATURAL),
        ),
        imports=_list(_object(header=_STRING, user=_BOOLEAN, server=_BOOLEAN)),
        types={"type": "object", "additionalProperties": _ref("type")},
        routines=_list(_ref("routine")),
    )


def _position() -> Schema:
    return _nullable(_object(file=_STRING, line=_POSITIVE, column=_POSITIVE))


def _type() -> Schema:
    translation = _nullable(_object(function=_STRING, argument=_STRING, result=_STRING))
    member = _object(name=_STRING, offset=_NATURAL, size=_POSITIVE, type=_ref("reference"))
    kinds = ("port", "scalar", "struct", "array", "variable_array", "indefinite_array", "string")
    return _object(
        name=_STRING,
        kind={"enum": [*kinds, "out_of_line"]},
        position=_ref("position"),
        aliases=_list(_STRING),
        sent=_ref("message_type"),
        received=_ref("message_type"),
        element_bits=_POSITIVE,
        number=_NATURAL,
        bytes=_nullable(_POSITIVE),
        alignment=_POSITIVE,
        inline=_BOOLEAN,
        longform=_BOOLEAN,
        deallocate=_values(Deallocate),
        variable=_BOOLEAN,
        indefinite=_BOOLEAN,
        by_value=_BOOLEAN,
        string=_BOOLEAN,
        count_scale=_POSITIVE,
        element_bytes=_POSITIVE,
        maximum_count=_nullable(_POSITIVE),
        element=_nullable(_ref("reference")),
        members=_list(member),
        c_types=_object(user=_STRING, server=_STRING, translated=_STRING),
        translations=_object(
            intran=translation,
            outtran=translation,
            intran_payload=_nullable(_STRING),
            destructor=_nullable(_STRING),
        ),
    )


def _routine() -> Schema:
    return _object(
        name=_STRING,
        position=_ref("position"),
        simple=_BOOLEAN,
        number=_NATURAL,
        message_id=_NATURAL,
        reply_id=_nullable(_NATURAL),
        user_function=_STRING,
        server_function=_STRING,
        wait_time=_nullable(_STRING),
        message_option=_nullable(_STRING),
        arguments=_list(_ref("argument")),
        request=_ref("message"),
        reply=_nullable(_ref("message")),
    )


def _argument() -> Schema:
    return _object(
        name=_STRING,
        position=_ref("position"),
        role=_values(Role),
        direction=_values(Direction),
        type=_ref("reference"),
        parent=_nullable(_STRING),
        user=_BOOLEAN,
        server=_BOOLEAN,
        deallocate=_values(Deallocate),
        longform=_BOOLEAN,
        server_copy=_BOOLEAN,
        count_in_out=_BOOLEAN,
    )


def _message() -> Schema:
    return _object(
        message_id=_NATURAL,
        minimum_size=_POSITIVE,
        maximum_size=_POSITIVE,
        fixed=_BOOLEAN,
        complex=_values(Complexity),
        received_complex=_values(Complexity),
        fields=_list(_ref("field")),
    )


def _field() -> Schema:
    return _object(
        name=_STRING,
        kind={"enum": [kind.value.replace(" ", "_") for kind in FieldKind]},
        argument=_nullable(_STRING),
        type=_ref("reference"),
        descriptor=_object(
            offset=_nullable(_POSITIVE),
            size=_POSITIVE,
            sent=_ref("message_type"),
            received=_ref("message_type"),
            element_bits=_POSITIVE,
            number=_nullable(_NATURAL),
            inline=_nullable(_BOOLEAN),
            longform=_BOOLEAN,
            deallocate=_values(Deallocate),
        ),
        data=_object(
            offset=_nullable(_POSITIVE),
            minimum_size=_NATURAL,
            maximum_size=_POSITIVE,
            padding=_NATURAL,
        ),
    )
