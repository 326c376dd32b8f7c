# SPDX-License-Identifier: GPL-2.0-or-later
"""Feeds read until they are stopped, and outlive their hosts."""

import queue

import pytest

from perfmon.errors import ConnectError
from perfmon.live.feed import Feed
from perfmon.live.figures import HostState
from tests.perfmon.live.readings import MadeUpSource


@pytest.fixture
def posted():
    return queue.Queue()


def run(connect, posted: "queue.Queue[HostState]", interval: float = 0.001) -> Feed:
    feed = Feed("made-up:", connect, posted.put, interval)
    feed.start()
    return feed


def stop(feed: Feed) -> None:
    feed.stop()
    feed.join(5)
    assert not feed._thread.is_alive()


def test_a_feed_posts_one_reading_after_another(posted):
    source = MadeUpSource()
    feed = run(lambda: source, posted)
    states = [posted.get(timeout=5) for _ in range(3)]
    stop(feed)
    assert all(state.figures and not state.error for state in states)
    assert source.closed


def test_a_host_that_dies_leaves_its_last_figures_and_the_reason(posted):
    feed = run(lambda: MadeUpSource(dies_after=2), posted)
    states = [posted.get(timeout=5) for _ in range(3)]
    assert [bool(state.error) for state in states] == [False, False, True]
    assert states[2].figures is states[1].figures
    assert "the guest ended" in states[2].error
    with pytest.raises(queue.Empty):
        posted.get(timeout=0.05)
    stop(feed)


def test_it_connects_again_when_it_is_told_to(posted):
    sources = [MadeUpSource(dies_after=1), MadeUpSource()]
    feed = run(lambda: sources.pop(0), posted)
    assert not posted.get(timeout=5).error
    assert posted.get(timeout=5).error
    feed.reconnect()
    assert not posted.get(timeout=5).error
    stop(feed)


def test_a_host_that_was_never_reached_is_a_state_too(posted):
    def refuse():
        raise ConnectError("nobody listens", address="made-up:")

    feed = run(refuse, posted)
    state = posted.get(timeout=5)
    assert state.figures is None
    assert "nobody listens" in state.error
    stop(feed)


def test_stopping_does_not_wait_for_the_interval(posted):
    feed = run(MadeUpSource, posted, interval=3600)
    posted.get(timeout=5)
    stop(feed)
