# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels in the cache are whole, whoever else unpacks them."""

import gzip
import os
import struct
from pathlib import Path

import pytest

from perfmon.kernel import packages, toolchain
from perfmon.kernel.images import default_kernel

KERNEL = b"\x7fELF\1\1\1" + bytes(9) + struct.pack("<HH", 2, 3) + bytes(range(100))


class Killed(BaseException):
    """What happens to a process at any time."""


def test_a_kernel_is_whole_though_another_process_begins_to_unpack_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "1.8" / "boot").mkdir(parents=True)
    (tmp_path / "1.8" / "boot" / "gnumach-up.gz").write_bytes(gzip.compress(KERNEL))
    monkeypatch.setattr(packages, "fetch_first", lambda _: tmp_path / "1.8")
    monkeypatch.setattr(toolchain, "mach_headers", lambda _: tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    replace = Path.replace

    def die(path: Path, data: bytes) -> None:
        path.open("wb").close()
        raise Killed

    def replace_late(path: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "replace", replace)
        with monkeypatch.context() as another:
            another.setattr(os, "getpid", lambda: 1)
            another.setattr(Path, "write_bytes", die)
            with pytest.raises(Killed):
                default_kernel()
        return path.replace(target)

    monkeypatch.setattr(Path, "replace", replace_late)
    assert default_kernel().read_bytes() == KERNEL
