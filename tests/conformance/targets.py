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
    """An ABI; `abi` is the name that `mig --abi` takes."""

    abi: str
    flag: str
    macro: str
    mach_package: packages.Package
    mig_package: packages.Package
    mig_name: str

    @property
    def suite(self) -> str:
        """Where the interfaces and Mach's headers come from."""
        return self.mach_package.suite

    @property
    def compiler(self) -> tuple[str, ...]:
        return ("gcc", self.flag)

    @property
    def mach_include(self) -> Path:
        """The directory that holds gnumach-dev's `mach/` and `device/`."""
        (directory,) = (packages.fetch(self.mach_package) / "usr" / "include").iterdir()
        return directory

    @property
    def gnu_mig(self) -> Path:
        return packages.fetch(self.mig_package) / "usr" / "bin" / self.mig_name


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
