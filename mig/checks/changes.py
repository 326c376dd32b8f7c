# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs between two versions of an interface: values, text for people, JSON for programs.

Knows nothing of how the differences are found.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

FORMAT = "mig-diff"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        category: ``message-id``, ``reply-id``, ``request-layout``, ``reply-layout``, ``type``,
            ``direction``, ``prototype``, ``name``, ``removed``, ``added`` or ``renamed``.
        subject: the routine it is about, or the subsystem.
        what: which property of it changed.
        old: its value before: a number, a word, a truth value, or None for nothing.
        new: its value now; equal to `old` when `what` says it all.
        breaks: peers built from the old version stop working, or sources stop compiling.
        place: where to look, in the new version if it is still there: ``file:line``.
        abis: the ABIs it holds for.
    """

    category: str
    subject: str
    what: str
    old: object
    new: object
    breaks: bool
    place: str
    abis: tuple[str, ...]

    def render(self, all_abis: tuple[str, ...]) -> str:
        """A line; ABIs are named when the change does not hold for all that were compared."""
        word = "break" if self.breaks else "change"
        abis = "" if self.abis == all_abis else f" on {' and '.join(self.abis)}"
        differ = self.old != self.new
        values = f" {_show(self.old)} -> {_show(self.new)}" if differ else ""
        return (
            f"{self.place}: {word}: '{self.subject}': {self.what}{values}{abis} [{self.category}]"
        )


def merged(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Changes that differ in nothing but the ABI become one; in the order of the first of each."""
    together: dict[Change, tuple[str, ...]] = {}
    for change in changes:
        key = replace(change, abis=())
        together[key] = (*together.get(key, ()), *change.abis)
    return tuple(replace(key, abis=abis) for key, abis in together.items())


def report(changes: Iterable[Change], all_abis: tuple[str, ...]) -> str:
    """The text of all changes; empty when there are none."""
    return "".join(f"{change.render(all_abis)}\n" for change in changes)


def report_json(changes: Iterable[Change], all_abis: tuple[str, ...]) -> str:
    """The changes as a JSON document."""
    found = [
        {
            "category": change.category,
            "breaks": change.breaks,
            "subject": change.subject,
            "what": change.what,
            "old": change.old,
            "new": change.new,
            "place": change.place,
            "abis": list(change.abis),
        }
        for change in changes
    ]
    document = {
        "format": FORMAT,
        "version": VERSION,
        "abis": list(all_abis),
        "breaks": any(change["breaks"] for change in found),
        "changes": found,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _show(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
