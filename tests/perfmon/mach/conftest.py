# SPDX-License-Identifier: GPL-2.0-or-later
"""A shared library that has what the Hurd's libc has, over the embedded host."""

import subprocess
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROOMS = ("csrc/core", "csrc/rpc", "csrc/embedded")


@pytest.fixture(scope="session")
def libmach(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Its path."""
    directory = tmp_path_factory.mktemp("libmach")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "csrc" / "embedded")
        import_module("build_embedded").generate_stubs(directory)
    sources = [path for room in ROOMS for path in sorted((ROOT / room).glob("*.c"))]
    sources += [Path(__file__).with_name("libmach.c"), *sorted(directory.glob("*.c"))]
    library = directory / "libmach.so"
    subprocess.run(
        [
            *("gcc", "-shared", "-fPIC", "-O1", "-std=gnu11", "-D_GNU_SOURCE"),
            "-Dmach_msg=embedded_mach_msg",
            *("-Wall", "-Wextra", "-Werror", "-fvisibility=hidden", "-pthread", "-o", library),
            *(f"-I{ROOT / room}" for room in ROOMS),
            *(f"-I{directory}", f"-I{ROOT / 'include'}"),
            *("-idirafter", ROOT / "include/fallback", *sources),
        ],
        check=True,
    )
    return str(library)
