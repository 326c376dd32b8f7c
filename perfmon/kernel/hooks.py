# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of wrapped functions, read from csrc/gnumach/hooks.list."""

from collections.abc import Sequence
from dataclasses import dataclass

from perfmon.kernel.image import KernelImage
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


def redirected(
    image: KernelImage, sites: Sequence[CallSite], hooks: Sequence[Hook]
) -> list[CallSite]:
    """Those of the call sites that the hooks ask for.

    Raises:
        AssumptionError: a hooked function is not called by those who are expected to.
    """
    found = []
    for hook in hooks:
        calls = [site for site in sites if site.function == hook.function]
        if not calls:
            raise image.failed(f"{hook.function} is called")
        if missing := set(hook.callers).difference(_source_name(site.caller) for site in calls):
            raise image.failed(f"{' and '.join(sorted(missing))} calls {hook.function}")
        found += [
            site for site in calls if not hook.callers or _source_name(site.caller) in hook.callers
        ]
    return sorted(found)


def _source_name(label: str) -> str:
    """The function that a part split off by the compiler, such as name.part.0, belongs to."""
    return label.partition(".")[0]
