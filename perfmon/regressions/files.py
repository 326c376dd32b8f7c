# SPDX-License-Identifier: GPL-2.0-or-later
"""Baseline files: a measurement as JSON, and where those with a name are kept.

docs/regressions.md describes the format; a reader refuses versions that it does not know.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final

from perfmon.errors import PerfmonError
from perfmon.regressions.measurement import Cost, Environment, EventRun, Measurement, Run
from perfmon.statistics import Bucket
from perfmon.whole_file import whole_file

FORMAT: Final = "perfmon-baseline"
VERSION: Final = 1

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
_SUFFIX: Final = ".json"
_SIZE_MAX: Final = 1 << 28
_WHOLE_MAX: Final = (1 << 64) - 1
_Bounds = tuple[int, int | None]


class BaselineError(PerfmonError):
    """A baseline that is not there, or is no baseline that this version can read."""


def directory() -> Path:
    """Where named baselines are: `$XDG_DATA_HOME/perfmon/baselines`, or in `~/.local/share`."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "perfmon" / "baselines"


def path_of(name: str) -> Path:
    """The file of a name.

    Raises:
        BaselineError: this can be no name.
    """
    if not _NAME.fullmatch(name):
        raise BaselineError(
            f"{name!r} is no name for a baseline: up to 100 letters, digits and any of . _ + -, "
            "beginning with a letter or digit"
        )
    return directory() / f"{name}{_SUFFIX}"


def names() -> list[str]:
    """The names of all that are kept."""
    return sorted(path.name.removesuffix(_SUFFIX) for path in directory().glob(f"*{_SUFFIX}"))


def save(measurement: Measurement, path: Path) -> None:
    """Write a file, all of it or nothing; its directory is made.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write_text(to_text(measurement), encoding="utf-8")


def load(path: Path) -> Measurement:
    """Read a file.

    Raises:
        BaselineError: it is not there, or holds something else; says where and what.
    """
    try:
        if path.stat().st_size > _SIZE_MAX:
            raise BaselineError(f"{path}: expected a baseline, found more than {_SIZE_MAX} bytes")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BaselineError(f"{path}: there is no such baseline") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BaselineError(f"{path}: cannot be read: {error}") from None
    try:
        return from_text(text)
    except BaselineError as error:
        raise BaselineError(f"{path}: {error}") from None


def to_text(measurement: Measurement) -> str:
    """The file's text; the bounds of histograms stand in it once."""
    bounds = sorted(
        {(b.lower_ns, b.upper_ns) for run in measurement.runs for e in run.events.values()
         for b in e.buckets},
        key=lambda each: (each[0], each[1] is None, each[1] or 0),
    )  # fmt: skip
    place = {each: at for at, each in enumerate(bounds)}
    return json.dumps(
        {
            "format": FORMAT,
            "version": VERSION,
            "label": measurement.label,
            "created": measurement.created,
            "workload": measurement.workload,
            "environment": asdict(measurement.environment),
            "names": {str(event): name for event, name in measurement.names.items()},
            "buckets_ns": [list(each) for each in bounds],
            "runs": [_run_value(run, place) for run in measurement.runs],
        },
        separators=(",", ":"),
    )


def from_text(text: str) -> Measurement:
    """A measurement from a file's text.

    Raises:
        BaselineError: it is no baseline, or of another version.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BaselineError(f"expected a baseline, found no JSON: {error}") from None
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise BaselineError(f'expected a baseline, found no "format": "{FORMAT}"')
    if value.get("version") != VERSION:
        raise BaselineError(f"expected version {VERSION}, found {value.get('version')!r}")
    try:
        bounds = [_bounds(each) for each in value["buckets_ns"]]
        return Measurement(
            str(value["label"]),
            str(value["created"]),
            str(value["workload"]),
            _environment(value["environment"]),
            tuple(_run(each, bounds) for each in value["runs"]),
            {_event_id(event): str(name) for event, name in value["names"].items()},
        )
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BaselineError(f"a field is missing or wrong: {error!r}") from None


def _run_value(run: Run, place: Mapping[_Bounds, int]) -> dict[str, Any]:
    value: dict[str, Any] = {
        "elapsed_ns": run.elapsed_ns,
        "events": {str(event): _event_value(e, place) for event, e in run.events.items()},
    }
    if run.costs:
        value["costs"] = [
            [cost.event, cost.detail, cost.calls, cost.least, cost.typical] for cost in run.costs
        ]
    return value


def _event_value(event: EventRun, place: Mapping[_Bounds, int]) -> dict[str, Any]:
    return {
        **{name: getattr(event, name) for name in _COUNTS},
        "typical_ns": round(event.typical_ns, 3),
        "histogram": [[place[b.lower_ns, b.upper_ns], b.count] for b in event.buckets],
    }


_COUNTS: Final = ("count", "errors", "waits", "timed", "total_ns")


def _run(value: dict[str, Any], bounds: list[_Bounds]) -> Run:
    return Run(
        _whole(value["elapsed_ns"]),
        {_event_id(event): _event(each, bounds) for event, each in value["events"].items()},
        tuple(_cost(each) for each in value.get("costs", ())),
    )


def _event(value: dict[str, Any], bounds: list[_Bounds]) -> EventRun:
    count, errors, waits, timed, total_ns = (_whole(value[name]) for name in _COUNTS)
    buckets = tuple(_buckets(value["histogram"], bounds))
    typical_ns = float(value["typical_ns"])
    if not 0 <= typical_ns < math.inf:
        raise ValueError(f"typical_ns is {typical_ns}")
    return EventRun(count, errors, waits, timed, total_ns, typical_ns, buckets)


def _buckets(value: list[list[int]], bounds: list[_Bounds]) -> Iterator[Bucket]:
    for at, count in value:
        lower, upper = bounds[_whole(at)]
        yield Bucket(lower, upper, _whole(count))


def _bounds(value: list[int | None]) -> _Bounds:
    lower, upper = value
    return _whole(lower), None if upper is None else _whole(upper)


def _cost(value: list[Any]) -> Cost:
    event, detail, *counts = value
    calls, least, typical = map(_whole, counts)
    return Cost(_whole(event), str(detail), calls, least, typical)


def _environment(value: dict[str, Any]) -> Environment:
    """What is missing is not known; what this version does not know is left out."""
    known: dict[str, Any] = {f.name: f.default for f in fields(Environment)}
    for name in known.keys() & value.keys():
        if type(value[name]) is not type(known[name]):
            raise ValueError(f"{name} is {value[name]!r}")
        known[name] = value[name]
    return Environment(**known)


def _event_id(text: str) -> int:
    return _whole(int(text))


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _WHOLE_MAX:
        raise ValueError(f"expected a whole number, found {value!r}")
    return value
