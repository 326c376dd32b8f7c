# SPDX-License-Identifier: GPL-2.0-or-later
"""What programs see of generated C: it compiles without a warning, and declares, defines and
lists what GNU MIG's does.
"""

import re
import subprocess
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pytest

from tests.conformance import loopback
from tests.conformance.prototypes import prototypes
from tests.conformance.stub_compilers import Stubs, generate
from tests.conformance.subjects import FORMER, KERNEL_SERVER, MACH, SUBJECTS, Subject
from tests.conformance.targets import BOOKWORM_TARGETS, SID_TARGETS, TARGETS, Target
from tests.conformance.workshop import Workshop

INCOMPLETE = Path("device/notify.defs")
"""Of sid; uses a type that neither it nor what it includes defines."""
COMPARED = {
    **dict.fromkeys(TARGETS, SUBJECTS),
    **dict.fromkeys(SID_TARGETS, MACH),
    **dict.fromkeys(BOOKWORM_TARGETS, (*MACH, *FORMER)),
}
FREESTANDING = {"memcmp", "memcpy", "memmove", "memset"}
"""What the C compiler itself may call."""


@dataclass(frozen=True)
class Variant:
    """An interface compiled for user tasks, or for one side in the kernel."""

    workshop: Workshop
    subject: Subject
    target: Target
    role: str | None

    @property
    def directory(self) -> Path:
        return (
            self.workshop.directory
            / "declarations"
            / self.target.suite
            / self.target.abi
            / self.subject.name
            / (self.role or "user")
        )

    def stubs(self, who: str) -> Stubs:
        options = ("-DKERNEL", f"-D{self.role}") if self.role else ()
        defs = self.subject.defs(self.target)
        return generate(who, self.target, defs, self.directory / who, options)

    @cached_property
    def ours(self) -> Stubs:
        return self.stubs("ours")

    @cached_property
    def gnu(self) -> Stubs:
        return self.stubs("gnu")

    @property
    def optimisation(self) -> str:
        """Optimisers find more to warn of; once is enough for what hardly differs."""
        return "-O1" if self.target in TARGETS else "-O0"

    @property
    def flags(self) -> list[str]:
        former = ["-include", "former.h"] if self.target in BOOKWORM_TARGETS else []
        if not self.role:
            return former
        side = replace(self.subject, role=self.role).kernel_side
        return [*self.workshop.kernel_flags(side or ""), *former]

    def sides(self, stubs: Stubs) -> list[Path]:
        """The files that are compiled for the role."""
        if self.role:
            return [stubs.server if self.role == KERNEL_SERVER else stubs.user]
        return [stubs.user, stubs.server]

    def compile(self, source: Path, *flags: str) -> Path:
        return loopback.compile_c(
            self.target, [source], source.with_suffix(".o"), ["-c", "-fno-pic", *flags, *self.flags]
        )


@pytest.fixture(
    scope="module",
    params=[
        (subject, role, target)
        for target, subjects in COMPARED.items()
        for subject in subjects
        for role in (None, *subject.roles)
    ],
    ids=lambda param: f"{param[0]}-{param[1] or 'user'}-{param[2].abi}-{param[2].suite}",
)
def variant(request: pytest.FixtureRequest, workshop: Workshop) -> Variant:
    subject, role, target = request.param
    return Variant(workshop, subject, target, role)


def symbols(compiled: Path) -> tuple[set[str], set[str]]:
    """What an object file defines, with nm's letters, and what it needs."""
    listed = subprocess.run(
        ["nm", "-g", str(compiled)], check=True, capture_output=True, text=True
    ).stdout
    lines = [line.split() for line in listed.splitlines()]
    defined = {f"{line[-2]} {line[-1]}" for line in lines if line[-2] != "U"}
    return defined, {line[-1] for line in lines if line[-2] == "U"}


def test_stubs_compile_without_a_warning_and_export_the_same_symbols(variant: Variant) -> None:
    for our, their in zip(variant.sides(variant.ours), variant.sides(variant.gnu), strict=True):
        defined, needed = symbols(variant.compile(our, *loopback.WARNINGS, variant.optimisation))
        subject = variant.subject
        if not (subject.gnu_server if our.name == "server.c" else subject.gnu_client):
            continue
        expected, available = symbols(variant.compile(their, "-w"))
        assert defined == expected
        assert needed <= available | FREESTANDING


@pytest.mark.parametrize("header", ["user.h", "server.h"])
def test_headers_declare_the_same_prototypes(variant: Variant, header: str) -> None:
    ours = prototypes((variant.ours.directory / header).read_text())
    theirs = prototypes((variant.gnu.directory / header).read_text())
    assert bool(theirs) == bool(variant.gnu.listing.read_text())
    assert list(map(str, ours.values())) == list(map(str, theirs.values()))


def test_lists_of_message_ids_are_the_same(variant: Variant) -> None:
    assert variant.ours.listing.read_text() == variant.gnu.listing.read_text()


@pytest.mark.parametrize("target", COMPARED, ids=lambda t: f"{t.abi}-{t.suite}")
def test_no_interface_of_gnumach_dev_is_missing(target: Target) -> None:
    compared = {INCOMPLETE, *(subject.path for subject in COMPARED[target])}
    machine = target.mach_include / "mach" / "machine"
    found = {
        Path("mach", "machine", path.name)
        if path.parent.samefile(machine)
        else path.relative_to(target.mach_include)
        for path in target.mach_include.rglob("*.defs")
        if re.search(r"^subsystem\b", path.read_text(), re.MULTILINE)
    }
    assert found <= compared


@pytest.mark.parametrize("who", ["ours", "gnu"])
@pytest.mark.parametrize("target", SID_TARGETS, ids=lambda target: target.abi)
def test_an_interface_that_lacks_a_type_is_refused(
    target: Target, who: str, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match=r"type 'notify_port_t' (is )?not defined"):
        generate(who, target, target.mach_include / INCOMPLETE, tmp_path, ())
