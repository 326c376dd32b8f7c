# SPDX-License-Identifier: GPL-2.0-or-later
"""`MIG` set to ours in the builds of GNU Mach, the Hurd and glibc: every command line of theirs
ends as it does with GNU MIG, and what the build reads of its output is the same.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from tests.conformance import loopback
from tests.conformance.build_jobs import BUILDS, Build, Command
from tests.conformance.prototypes import prototypes
from tests.conformance.stub_compilers import gnu_mig
from tests.conformance.targets import INCLUDE, TARGETS, Target
from tests.conformance.test_declarations import FREESTANDING, symbols
from tests.conformance.workshop import JOBS, Workshop

WHO = ("ours", "gnu")
#: The stubs of both compilers are to be compiled, but for one of GNU MIG's that cannot be.
NOT_GNU = {"mach4.server.c"}
_LIBC = ("mach_msg", "mig_get_reply_port", "mig_put_reply_port", "mig_dealloc_reply_port")
_LIBC += ("mig_allocate", "mig_deallocate", "mig_strncpy")


@dataclass(frozen=True)
class Run:
    """One build with one compiler, in a directory of its own."""

    build: Build
    target: Target
    who: str
    workshop: Workshop

    @property
    def directory(self) -> Path:
        return self.workshop.directory / "builds" / self.target.abi / self.build.name / self.who

    @property
    def _environment(self) -> dict[str, str]:
        ours = str(Path(sys.executable).with_name(self.target.mig_name))
        compiler = " ".join(self.target.compiler)
        mach = self.target.mach_include
        return os.environ | {
            "MIG": ours if self.who == "ours" else " ".join(gnu_mig(self.target)),
            "CC": compiler,
            "CPP": compiler,
            "CPPFLAGS": f"-I. -I{mach}",
            "MACH": str(mach),
        }

    @cached_property
    def statuses(self) -> dict[str, int]:
        """The exit status of each command."""
        self.directory.mkdir(parents=True)
        self.build.prepare(self.directory)
        environment = self._environment
        # What the wrapper of GNU MIG would not understand for a whole command of preprocessing.
        if self.build.name == "mistakes":
            del environment["CPP"]

        def run(command: Command) -> int:
            result = subprocess.run(
                ["sh", "-c", command.text],
                check=False,
                cwd=self.directory,
                env=environment,
                capture_output=True,
            )
            return result.returncode

        with ThreadPoolExecutor(JOBS) as pool:
            done = pool.map(run, self.build.commands)
            return {
                command.name: status
                for command, status in zip(self.build.commands, done, strict=True)
            }

    def files(self) -> set[str]:
        """What is there after the commands."""
        assert self.statuses
        return {path.name for path in self.directory.iterdir()}

    def compile(self, command: Command) -> Iterator[Path]:
        """The object files of a command's stubs; ours without a warning."""
        kernel = command.kernel_side
        flags = self.workshop.kernel_flags(kernel) if kernel else []
        flags += [f"-D__{name}={name}" for name in _LIBC] if not kernel else []
        flags += loopback.WARNINGS if self.who == "ours" else ["-w"]
        for pattern in command.compiled:
            for source in sorted(self.directory.glob(pattern)):
                yield loopback.compile_c(
                    self.target,
                    [source],
                    source.with_suffix(".o"),
                    ["-c", "-fno-pic", f"-I{self.directory}", f"-I{INCLUDE}", *flags],
                )


@dataclass(frozen=True)
class Pair:
    """A build with either compiler."""

    ours: Run
    gnu: Run

    def texts(self, suffixes: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
        """The outputs of some kinds: name, ours, theirs."""
        assert self.ours.statuses
        for name in sorted(self.gnu.files()):
            if name.endswith(suffixes):
                ours, theirs = ((run.directory / name).read_text() for run in (self.ours, self.gnu))
                yield name, ours, theirs


@pytest.fixture(scope="module", params=BUILDS, ids=str)
def build(request: pytest.FixtureRequest) -> Build:
    param: Build = request.param
    return param


@pytest.fixture(scope="module", params=TARGETS, ids=lambda target: target.abi)
def pair(request: pytest.FixtureRequest, build: Build, workshop: Workshop) -> Pair:
    return Pair(*(Run(build, request.param, who, workshop) for who in WHO))


def test_every_command_ends_as_it_does_with_gnu_mig(pair: Pair) -> None:
    for command in pair.ours.build.commands:
        ours, gnu = pair.ours.statuses[command.name], pair.gnu.statuses[command.name]
        assert (gnu == 0) == command.succeeds, command
        assert (ours == 0) == (gnu == 0), command


def test_the_same_files_are_written(pair: Pair) -> None:
    assert pair.ours.files() == pair.gnu.files()


def test_headers_declare_the_same_functions_in_the_same_order(pair: Pair) -> None:
    for name, ours, theirs in pair.texts((".h", ".uh", ".__h")):
        found = [list(map(str, prototypes(text).values())) for text in (ours, theirs)]
        assert found[0] == found[1], name


def test_lists_and_what_awk_finds_are_the_same(pair: Pair) -> None:
    for name, ours, theirs in pair.texts((".msgids", ".routines")):
        assert theirs, name
        assert ours == theirs, name


def test_stubs_compile_without_a_warning_and_define_the_same_functions(pair: Pair) -> None:
    for command in pair.ours.build.commands:
        if NOT_GNU & set(command.compiled):
            assert list(pair.ours.compile(command))
            continue
        compiled = zip(pair.ours.compile(command), pair.gnu.compile(command), strict=True)
        for our, their in compiled:
            (defined, needed), (expected, available) = symbols(our), symbols(their)
            assert defined == expected, f"{command.name}: {our.name}"
            assert needed <= available | FREESTANDING, f"{command.name}: {our.name}"


def test_a_header_that_glibc_has_put_together_is_one(pair: Pair) -> None:
    """Its first lines come from one header and its last from another."""
    for name, _, theirs in pair.texts((".uh",)):
        header = pair.ours.directory / name.replace(".uh", ".h")
        source = header.with_name(f"including-{name}.c")
        source.write_text(f'#include "{header.name}"\n#include "{header.name}"\n')
        loopback.compile_c(
            pair.ours.target,
            [source],
            source.with_suffix(".o"),
            ["-c", f"-I{header.parent}", *loopback.WARNINGS],
        )
        both = set(prototypes(header.read_text()))
        alone = set(prototypes(theirs))
        assert both == alone | {f"__{name}" for name in alone}
