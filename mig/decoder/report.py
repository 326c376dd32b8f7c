# SPDX-License-Identifier: GPL-2.0-or-later
"""Decoded messages as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mig.decoder.decode import Decoded, Item
from mig.rpc.errors import KernReturnError
from mig.rpc.message import (
    BITS_COMPLEX,
    TypeName,
    local_disposition,
    remote_disposition,
)

_SHOWN = 16


def lines_of(message: Decoded, *, everything: bool = False) -> Iterator[str]:
    """Yield the lines of a message, what does not fit behind its contents.

    Args:
        message: the message.
        everything: all items of long arrays, and all bytes.
    """
    shown = None if everything else _SHOWN
    if message.header is not None:
        header = message.header
        complex_ = ", complex" if header.bits & BITS_COMPLEX else ""
        yield f"{message.offset:#06x}: {message.title}, {header.size} bytes{complex_}"
        remote = _port(header.remote, remote_disposition(header.bits))
        local = _port(header.local, local_disposition(header.bits))
        yield f"        remote {remote}, local {local}, sequence {header.seqno}"
    for item in message.items:
        yield f"  {item.offset:#06x} {_line(item, shown)}"
    for finding in message.findings:
        yield f"  {finding.offset:#06x} WRONG: {finding.text}"


def _line(item: Item, shown: int | None) -> str:
    kind = ", ".join((item.kind, *item.place))
    value = "?" if item.value is None else value_text(item.value, shown)
    if item.name == "return code" and isinstance(item.value, int):
        value = _return_code(item.value)
    elif any(place in TypeName.__members__ for place in item.place) and item.value is not None:
        value = _rights(item.value, shown)
    return f"{item.name}: {kind} = {value}" if item.name else f"{kind} = {value}"


def _return_code(code: int) -> str:
    name = KernReturnError.from_code(code).name if code else "KERN_SUCCESS"
    return f"{name} ({code})" if code.bit_length() < 16 else f"{name} ({code:#x})"


def _port(name: int, disposition: int) -> str:
    try:
        return f"{name:#x} ({TypeName(disposition).name})" if disposition else f"{name:#x}"
    except ValueError:
        return f"{name:#x} (disposition {disposition})"


def _rights(value: Any, shown: int | None) -> str:
    if isinstance(value, int):
        return f"{value:#x}"
    return _cut([f"{name:#x}" for name in value], shown)


def value_text(value: Any, shown: int | None) -> str:
    """Return a value: numbers, bytes, lists, and structures by the names of their members."""
    if isinstance(value, bytes):
        if shown is not None and len(value) > 4 * shown:
            return f"{value[: 4 * shown]!r} ... {len(value)} bytes"
        return repr(value)
    if isinstance(value, Mapping):
        members = (item for item in value.items() if item[0] != "_io")
        return "{" + ", ".join(f"{key}: {value_text(part, shown)}" for key, part in members) + "}"
    if isinstance(value, Sequence):
        part = value if shown is None else value[: shown + 1]
        return _cut([value_text(item, shown) for item in part], shown, len(value))
    return str(value)


def _cut(texts: Sequence[str], shown: int | None, count: int | None = None) -> str:
    count = len(texts) if count is None else count
    if shown is None or count <= shown:
        return f"[{', '.join(texts)}]"
    return f"[{', '.join(texts[:shown])}, ... {count} in all]"
