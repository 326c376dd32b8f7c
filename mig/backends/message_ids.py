# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of an interface's message ids, as programs that trace messages read it."""

from __future__ import annotations

from mig.model.routines import Model


def generate_message_ids(model: Model) -> str:
    """A line per routine: subsystem, base, routine, number, request id, reply id or 0."""
    return "".join(
        f"{model.name} {model.base} {routine.name} {routine.number}"
        f" {routine.message_id} {routine.reply_id or 0}\n"
        for routine in model.defined_routines
    )
