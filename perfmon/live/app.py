# SPDX-License-Identifier: GPL-2.0-or-later
"""The full-screen view of hosts: keys, and when what is shown.

Feeds put states into the view's inbox; a timer shows them, at most four times a second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar, Final

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.css.query import NoMatches
from textual.widgets import Footer, Input, Static

from perfmon.live.columns import SORTABLE
from perfmon.live.feed import Feed, Watched
from perfmon.live.figures import HostState
from perfmon.live.panes import HistogramScreen, HostPane
from perfmon.live.view import View

REFRESH: Final = 0.25
"""Seconds between two frames, at least."""
_INTERVALS: Final = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_FAREWELL: Final = 0.5


class Monitor(App[None]):
    """Watches hosts side by side."""

    TITLE = "perfmon monitor"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #title { height: 1; background: $primary-background; color: $text; }
    #hosts { height: 1fr; }
    HostPane.divided { border-left: vkey $panel-lighten-2; padding-left: 1; }
    #filter { display: none; height: 1; border: none; padding: 0 1; }
    #filter.open { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit"),
        Binding("ctrl+c", "quit", "Quit", show=False, priority=True),
        Binding("space,p", "pause", "Pause", key_display="p"),
        Binding("s", "sort", "Sort"),
        Binding("r", "reverse", "Reverse"),
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("tab", "panel", "Panel", key_display="⇥", priority=True),
        Binding("c", "reconnect", "Connect"),
        Binding("plus,equals_sign", "slower(1)", "Slower", key_display="+", show=False),
        Binding("minus", "slower(-1)", "Faster", key_display="-", show=False),
        Binding("escape", "clear_filter", "Clear filter", show=False),
    ]

    def __init__(self, hosts: Sequence[Watched], interval: float) -> None:
        super().__init__()
        self.view = View(interval=max(interval, REFRESH))
        self._hosts = hosts
        self._inbox: dict[int, HostState] = {}
        self.feeds = [
            Feed(host.address, host.connect, self._receiver(at), self.view.interval)
            for at, host in enumerate(hosts)
        ]

    def compose(self) -> ComposeResult:
        """A title, the hosts, the filter's line, the keys."""
        yield Static(id="title")
        with Horizontal(id="hosts"):
            for at, host in enumerate(self._hosts):
                pane = HostPane(host.address)
                pane.set_class(at > 0, "divided")
                yield pane
        yield Input(id="filter", placeholder="part of a name; Enter keeps it, Esc clears it")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Start to read and to show."""
        self.panes[0].table.focus()
        self.refresh_view()
        self.set_interval(REFRESH, self._show_new)
        for feed in self.feeds:
            feed.start()

    def on_unmount(self) -> None:
        """Stop to read; a call that hangs is not waited for."""
        for feed in self.feeds:
            feed.stop()
        for feed in self.feeds:
            feed.join(_FAREWELL)

    @property
    def panes(self) -> list[HostPane]:
        """One for each host."""
        return list(self.screen_stack[0].query(HostPane))

    # Showing.

    def _receiver(self, at: int) -> Callable[[HostState], None]:
        return lambda state: self._inbox.__setitem__(at, state)

    def _show_new(self) -> None:
        # The timer may tick once more while screens are taken down, and when none is left.
        if not self.view.paused and self.screen_stack:
            with suppress(NoMatches):
                self.refresh_view()

    def refresh_view(self) -> None:
        """Show what has come, as the user wants it."""
        self.screen_stack[0].query_one("#title", Static).update(self._title_text())
        for at, pane in enumerate(self.panes):
            state = pane.state if self.view.paused else self._inbox.get(at, pane.state)
            pane.show(state, self.view)

    def _title_text(self) -> Text:
        view = self.view
        text = Text(" perfmon monitor", "bold", no_wrap=True, overflow="ellipsis")
        text.append(f"   every {view.interval:g} s", "not bold")
        text.append(f"   sorted by {view.column.title.lower()}", "not bold")
        if view.filter:
            text.append(f"   only *{view.filter}*", "not bold")
        if view.paused:
            text.append("   PAUSED", "bold reverse")
        return text

    def _change(self, **changes: Any) -> None:
        self.view = replace(self.view, **changes)
        self.refresh_view()

    # Keys.

    def action_pause(self) -> None:
        """Hold the figures still, or let them go on; hosts are read all the same."""
        self._change(paused=not self.view.paused)

    def action_sort(self) -> None:
        """Sort by the next column."""
        at = SORTABLE.index(self.view.column)
        self._change(column=SORTABLE[(at + 1) % len(SORTABLE)], reverse=False)

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._change(reverse=not self.view.reverse)

    def action_panel(self) -> None:
        """Show the next panel."""
        self._change(panel=self.view.panel.next)

    def action_slower(self, steps: int) -> None:
        """Read less often, or more often."""
        nearest = min(_INTERVALS, key=lambda seconds: abs(seconds - self.view.interval))
        at = _INTERVALS.index(nearest) + steps
        interval = _INTERVALS[min(max(at, 0), len(_INTERVALS) - 1)]
        for feed in self.feeds:
            feed.interval = interval
        self._change(interval=interval)

    def action_reconnect(self) -> None:
        """Connect to hosts that are gone; read the others at once."""
        for feed in self.feeds:
            feed.reconnect()

    def action_host(self, step: int) -> None:
        """Go to the table of the host beside."""
        tables = [pane.table for pane in self.panes]
        at = next((at for at, table in enumerate(tables) if table.has_focus), 0)
        tables[(at + step) % len(tables)].focus()

    def action_histogram(self) -> None:
        """Show the durations of the selected event."""
        pane = next((pane for pane in self.panes if pane.table.has_focus), self.panes[0])
        event = pane.table.selected
        if event is not None:
            self.push_screen(HistogramScreen(pane, event))

    def action_filter(self) -> None:
        """Let the user type a filter."""
        line = self.query_one("#filter", Input)
        line.add_class("open")
        line.focus()

    def action_clear_filter(self) -> None:
        """Show all names again."""
        self.query_one("#filter", Input).value = ""
        self._close_filter()

    def on_input_changed(self, message: Input.Changed) -> None:
        """Filter while it is typed."""
        self._change(filter=message.value)

    def on_input_submitted(self) -> None:
        """Keep the filter."""
        self._close_filter()

    def _close_filter(self) -> None:
        self.query_one("#filter", Input).remove_class("open")
        self.panes[0].table.focus()
