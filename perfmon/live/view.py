# SPDX-License-Identifier: GPL-2.0-or-later
"""What the user wants to see, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from perfmon.live.columns import EVENT, EventColumn


class Panel(Enum):
    """The panels below a host's events."""

    TASKS = "Tasks"
    CPUS = "CPUs"
    ALERTS = "Alerts"

    @property
    def next(self) -> Panel:
        """The one that comes after this."""
        panels = list(Panel)
        return panels[(panels.index(self) + 1) % len(panels)]


@dataclass(frozen=True, slots=True)
class View:
    """What the user wants to see.

    Attributes:
        column, reverse: what events are sorted by.
        filter: a part of the names of events and tasks.
        panel: the one that is shown where there is no room for all.
        paused: figures stand still.
        interval: seconds between two readings.
    """

    column: EventColumn = EVENT
    reverse: bool = False
    filter: str = ""
    panel: Panel = Panel.TASKS
    paused: bool = False
    interval: float = 1.0
