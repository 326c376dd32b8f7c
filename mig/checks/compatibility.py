# SPDX-License-Identifier: GPL-2.0-or-later
"""What breaks between an old and a new version of an interface.

Compares models as JSON, by name of their ABI, so that an old version can be a file that was kept.
What only the new version has is no break; what was there and is different is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from mig.checks.changes import Change, merged

Json: TypeAlias = Mapping[str, Any]


class ComparisonError(Exception):
    """Two versions cannot be compared; the message says why."""


def compare(old: Mapping[str, Json], new: Mapping[str, Json]) -> tuple[Change, ...]:
    """Every difference between two versions, on the ABIs that both describe.

    Args:
        old: the models of the old version, by name of their ABI.
        new: those of the new one.

    Raises:
        ComparisonError: when they have no ABI in common, or one is no model.
    """
    common = compared_abis(old, new)
    if not common:
        raise ComparisonError(
            f"nothing to compare: the old version is for {', '.join(old)},"
            f" the new one for {', '.join(new)}"
        )
    changes: list[Change] = []
    try:
        for abi in common:
            changes += _Comparison(old[abi], new[abi]).changes()
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ComparisonError(f"damaged: {type(error).__name__}: {error}") from error
    return merged(changes)


def compared_abis(old: Mapping[str, Json], new: Mapping[str, Json]) -> tuple[str, ...]:
    """The names of the ABIs that both versions describe."""
    return tuple(abi for abi in new if abi in old)


@dataclass(frozen=True, slots=True)
class _Property:
    """A value that a peer relies on: its category, what to call it, and how to get at it.

    Attributes:
        shown: where to find what people call the value; empty: the value itself.
    """

    category: str
    what: str
    path: tuple[str, ...]
    shown: tuple[str, ...] = ()


def _at(value: Json, path: tuple[str, ...]) -> Any:
    found: Any = value
    for name in path:
        found = found[name]
    return found


_SUBSYSTEM = (
    _Property("name", "subsystem", ("name",)),
    _Property("name", "dispatch function", ("server_demux",)),
)
_ROUTINE = (
    _Property("message-id", "message id", ("message_id",)),
    _Property("reply-id", "reply id", ("reply_id",)),
    _Property("name", "routine", ("name",)),
    _Property("name", "user's function", ("user_function",)),
    _Property("name", "server's function", ("server_function",)),
)
_ARGUMENT = (
    _Property("direction", "role", ("role",)),
    _Property("direction", "direction", ("direction",)),
    _Property("prototype", "in the user's function", ("user",)),
    _Property("prototype", "in the server's function", ("server",)),
)
_C_TYPES = (
    _Property("prototype", "C type of the user", ("c_types", "user")),
    _Property("prototype", "C type of the server", ("c_types", "translated")),
)
_MESSAGE = (
    _Property("", "complex", ("complex",)),
    _Property("", "complex on arrival", ("received_complex",)),
)
_FIELD = (
    _Property("", "descriptor's offset", ("descriptor", "offset")),
    _Property("", "descriptor's size", ("descriptor", "size")),
    _Property("", "long descriptor", ("descriptor", "longform")),
    _Property("", "deallocate", ("descriptor", "deallocate")),
    _Property("", "offset", ("data", "offset")),
)
_TYPE = (
    # Two symbols can stand for one number, and messages carry the number.
    _Property("type", "type sent", ("sent", "number"), ("sent", "symbol")),
    _Property("type", "type received", ("received", "number"), ("received", "symbol")),
    _Property("type", "bits of an element", ("element_bits",)),
    _Property("type", "elements", ("number",)),
    _Property("type", "elements per C element", ("count_scale",)),
    _Property("type", "inline", ("inline",)),
    _Property("type", "variable size", ("variable",)),
    _Property("type", "indefinite", ("indefinite",)),
    _Property("type", "string", ("string",)),
)


class _Comparison:
    """Two models for one ABI."""

    def __init__(self, old: Json, new: Json) -> None:
        self._old = old
        self._new = new
        self._abi: str = new["abi"]["name"]

    def changes(self) -> Iterator[Change]:
        """Every difference, in the order of the old version; additions last."""
        subsystem = self._new["subsystem"]
        name, place = subsystem["name"], _place(subsystem)
        yield from self._properties(_SUBSYSTEM, self._old["subsystem"], subsystem, name, place)
        added = {routine["name"]: routine for routine in self._new["routines"]}
        by_id = {
            routine["message_id"]: routine
            for routine in self._new["routines"]
            if routine["name"] not in {old["name"] for old in self._old["routines"]}
        }
        for old in self._old["routines"]:
            new = added.get(old["name"]) or by_id.get(old["message_id"])
            if new is None:
                what = f"message id {old['message_id']} is gone"
                yield self._change("removed", old["name"], what, None, None, _place(old))
                continue
            del added[new["name"]]
            yield from self._routine(old, new)
        for new in added.values():
            what = f"message id {new['message_id']} is new"
            place = _place(new)
            yield self._change("added", new["name"], what, None, None, place, breaks=False)

    def _change(
        self,
        category: str,
        subject: str,
        what: str,
        old: object,
        new: object,
        place: str,
        *,
        breaks: bool = True,
    ) -> Change:
        return Change(category, subject, what, old, new, breaks, place, (self._abi,))

    def _properties(
        self,
        properties: tuple[_Property, ...],
        old: Json,
        new: Json,
        subject: str,
        place: str,
        of: str = "",
        category: str = "",
    ) -> Iterator[Change]:
        for entry in properties:
            if _at(old, entry.path) != _at(new, entry.path):
                before, after = (_at(value, entry.shown or entry.path) for value in (old, new))
                chosen = entry.category or category
                yield self._change(chosen, subject, f"{of}{entry.what}", before, after, place)

    def _sizes(
        self, old: Json, new: Json, category: str, subject: str, of: str, place: str
    ) -> Iterator[Change]:
        before, after = ((value["minimum_size"], value["maximum_size"]) for value in (old, new))
        names: tuple[str, ...] = ("least size", "greatest size")
        if before[0] == before[1] and after[0] == after[1]:
            names = ("size",)
        for name, was, now in zip(names, before, after, strict=False):
            if was != now:
                yield self._change(category, subject, f"{of}{name}", was, now, place)

    def _routine(self, old: Json, new: Json) -> Iterator[Change]:
        subject, place = old["name"], _place(new)
        yield from self._properties(_ROUTINE, old, new, subject, place)
        pairs, removed, appeared = _matched(old["arguments"], new["arguments"])
        for before in removed:
            what = f"argument '{before['name']}' is gone"
            yield self._change("prototype", subject, what, None, None, place)
        for after in appeared:
            what = f"argument '{after['name']}' is new"
            yield self._change("prototype", subject, what, None, None, place)
        order = [new["arguments"].index(after) for _, after in pairs]
        if order != sorted(order):
            sequence = ", ".join(before["name"] for before, _ in pairs)
            now = ", ".join(pairs[at][1]["name"] for at in _ranked(order))
            yield self._change("prototype", subject, "order of arguments", sequence, now, place)
        for before, after in pairs:
            yield from self._argument(before, after, subject, place)
        names = {before["name"]: after["name"] for before, after in pairs}
        for message in ("request", "reply"):
            if old[message] is not None and new[message] is not None:
                yield from self._message(message, old[message], new[message], names, subject, place)

    def _argument(self, old: Json, new: Json, subject: str, place: str) -> Iterator[Change]:
        of = f"'{old['name']}': "
        if old["name"] != new["name"]:
            yield self._change(
                "renamed", subject, "argument", old["name"], new["name"], place, breaks=False
            )
        yield from self._properties(_ARGUMENT, old, new, subject, place, of)
        before, after = self._type_of(self._old, old), self._type_of(self._new, new)
        yield from self._properties(_C_TYPES, before, after, subject, place, of)
        yield from self._type(before, after, subject, place, of)

    def _type_of(self, model: Json, holder: Json, name: str = "type") -> Json:
        """The type that something refers to, by name or in full."""
        reference = holder[name]
        found: Json = model["types"][reference] if isinstance(reference, str) else reference
        return found

    def _type(self, old: Json, new: Json, subject: str, place: str, of: str) -> Iterator[Change]:
        yield from self._properties(_TYPE, old, new, subject, place, of)
        if old["element"] is not None and new["element"] is not None:
            before = self._type_of(self._old, old, "element")
            after = self._type_of(self._new, new, "element")
            yield from self._members(before, after, subject, place, of)
        yield from self._members(old, new, subject, place, of)

    def _members(self, old: Json, new: Json, subject: str, place: str, of: str) -> Iterator[Change]:
        def change(
            category: str, what: str, before: object, after: object, *, breaks: bool = True
        ) -> Change:
            text = f"{of}{what}"
            return self._change(category, subject, text, before, after, place, breaks=breaks)

        pairs, removed, appeared = _matched(old["members"], new["members"])
        for member in removed:
            yield change("type", f"member '{member['name']}', its offset", member["offset"], None)
        for member in appeared:
            yield change("type", f"member '{member['name']}', its offset", None, member["offset"])
        for before, after in pairs:
            name = before["name"]
            if name != after["name"]:
                yield change("renamed", "member", name, after["name"], breaks=False)
            for what in ("offset", "size"):
                if before[what] != after[what]:
                    yield change("type", f"member '{name}', its {what}", before[what], after[what])
            inside_old = self._type_of(self._old, before)
            inside_new = self._type_of(self._new, after)
            yield from self._type(inside_old, inside_new, subject, place, f"{of}member '{name}', ")

    def _message(
        self, what: str, old: Json, new: Json, names: Mapping[str, str], subject: str, place: str
    ) -> Iterator[Change]:
        category = f"{what}-layout"
        of = f"{what}: "
        yield from self._sizes(old, new, category, subject, of, place)
        yield from self._properties(_MESSAGE, old, new, subject, place, of, category)
        fields = {(field["kind"], field["argument"]): field for field in new["fields"]}
        for before in old["fields"]:
            argument = names.get(before["argument"], before["argument"])
            after = fields.pop((before["kind"], argument), None)
            if after is None:
                text = f"{of}field '{before['name']}' is gone{_where(before)}"
                yield self._change(category, subject, text, None, None, place)
            else:
                title = f"{of}'{before['name']}', its "
                yield from self._properties(_FIELD, before, after, subject, place, title, category)
                sizes = before["data"], after["data"]
                yield from self._sizes(*sizes, category, subject, title, place)
        for after in fields.values():
            text = f"{of}field '{after['name']}' is new{_where(after)}"
            yield self._change(category, subject, text, None, None, place)


def _where(field: Json) -> str:
    """Where a field begins, if that is the same in every message."""
    offset = field["descriptor"]["offset"]
    return "" if offset is None else f", at offset {offset}"


def _matched(
    old: list[Json], new: list[Json]
) -> tuple[list[tuple[Json, Json]], list[Json], list[Json]]:
    """Pairs of the same name, or of none and the same index; what is left of either."""
    by_name = {entry["name"]: entry for entry in new}
    known = {entry["name"] for entry in old}
    pairs, removed = [], []
    for index, entry in enumerate(old):
        found = by_name.get(entry["name"])
        if found is None and index < len(new) and new[index]["name"] not in known:
            found = new[index]
        if found is None:
            removed.append(entry)
        else:
            pairs.append((entry, found))
    taken = {after["name"] for _, after in pairs}
    return pairs, removed, [entry for entry in new if entry["name"] not in taken]


def _ranked(order: list[int]) -> list[int]:
    return sorted(range(len(order)), key=order.__getitem__)


def _place(entry: Json) -> str:
    position = entry["position"]
    return f"{position['file']}:{position['line']}"
