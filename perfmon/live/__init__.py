# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts watched live: a thread reads each, a full-screen view shows what it last read.

`figures`, `source`, `feed` and `columns` are pure Python; the view (`app` and the panes that it is
made of) needs the extra `perfmon[live]`.
"""

from __future__ import annotations

from collections.abc import Sequence

from perfmon.errors import MissingExtraError
from perfmon.live.feed import Watched

__all__ = ["Watched", "open_view", "require_view"]


def require_view() -> None:
    """See to it that there is a full-screen view.

    Raises:
        MissingExtraError: textual is not installed.
    """
    try:
        import textual  # noqa: F401
    except ImportError:
        raise MissingExtraError("live", "textual", "the full-screen view") from None


def open_view(hosts: Sequence[Watched], interval: float) -> None:
    """Show hosts full-screen until the user quits.

    Args:
        hosts: at least one; one that cannot be reached is shown as such.
        interval: seconds between two readings of a host.

    Raises:
        MissingExtraError: textual is not installed.
    """
    require_view()
    from perfmon.live.app import Monitor

    Monitor(hosts, interval).run()
