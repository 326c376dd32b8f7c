# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of wrapped functions, read from csrc/gnumach/hooks.list."""

from collections.abc import Sequence
from dataclasses import dataclass

from perfmon.kernel.sites import CallSite


@dataclass(frozen=True, slots=True)
class Hook:
    """A function to wrap; `callers` limits whose calls are redirected, unless it is empty."""

    function: str
    callers: tuple[str, ...] = ()


def parse_hooks(text: str) -> list[Hook]:
    """Read the list: a function and perhaps callers on each line; # begins a comment."""
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return [Hook(words[0], tuple(words[1:])) for words in lines if words]


def redirected(sites: Sequence[CallSite], hooks: Sequence[Hook]) -> list[CallSite]:
    """Those of the call sites that the hooks ask for."""
    callers = {hook.function: hook.callers for hook in hooks}
    return [
        site
        for site in sites
        if not callers[site.function] or site.caller in callers[site.function]
    ]
