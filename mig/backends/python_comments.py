# SPDX-License-Identifier: GPL-2.0-or-later
"""The comments above routines in a ``.defs``, for the docstrings of generated methods.

Takes lines of text and returns lines of text; reads no file.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

_WIDTH = 84


def comment_above(lines: Sequence[str], line: int) -> tuple[str, ...]:
    """Return the block comment that ends right above a line, filled, without its frame.

    Args:
        lines: of the whole file.
        line: of the declaration, counted from 1.

    Returns:
        Lines of prose; none where something else stands above the declaration.
    """
    end = line - 1
    if not 0 < end <= len(lines) or not lines[end - 1].rstrip().endswith("*/"):
        return ()
    start = end
    while "/*" not in lines[start - 1]:
        start -= 1
        if start == 0:
            return ()
    block = [text.strip() for text in lines[start - 1 : end]]
    if not block[0].startswith("/*"):
        return ()
    block[0] = block[0].removeprefix("/*").lstrip("*")
    block[-1] = block[-1].removesuffix("*/").rstrip("*")
    prose = [text.strip().removeprefix("*").strip() for text in block]
    paragraphs = " ".join(text or "\n" for text in prose).split("\n")
    filled = [textwrap.wrap(_safe(text), _WIDTH) for text in paragraphs if text.strip()]
    separated = [line for paragraph in filled for line in (*paragraph, "")]
    return tuple(separated[:-1])


def _safe(text: str) -> str:
    """What a docstring can hold."""
    return " ".join(text.replace("\\", "/").replace('"', "'").split())
