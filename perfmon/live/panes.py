# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of the screen: what is known of one host, and one event's durations.

They render what they are given and ask nobody.
"""

from __future__ import annotations

from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import DataTable, Static

from perfmon.live.columns import GAP, cpu_rows, fitting, matching, ordered
from perfmon.live.figures import HostFigures, HostState
from perfmon.live.rendering import (
    alerts_text,
    cell_text,
    histogram_text,
    state_text,
    table_text,
    tabs_text,
    tasks_text,
    title_text,
)
from perfmon.live.view import Panel, View

_REFRESH: Final = 0.5
_WIDE: Final = 116
"""Columns of a host from which on its three panels stand side by side."""


class EventTable(DataTable[Text]):
    """The events of a host; the cursor stays on its event, wherever that moves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "app.histogram", "Histogram", key_display="⏎"),
        Binding("left", "app.host(-1)", show=False),
        Binding("right", "app.host(1)", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(cursor_type="row", cell_padding=0)
        self._columns: tuple[tuple[str, int], ...] = ()

    def show(self, figures: HostFigures, view: View) -> None:
        """Show a reading as the view says."""
        selected = self.selected
        columns = fitting(self.size.width)
        titles = tuple((title_text(column, view), width + GAP) for column, width in columns)
        if titles != self._columns:
            self.clear(columns=True)
            for title, width in titles:
                self.add_column(title.ljust(width) if title[:5] == "EVENT" else title.rjust(width))
            self._columns = titles
        events = ordered(matching(figures.events, view.filter), view.column, reverse=view.reverse)
        slow_ns = figures.configuration.latency_us * 1000
        rows = {
            str(event.event): [
                cell_text(column, width, event, slow_ns) for column, width in columns
            ]
            for event in events
        }
        if list(rows) != [key.value for key in (row.key for row in self.ordered_rows)]:
            self._replace_rows(rows, str(selected))
            return
        for at, row in enumerate(rows.values()):
            for place, cell in enumerate(row):
                if self.get_row_at(at)[place] != cell:
                    self.update_cell_at((at, place), cell)  # type: ignore[arg-type]

    @property
    def selected(self) -> int | None:
        """The event that the cursor is on."""
        if not self.row_count:
            return None
        return int(self.ordered_rows[self.cursor_row].key.value or 0)

    def _replace_rows(self, rows: dict[str, list[Text]], selected: str) -> None:
        self.clear()
        for key, row in rows.items():
            self.add_row(*row, key=key)
        if selected in rows:
            self.move_cursor(row=list(rows).index(selected), animate=False)


class HostPane(Vertical):
    """Everything about one host."""

    DEFAULT_CSS = """
    HostPane { width: 1fr; }
    HostPane .state { height: 2; text-wrap: nowrap; text-overflow: ellipsis; }
    HostPane EventTable {
        height: auto; min-height: 4; max-height: 70%; scrollbar-size: 1 1; overflow-x: hidden;
        background: $background;
    }
    HostPane .panels { height: 1fr; min-height: 3; }
    HostPane .panel {
        display: none; width: 1fr; height: 100%;
        border-top: solid $panel-lighten-2; border-title-color: $text; scrollbar-size: 1 1;
    }
    HostPane .panel.shown { display: block; }
    HostPane.gone EventTable, HostPane.gone .panels { opacity: 60%; }
    """

    def __init__(self, address: str) -> None:
        super().__init__()
        self.state = HostState(address)
        self._view = View()

    def compose(self) -> ComposeResult:
        """The state, the events, the panels."""
        yield Static(classes="state")
        yield EventTable()
        with Horizontal(classes="panels"):
            for panel in Panel:
                with VerticalScroll(classes="panel", id=panel.name.lower(), can_focus=False):
                    yield Static()

    @property
    def table(self) -> EventTable:
        """The table of events."""
        return self.query_one(EventTable)

    def show(self, state: HostState, view: View) -> None:
        """Show what is known now."""
        self.state, self._view = state, view
        alerts = state.figures.alerts if state.figures else ()
        self.set_class(bool(state.error), "gone")
        self.query_one(".state", Static).update(state_text(state, view, self.size.width))
        wide = self.size.width >= _WIDE
        for panel in Panel:
            widget = self.query_one(f"#{panel.name.lower()}")
            widget.set_class(wide or panel is view.panel, "shown")
            widget.border_title = panel.value if wide else tabs_text(panel, len(alerts))
        if state.figures is None:
            return
        self.table.show(state.figures, view)
        width = (self.size.width // len(Panel) if wide else self.size.width) - 2
        for panel, text in (
            (Panel.TASKS, tasks_text(state.figures, width, view.filter)),
            (Panel.CPUS, table_text(cpu_rows(state.figures.cpus, width))),
            (Panel.ALERTS, alerts_text(state.figures)),
        ):
            self.query_one(f"#{panel.name.lower()} Static", Static).update(text)

    def on_resize(self) -> None:
        """Lay the same figures out anew."""
        self.show(self.state, self._view)


class HistogramScreen(ModalScreen[None]):
    """The durations of one event of one host, over the figures that stay live behind it."""

    DEFAULT_CSS = """
    HistogramScreen { align: center middle; }
    HistogramScreen VerticalScroll {
        width: 90%; max-width: 100; height: 90%; border: round $primary; padding: 0 1;
        scrollbar-size: 1 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "Close"),
    ]

    def __init__(self, pane: HostPane, event: int) -> None:
        super().__init__()
        self._pane = pane
        self._event = event

    def compose(self) -> ComposeResult:
        """A box with the chart."""
        with VerticalScroll():
            yield Static()

    def on_mount(self) -> None:
        """Show it, and go on showing it."""
        self.show()
        self.set_interval(_REFRESH, self.show)

    def on_resize(self) -> None:
        """Fill the new width."""
        self.show()

    def show(self) -> None:
        """Show the newest figures of the event."""
        figures = self._pane.state.figures
        event = (
            next((e for e in figures.events if e.event == self._event), None) if figures else None
        )
        if figures is None or event is None:
            return
        box = self.query_one(VerticalScroll)
        box.border_title = f"{event.name} on {figures.address}"
        box.border_subtitle = "Esc closes"
        self.query_one(Static).update(histogram_text(event, max(40, box.size.width - 3)))
