# SPDX-License-Identifier: GPL-2.0-or-later
"""Where this program's own C sources lie and where it keeps what it made."""

import os
from pathlib import Path

from perfmon.kernel.errors import KernelError

_PACKAGE = Path(__file__).resolve().parent.parent


def sources() -> Path:
    """The directory that has `csrc` and `include`: in the package, or beside it in a checkout.

    Raises:
        KernelError: the installation lacks them.
    """
    for root in (_PACKAGE / "_sources", _PACKAGE.parent):
        if (root / "csrc" / "gnumach").is_dir():
            return root
    raise KernelError(f"the C sources are in neither {_PACKAGE / '_sources'} nor {_PACKAGE.parent}")


def cache() -> Path:
    """`$XDG_CACHE_HOME/perfmon`, or `~/.cache/perfmon`: what can be made again."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "perfmon"


def guests() -> Path:
    """Where guests have their directories: `$XDG_RUNTIME_DIR/perfmon`, else in `~/.local/state`."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    if base and Path(base).is_dir():
        return Path(base) / "perfmon"
    return Path.home() / ".local" / "state" / "perfmon" / "guests"
