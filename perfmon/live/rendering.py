# SPDX-License-Identifier: GPL-2.0-or-later
"""What the panes say, as styled text; nothing here is a widget."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from rich.style import Style
from rich.text import Text

from perfmon.live.columns import GAP, Cell, EventColumn, Look, task_rows
from perfmon.live.figures import EventFigures, HostFigures, HostState
from perfmon.live.view import Panel, View
from perfmon.statistics import Histogram
from perfmon.text import bar, counted, duration, number, rate

_STYLES: Final = {
    Look.PLAIN: Style(),
    Look.IDLE: Style(dim=True),
    Look.HISTORY: Style(color="cyan"),
    Look.SLOW: Style(color="yellow", bold=True),
    Look.BAD: Style(color="red", bold=True),
}
_TITLE: Final = Style(bold=True)
_LOSS_WIDTH: Final = 72
"""Columns that the whole account of samples takes."""


def title_text(column: EventColumn, view: View) -> str:
    """A column's title; the one that events are sorted by says in which direction."""
    if column is not view.column:
        return column.title
    return column.title + ("▼" if column.descending is not view.reverse else "▲")


def cell_text(column: EventColumn, width: int, event: EventFigures, slow_ns: int) -> Text:
    """A cell of the table of events, with the gap to the next one."""
    cell = column.cell(event, width, slow_ns)
    padded = cell.text + " " * GAP if column.left else " " * GAP + cell.text
    return Text(padded, _STYLES[cell.look], no_wrap=True)


def state_text(state: HostState, view: View, width: int) -> Text:
    """Two lines on a host: what it does, and what is lost; or why it is gone."""
    text = Text(no_wrap=True, overflow="ellipsis")
    figures = state.figures
    address = _shortened(state.address, max(12, width // 3))
    if state.error:
        text.append("✗ ", _STYLES[Look.BAD]).append(address, _TITLE)
        what = "gone; these figures are its last" if figures else "not reached"
        text.append(f"  {what}; c connects again\n")
        reason = state.error.removeprefix(state.address).lstrip(" :")
        return text.append(reason, _STYLES[Look.BAD])
    if figures is None:
        return text.append("… ").append(address, _TITLE).append("  connecting")
    on = figures.interface.enabled
    text.append("● " if on else "○ ", Style(color="green") if on else _STYLES[Look.SLOW])
    text.append(address, _TITLE)
    every = figures.configuration.sample_rate
    age = (time.monotonic_ns() - figures.taken_ns) / 1e9
    parts = [
        "monitoring" if on else "monitoring is off: perfmon enable",
        counted(figures.interface.cpus, "CPU"),
    ]
    parts.append(f"{number(every)} samples/s per CPU" if every else "every event")
    if not view.paused and age > 3 * view.interval + 1:
        parts.append(f"no answer for {age:.0f} s")
    text.append("  " + ", ".join(parts) + "\n")
    return text.append_text(_loss(figures, width))


def tasks_text(figures: HostFigures, width: int, text: str) -> Text:
    """The busiest tasks."""
    if figures.note:
        return Text(figures.note, _STYLES[Look.IDLE])
    if not figures.tasks:
        why = "no samples in the last interval" if figures.seconds else "with the next reading"
        return Text(why, _STYLES[Look.IDLE])
    return table_text(task_rows(figures.tasks, width, text))


def alerts_text(figures: HostFigures) -> Text:
    """What the host's thresholds and regression flag had to say, the newest first."""
    system = figures.system
    text = Text(no_wrap=True, overflow="ellipsis")
    if system.regression:
        text.append("regression flag is up  ", _STYLES[Look.BAD])
    text.append(f"{counted(system.alerts, 'alert')} sent by this host\n", _STYLES[Look.IDLE])
    for alert in figures.alerts:
        text.append(f"{alert.clock}  ", _STYLES[Look.IDLE]).append(
            f"{alert.text}\n", _STYLES[Look.SLOW]
        )
    return text


def tabs_text(shown: Panel, alerts: int) -> Text:
    """The names of all panels, the one that is shown marked."""
    text = Text()
    for panel in Panel:
        title = panel.value + (f" ({alerts})" if panel is Panel.ALERTS and alerts else "")
        text.append(f" {title} ", Style(bold=True, reverse=True) if panel is shown else Style())
    return text


def table_text(rows: Sequence[Sequence[Cell]]) -> Text:
    """Rows of cells, the first of them titles."""
    text = Text(no_wrap=True)
    for at, row in enumerate(rows):
        for cell in row:
            text.append(cell.text, _TITLE if at == 0 else _STYLES[cell.look])
            text.append(" " * GAP)
        text.append("\n")
    return text


def histogram_text(event: EventFigures, width: int) -> Text:
    """Figures and bars of one event: of the last interval, and of all since the last reset."""
    text = Text()
    for title, histogram in (("last interval", event.recent), ("since reset", event.total)):
        text.append(f"{title}: {counted(histogram.count, 'duration')}\n", _TITLE)
        if not histogram.buckets:
            text.append("\n")
            continue
        percentiles = ((percent, histogram.percentile(percent)) for percent in (50, 90, 99, 99.9))
        text.append(
            "   ".join(f"p{percent:g} {duration(ns)}" for percent, ns in percentiles) + "\n"
        )
        merged = _coarse(histogram)
        most = max(bucket[2] for bucket in merged)
        for lower, upper, count in merged:
            upper_text = duration(upper) if upper is not None else "more"
            text.append(f"{duration(lower):>8} - {upper_text:<8}{number(count):>12} ")
            text.append(bar(count, most, max(8, width - 34)) + "\n", _STYLES[Look.HISTORY])
        text.append("\n")
    return text


def _loss(figures: HostFigures, width: int) -> Text:
    """The account of all CPUs' samples; where room is short, what is 0 is left out."""
    narrow = width < _LOSS_WIDTH
    text = Text("" if narrow else "samples/s: ", no_wrap=True, overflow="ellipsis")
    for title, name in (
        ("written", "written"),
        ("rate-limited", "rate_limited"),
        ("overwritten", "overwritten"),
        ("refused", "refused"),
    ):
        value = sum(getattr(cpu, name) for cpu in figures.cpus)
        if narrow and not value and name != "written":
            continue
        look = Look.BAD if name == "refused" else Look.PLAIN
        text.append(f"{title} {rate(value, 1)}  ", _STYLES[look if value else Look.IDLE])
    if figures.lost:
        text.append(f"not read in time {number(figures.lost)}", _STYLES[Look.BAD])
    return text


def _shortened(address: str, width: int) -> str:
    """An address of at most `width` characters; its end says more than its middle."""
    if len(address) <= width:
        return address
    scheme = address.partition(":")[0] + ":…"
    return scheme + address[len(scheme) - width :]


def _coarse(histogram: Histogram) -> list[tuple[int, int | None, int]]:
    """Buckets of a doubling each, those between the first and the last included."""
    merged: dict[int, int] = {}
    for bucket in histogram.buckets:
        exponent = bucket.lower_ns.bit_length()
        merged[exponent] = merged.get(exponent, 0) + bucket.count
    return [
        ((1 << exponent) >> 1, 1 << exponent, merged.get(exponent, 0))
        for exponent in range(min(merged), max(merged) + 1)
    ]
