# SPDX-License-Identifier: GPL-2.0-or-later
"""The Python and cffi that Debian's Hurd has, for this machine's architecture.

They are taken from their packages and not installed; with them comes the C library they need.
"""

import shutil
from pathlib import Path

from perfmon.kernel.packages import Package, fetch

_PYTHON = "3.13.5-2+deb13u5"
_CFFI = "1.17.1-3"
PACKAGES = (
    Package(
        "python3.13-minimal", "amd64", "trixie", _PYTHON,
        "c1fda9e7b1bf15b2fa75a238d8a8710e142fe14c722fc650c5fc614f078c9073", "python3.13",
    ),
    Package(
        "libpython3.13-minimal", "amd64", "trixie", _PYTHON,
        "a4aa6a9a8c77f87bfe545e1d14ec42c001d189ace90e3aa75deec882b39dee49", "python3.13",
    ),
    Package(
        "libpython3.13-stdlib", "amd64", "trixie", _PYTHON,
        "db161322a3481d2c0c3b9a3b9a03c3ab0e2b1718f54b88755fb4a3f939165b84", "python3.13",
    ),
    Package(
        "python3-cffi-backend", "amd64", "trixie", _CFFI,
        "7cfe53f3eff772127fd22e503876e3dd2b34b4c2a68fe9a524ce214e5bb7927a", "python-cffi",
    ),
    Package(
        "python3-cffi", "all", "trixie", _CFFI,
        "fc2823f102646e398485f02e92e8eb9f670a1944002e62127142cd27763cd425", "python-cffi",
    ),
    Package(
        "python3-pycparser", "all", "trixie", "2.22-2",
        "1aa9bac8dac107b96fba3277ee067ef6d10b2ae521bb052841068b5194afd408", "pycparser",
    ),
    Package(
        "python3-ply", "all", "trixie", "3.11-9",
        "d85058c4ec2b77641f7cc413d943be1f412b1b44d4cbe0b174810d37615a7a00", "ply",
    ),
    Package(
        "libc6", "amd64", "trixie", "2.41-12+deb13u5",
        "b59b0625cd1a791375d40dab23a4d5d3d0641e3d0a773501becdc3725b7f99cf", "glibc",
    ),
    Package(
        "libexpat1", "amd64", "trixie", "2.9.0-1~deb13u1",
        "feff874772cae904ae4d24e917b35664952bec4b4ae9100a4edda5a7fa746832", "expat",
    ),
    Package(
        "libffi8", "amd64", "trixie", "3.4.8-2",
        "0ebdc340de33333639c3c63874cd4b15ac2e83dfa1ef3053b7eefaf4919f4f68", "libffi",
    ),
    Package(
        "zlib1g", "amd64", "trixie", "1:1.3.dfsg+really1.3.1-1+deb13u1",
        "8c27c342230503b73dfde629642c3b352e87b554e06d60cf58772f236a305ceb", "zlib",
    ),
)  # fmt: skip


def unpack(root: Path) -> Path:
    """Lay all of them over one another and return where they are."""
    for package in PACKAGES:
        shutil.copytree(fetch(package), root, symlinks=True, dirs_exist_ok=True)
    return root
