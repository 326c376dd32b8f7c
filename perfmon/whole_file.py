# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that are there when they are whole, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LINKS_MAX = 40  # as Linux follows


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give the path of a new file, hidden beside `path`, that takes its place at the end.

    A link stays one, and what it leads to is replaced.  What is no file, such as a pipe or
    /dev/stdout, is never replaced: it is `path` itself that is given.

    Raises:
        OSError: it cannot be written; names `path`, where an older file stays as it was.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    target = _behind_links(path)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        yield partial
        partial.replace(target)
    except OSError as error:
        if error.filename in (None, str(partial), partial):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _behind_links(path: Path) -> Path:
    """What a path leads to; only its last part is looked at, the rest is the system's to find."""
    for _ in range(_LINKS_MAX):
        if not path.is_symlink():
            break
        path = path.parent / path.readlink()
    return path
