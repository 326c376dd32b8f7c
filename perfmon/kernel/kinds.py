# SPDX-License-Identifier: GPL-2.0-or-later
"""The kinds of kernel that are known to work, each with the packages that have one.

Versions of sid vanish when they are replaced, so a kind has a list of candidates and the first
that can be had is taken.  Data only: nothing is fetched here.
"""

from dataclasses import dataclass

from perfmon.kernel.errors import KernelError
from perfmon.kernel.packages import Package


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of kernel.

    Attributes:
        name: as `--kind` takes it.
        description: one line for people.
        candidates: packages with such a kernel, the best first.
    """

    name: str
    description: str
    candidates: tuple[Package, ...]


def _image(flavour: str, architecture: str, suite: str, version: str, sha256: str) -> Package:
    """A package with an unstripped kernel."""
    name = f"gnumach-image-1.8-{flavour}-dbg"
    return Package(name, architecture, suite, f"2:1.8+git{version}", sha256, "gnumach")


_BOOKWORM_UP = _image(
    "486", "i386", "bookworm", "20221224-2",
    "509ef31fbf5306b0dabfeb2b5250f4bdf685ec5c9960c45a7a263c8fe12e3841",
)  # fmt: skip
_TRIXIE_UP = _image(
    "486-up", "i386", "trixie", "20250702-1",
    "6eb466e16336429393910dd1fb55678e5350ae3a2192ff5a4752aa83b7c9b33c",
)  # fmt: skip
_TRIXIE_SMP = _image(
    "486-smp", "i386", "trixie", "20250702-1",
    "75981e0fa2f4a68429db82f4b93722aabcf3077def827ec49327a7768457e277",
)  # fmt: skip
_SID_UP = _image(
    "486-up", "i386", "sid", "20261028-1",
    "c71f0af4ad6f6e78ef8eed1255073bb2079e7b36f1836c45efe72c480e438bb4",
)  # fmt: skip
_SID_SMP = _image(
    "486-smp", "i386", "sid", "20261028-1",
    "750b7e01187bffca71411373a933166c1743b66be30de3866d29d3fc6df7bfd5",
)  # fmt: skip
_TRIXIE_X86_64_UP = _image(
    "amd64-up", "amd64", "trixie", "20250702-1",
    "501f6ccc101aa31714646a1eb188ee7b153d22f17777f64732a344becb68ee66",
)  # fmt: skip

DEFAULT = "i386-up"

_KINDS = (
    Kind(DEFAULT, "i386, one processor", (_TRIXIE_UP, _SID_UP)),
    Kind("i386-up-bookworm", "i386, one processor, of 2022", (_BOOKWORM_UP,)),
    Kind("i386-up-sid", "i386, one processor, of 2026", (_SID_UP, _TRIXIE_UP)),
    Kind("i386-smp", "i386, up to eight processors", (_SID_SMP, _TRIXIE_SMP)),
    Kind("i386-smp-trixie", "i386, up to eight processors, of 2025", (_TRIXIE_SMP,)),
    Kind("x86_64-up", "x86_64, one processor", (_TRIXIE_X86_64_UP,)),
)
KINDS = {kind.name: kind for kind in _KINDS}
"""By name, in the order in which they are shown."""


def kind_of(name: str) -> Kind:
    """The kind of a name.

    Raises:
        KernelError: there is none; names those there are.
    """
    try:
        return KINDS[name]
    except KeyError:
        raise KernelError(f"no kind of kernel is called {name!r}: {', '.join(KINDS)} are") from None
