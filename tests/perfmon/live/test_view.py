# SPDX-License-Identifier: GPL-2.0-or-later
"""The full-screen view of made-up hosts: what a key does to what is on the screen."""

import asyncio
import html
import re
import time
from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from perfmon.errors import ConnectError
from perfmon.live import Watched
from perfmon.live.app import Monitor
from perfmon.live.figures import HostState
from perfmon.live.rendering import state_text
from perfmon.live.source import Source
from perfmon.live.view import View
from tests.perfmon.live.readings import NAMES, MadeUpSource

Script = Callable[[Monitor, Pilot[None]], Awaitable[None]]


def screen(app: Monitor) -> list[str]:
    """The lines of the screen, as the picture that Textual makes of it has them."""
    picture = app.export_screenshot()
    rows: dict[float, list[tuple[float, str]]] = {}
    for x, y, text in re.findall(
        r'<text class="[^"]*-r\d+" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>', picture
    ):
        rows.setdefault(float(y), []).append((float(x), html.unescape(text).replace("\xa0", " ")))
    lines = ("".join(text for _, text in sorted(row)) for _, row in sorted(rows.items()))
    return [line.rstrip("\n") for line in lines]


def watch(
    script: Script,
    *connects: Callable[[], Source],
    size: tuple[int, int] = (80, 24),
    interval: float = 0.25,
) -> None:
    async def run() -> None:
        hosts = [Watched("made-up:", connect) for connect in connects or (MadeUpSource,)]
        app = Monitor(hosts, interval)
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: app.panes[0].state.figures or app.panes[0].state.error)
            await until(pilot, lambda: size[0] < 80 or "Quit" in screen(app)[-1])
            await script(app, pilot)

    asyncio.run(run())


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        await pilot.pause(0.05)


async def until_shown(app: Monitor, pilot: Pilot[None], *parts: str) -> None:
    """Textual draws when it finds the time."""
    await until(pilot, lambda: all(part in "\n".join(screen(app)) for part in parts))


def names(app: Monitor) -> list[str]:
    table = app.panes[0].table
    return [str(table.get_row_at(row)[0]).strip() for row in range(table.row_count)]


def test_everything_is_on_a_screen_of_80_by_24():
    async def script(app, pilot):
        await until_shown(app, pilot, "ext2fs")
        lines = screen(app)
        text = "\n".join(lines)
        assert len(lines) <= 24
        assert max(map(len, lines)) <= 80
        assert "● made-up:  monitoring, 2 CPUs, 1,000 samples/s per CPU" in text
        assert "samples/s: written 200  rate-limited 100  overwritten 0  refused 100" in text
        assert re.search(r"IPC_RECEIVE +300 .*▁█ +2.00 us 1.50 us 4.50 us 5.00 us 5.00 us", text)
        assert re.search(r"7 ext2fs +300 +75.0 % IPC_RECEIVE", text)
        for key in ("Histogram", "Panel", "Quit", "Pause", "Sort", "Reverse", "Filter", "Connect"):
            assert key in lines[-1]

    watch(script)


def test_s_sorts_by_the_next_column_and_r_turns_it_round():
    async def script(app, pilot):
        assert names(app) == list(NAMES)
        await pilot.press("s")
        assert names(app) == ["IPC_RECEIVE", "VM_FREE", "IPC_SEND", "VM_ALLOC"]
        await until_shown(app, pilot, "PER SEC▼")
        await pilot.press("r")
        assert names(app) == ["VM_ALLOC", "IPC_SEND", "VM_FREE", "IPC_RECEIVE"]

    watch(script)


def test_the_cursor_stays_on_its_event_when_the_order_changes():
    async def script(app, pilot):
        await pilot.press("down")
        assert app.panes[0].table.selected == 1
        await pilot.press("s", "r")
        assert names(app)[3] == "IPC_RECEIVE"
        assert app.panes[0].table.cursor_row == 3

    watch(script)


def test_a_filter_applies_while_it_is_typed_and_escape_clears_it():
    async def script(app, pilot):
        await pilot.press("slash", "v", "m")
        assert names(app) == ["VM_ALLOC", "VM_FREE"]
        await pilot.press("enter")
        assert app.panes[0].table.has_focus
        await until_shown(app, pilot, "only *vm*")
        await pilot.press("escape")
        assert names(app) == list(NAMES)

    watch(script)


def test_a_key_typed_into_the_filter_is_no_command():
    async def script(app, pilot):
        await pilot.press("slash", "q", "s", "p")
        assert app.is_running
        assert not app.view.paused
        assert app.view.filter == "qsp"

    watch(script)


def test_pause_holds_the_figures_while_hosts_are_read_on():
    async def script(app, pilot):
        await pilot.press("p")
        shown = app.panes[0].state
        await pilot.pause(0.8)
        assert app.panes[0].state is shown
        assert "PAUSED" in screen(app)[0]
        await pilot.press("space")
        assert app.panes[0].state is not shown

    watch(script)


def test_tab_shows_the_next_panel_where_there_is_no_room_for_all():
    async def script(app, pilot):
        await until_shown(app, pilot, "ext2fs")
        await pilot.press("tab")
        await until_shown(app, pilot, "OVERWRITTEN")
        text = "\n".join(screen(app))
        assert "ext2fs" not in text
        assert re.search(r"0 +400 +200 +100 +0 +100", text)
        await pilot.press("tab")
        await until_shown(app, pilot, "regression flag is up")

    watch(script)


def test_on_a_wide_screen_all_panels_stand_side_by_side():
    async def script(app, pilot):
        await until_shown(
            app, pilot, "ext2fs", "OVERWRITTEN", "regression flag is up", "WAITS/S", "COUNT"
        )

    watch(script, size=(160, 40))


def test_alerts_are_listed_newest_first_and_counted():
    async def script(app, pilot):
        await until_shown(app, pilot, "Alerts (2)")
        await pilot.press("tab", "tab")
        await until_shown(app, pilot, "10:00:01", "10:00:00")
        text = "\n".join(screen(app))
        assert text.index("10:00:01  VM_FREE took 3.00 ms") < text.index("10:00:00  IPC_SEND 12")

    watch(script)


def test_enter_shows_the_durations_of_the_event_under_the_cursor():
    async def script(app, pilot):
        await pilot.press("down", "enter")
        await until_shown(app, pilot, "last interval: 100 durations")
        text = "\n".join(screen(app))
        assert "IPC_RECEIVE on made-up:" in text
        assert "last interval: 100 durations" in text
        assert re.search(r"1.02 us - 2.05 us +90 █", text)
        await pilot.press("escape")
        await until(pilot, lambda: "durations" not in "\n".join(screen(app)))

    watch(script)


def test_a_host_that_dies_keeps_its_last_figures_and_comes_back_on_a_key():
    sources = [MadeUpSource(dies_after=2), MadeUpSource()]

    async def script(app, pilot):
        await until_shown(app, pilot, "the guest ended")
        text = "\n".join(screen(app))
        assert "✗ made-up:  gone; these figures are its last; c connects again" in text
        assert re.search(r"IPC_RECEIVE +300 ", text)
        await pilot.press("c")
        await until(pilot, lambda: not app.panes[0].state.error)

    watch(script, lambda: sources.pop(0))


def test_of_a_long_address_the_end_is_shown():
    state = HostState("unix:/a/very/long/path/to/some/directory/relay", error="it ended")
    first = state_text(state, View(), 80).plain.splitlines()[0]
    assert first == "✗ unix:…some/directory/relay  not reached; c connects again"


def test_hosts_stand_side_by_side_and_one_that_is_not_there_disturbs_no_other():
    def refuse():
        raise ConnectError("nobody listens", address="made-up:")

    async def script(app, pilot):
        await until_shown(app, pilot, "✗ made-up:", "IPC_RECEIVE")
        lines = screen(app)
        assert re.search(r"● made-up: .*✗ made-up:", lines[1])
        assert "IPC_RECEIVE" in "\n".join(lines)
        assert max(map(len, lines)) <= 80
        await pilot.press("right")
        assert app.panes[1].table.has_focus

    watch(script, MadeUpSource, refuse)


def test_the_interval_changes_by_keys_within_bounds():
    async def script(app, pilot):
        await pilot.press("minus")
        assert app.view.interval == 0.25
        await pilot.press("plus", "plus")
        assert app.view.interval == 1.0
        assert {feed.interval for feed in app.feeds} == {1.0}

    watch(script)


def test_frames_come_at_most_four_times_a_second_whatever_was_asked_for():
    async def script(app, pilot):
        assert app.view.interval == 0.25

    watch(script, interval=0.001)


@pytest.mark.parametrize("size", [(20, 8), (39, 12)])
def test_a_screen_that_is_too_small_is_no_reason_to_end(size):
    async def script(app, pilot):
        await until_shown(app, pilot, "EVENT")
        assert app.is_running

    watch(script, size=size)


def test_q_ends_it_and_stops_the_feeds():
    apps = []

    async def script(app, pilot):
        apps.append(app)
        await pilot.press("q")

    watch(script)
    assert not any(feed._thread.is_alive() for feed in apps[0].feeds)


def test_a_tick_after_the_last_screen_went_is_no_error():
    async def script(app, pilot):
        screens = app._screen_stack
        before = screens[:]
        screens.clear()
        app._show_new()
        screens[:] = before

    watch(script)
