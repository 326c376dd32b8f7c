# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of wrapped functions, read from csrc/gnumach/hooks.list."""

from collections.abc import Sequence
from dataclasses import dataclass

from perfmon.kernel.image import KernelImage
from perfmon.kernel.sites import CallSite, callers


@dataclass(frozen=True, slots=True)
class Hook:
    """A function to wrap; `callers` limits whose calls are redirected, unless it is empty.

    `instead` is the function to wrap in kernels whose callers do not call the first.
    """

    function: str
    callers: tuple[str, ...] = ()
    instead: str | None = None


def parse_hooks(text: str) -> list[Hook]:
    """Read the list: a function and perhaps callers on each line; # begins a comment.

    Of two functions with a bar between them, the first that the callers call is meant.
    """
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    hooks = []
    for words in filter(None, lines):
        function, _, instead = words[0].partition("|")
        hooks.append(Hook(function, tuple(words[1:]), instead or None))
    return hooks


def hooks_of(image: KernelImage, hooks: Sequence[Hook]) -> list[Hook]:
    """The hooks as an image can have them: without alternatives."""
    return [
        Hook(hook.instead, hook.callers)
        if hook.instead and not _is_called(image, hook)
        else Hook(hook.function, hook.callers)
        for hook in hooks
    ]


def chosen(listed: Sequence[Hook], hooks: Sequence[Hook]) -> dict[str, str]:
    """What <perf_offsets.h> calls each alternative, and the function that it is in a kernel."""
    pairs = zip(listed, hooks, strict=True)
    return {before.instead.upper(): hook.function for before, hook in pairs if before.instead}


def _is_called(image: KernelImage, hook: Hook) -> bool:
    if hook.function not in image.symbols:
        return False
    return set(hook.callers) <= {_source_name(name) for name in callers(image, hook.function)}


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
