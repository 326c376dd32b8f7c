# SPDX-License-Identifier: GPL-2.0-or-later
"""The two ABIs as this machine runs them: compiler flags, Mach headers, GNU MIG."""

from dataclasses import dataclass, replace
from pathlib import Path

from perfmon.kernel import packages

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
INCLUDE = ROOT / "include"


@dataclass(frozen=True, slots=True)
class Target:
    """An ABI; `abi` is the name that `mig --abi` takes.

    Attributes:
        mach_package: the interfaces, and the headers unless `header_package` has them.
    """

    abi: str
    flag: str
    macro: str
    mach_package: packages.Package
    mig_package: packages.Package
    mig_name: str
    header_package: packages.Package | None = None

    @property
    def suite(self) -> str:
        """Where the interfaces come from."""
        return self.mach_package.suite

    @property
    def compiler(self) -> tuple[str, ...]:
        return ("gcc", self.flag)

    @property
    def mach_include(self) -> Path:
        """The directory that holds gnumach-dev's `mach/` and `device/`."""
        return _include(self.mach_package)

    @property
    def headers(self) -> Path:
        """The directory that holds the headers that stubs are compiled with."""
        return _include(self.header_package or self.mach_package)

    @property
    def gnu_mig(self) -> Path:
        return packages.fetch(self.mig_package) / "usr" / "bin" / self.mig_name


def _include(package: packages.Package) -> Path:
    (directory,) = (packages.fetch(package) / "usr" / "include").iterdir()
    return directory


I386 = Target(
    "i386", "-m32", "__i386__", packages.GNUMACH_DEV_I386, packages.GNU_MIG_I386, "i686-gnu-mig"
)
X86_64 = Target(
    "x86_64",
    "-m64",
    "__x86_64__",
    packages.GNUMACH_DEV_AMD64,
    packages.GNU_MIG_AMD64,
    "x86_64-gnu-mig",
)
TARGETS = (I386, X86_64)
SID_TARGETS = (
    replace(I386, mach_package=packages.GNUMACH_DEV_I386_SID),
    replace(X86_64, mach_package=packages.GNUMACH_DEV_AMD64_SID),
)
"""With the interfaces of the suite that is not released yet."""
BOOKWORM_TARGETS = tuple(
    replace(target, mach_package=package, header_package=target.mach_package)
    for target, package in (
        (I386, packages.GNUMACH_DEV_I386_BOOKWORM),
        (X86_64, packages.GNUMACH_DEV_AMD64_BOOKWORM),
    )
)
"""With those of the suite before, but not its headers: they know nothing of inlined port names,
which stubs of either compiler have."""
