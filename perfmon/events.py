# SPDX-License-Identifier: GPL-2.0-or-later
"""The events of the interface: numbers, names and what their two data words mean.

Names of events that others registered live in the host; callers pass them in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from perfmon.errors import UnknownEventError
from perfmon.interface import EVENT_MAX


class Event(IntEnum):
    """The events that perfmon itself defines; ids from 16 up belong to others."""

    IPC_SEND = 0
    IPC_RECEIVE = 1
    VM_ALLOC = 2
    VM_FREE = 3
    TASK_CREATE = 4
    TASK_TERMINATE = 5
    THREAD_CREATE = 6
    THREAD_TERMINATE = 7
    CONTEXT_SWITCH = 8
    INTERRUPT = 9
    SYSCALL = 10
    PAGE_FAULT = 11
    PROFILE = 12

    @property
    def data_meanings(self) -> tuple[str, str]:
        """What data1 and data2 of this event's samples hold."""
        return _DATA[self]


_DATA: Final = {
    Event.IPC_SEND: ("msgh_id", "size"),
    Event.IPC_RECEIVE: ("msgh_id", "size"),
    Event.VM_ALLOC: ("address", "size"),
    Event.VM_FREE: ("address", "size"),
    Event.TASK_CREATE: ("task", "parent"),
    Event.TASK_TERMINATE: ("task", "caller"),
    Event.THREAD_CREATE: ("thread", "task"),
    Event.THREAD_TERMINATE: ("thread", "task"),
    Event.CONTEXT_SWITCH: ("from thread", "to thread"),
    Event.INTERRUPT: ("irq", "pc"),
    Event.SYSCALL: ("trap number", "result"),
    Event.PAGE_FAULT: ("address", "protection"),
    Event.PROFILE: ("pc", "mode"),
}

BUILTIN_NAMES: Final[Mapping[int, str]] = MappingProxyType({int(e): e.name for e in Event})


def event_name(event: int, names: Mapping[int, str] = BUILTIN_NAMES) -> str:
    """The name of an event id; EVENT_n when it has none."""
    return names.get(event, f"EVENT_{event}")


def event_id(
    event: int | str, names: Mapping[int, str] = BUILTIN_NAMES, *, whole: bool = False
) -> int:
    """The id of an event given by number, by digits or by name in any case.

    The beginning of a name does for the name where no other begins so, unless `whole`.

    Raises:
        UnknownEventError: for a number outside 0-63, a name that is not among `names`, or the
            beginning of several.
    """
    if isinstance(event, int) or (event.isascii() and event.isdigit()):
        number = int(event)
        if not 0 <= number < EVENT_MAX:
            raise UnknownEventError(_unknown(event, names))
        return number
    wanted = event.upper().replace("-", "_")
    found = [number for number, name in names.items() if name.upper() == wanted]
    if not found and wanted and not whole:
        found = [number for number, name in names.items() if name.upper().startswith(wanted)]
    if len(found) > 1:
        meant = " or ".join(names[number] for number in sorted(found))
        raise UnknownEventError(f"ambiguous event {event!r}: {meant}?")
    if not found:
        raise UnknownEventError(_unknown(event, names))
    return found[0]


def events_in(mask: int) -> Iterator[int]:
    """The event ids of a mask, ascending."""
    return (event for event in range(EVENT_MAX) if mask >> event & 1)


def _unknown(event: int | str, names: Mapping[int, str]) -> str:
    named = {number: name for number, name in names.items() if name != event_name(number, {})}
    known = ", ".join(f"{number} {name}" for number, name in sorted(named.items()))
    return f"unknown event {event!r}: expected a name or a number of 0-{EVENT_MAX - 1}: {known}"
