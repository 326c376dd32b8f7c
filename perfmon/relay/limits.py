# SPDX-License-Identifier: GPL-2.0-or-later
"""What a relay grants its clients, who may be anybody; numbers only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one relay grants.

    Attributes:
        clients: how many are served at once.
        message: bytes of a request, without what travels out of line.
        out_of_line: bytes that travel with a request out of line, in all.
        ports: of its own that a client may have.
        idle: seconds that a client may be silent; None: for ever.
        transfer: seconds that one message may take, once it has begun.
        call: seconds that the host may take for an answer.
    """

    clients: int = 32
    message: int = 1 << 16
    out_of_line: int = 1 << 20
    ports: int = 16
    idle: float | None = 3600.0
    transfer: float = 30.0
    call: float = 600.0
