# SPDX-License-Identifier: GPL-2.0-or-later
"""What commands print: text (perfmon.text) that fits where it goes, and JSON."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from perfmon.text import NOTHING, Medium, counted, duration, frequency, number, rate, table

__all__ = [
    "NOTHING",
    "counted",
    "duration",
    "frequency",
    "number",
    "print_json",
    "rate",
    "standard_output",
    "table",
]


def standard_output() -> Medium:
    """What stdout can show: a terminal has a width, and colours unless NO_COLOR is set."""
    blocks = True
    try:
        "▏█".encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeError:
        blocks = False
    if not sys.stdout.isatty():
        return Medium(blocks=blocks)
    colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"
    return Medium(shutil.get_terminal_size().columns, colour, blocks)


def print_json(value: object) -> None:
    """Print one value on one line, so that several make NDJSON."""
    print(json.dumps(value, default=_plain), flush=True)


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
