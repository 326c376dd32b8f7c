# SPDX-License-Identifier: GPL-2.0-or-later
"""Compiling freestanding code: stubs by mig, objects by gcc, images by ld.

Runs programs and reports their errors.  What is compiled, and why, is no
matter of this file.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from perfmon.kernel import packages
from perfmon.kernel.errors import ToolError
from perfmon.kernel.machines import Machine

_MIG = (sys.executable, "-m", "mig")
_ROOT = Path(__file__).resolve().parents[2]

_FLAGS = """
    -O2 -std=gnu11 -ffreestanding -nostdinc -fno-pic -fno-stack-protector
    -fno-asynchronous-unwind-tables -fcf-protection=none
    -Wall -Wextra -Werror
"""


@dataclass(frozen=True, slots=True)
class Build:
    """What machine a build is for, where it takes place and what it may include.

    Attributes:
        machine: whose code is made.
        directory: objects and generated files go here.
        include: searched in order, before Mach's own headers.
        defines: preprocessor definitions, "NAME" or "NAME=VALUE".
    """

    machine: Machine
    directory: Path
    include: tuple[Path, ...]
    defines: tuple[str, ...] = ()

    @property
    def _search(self) -> list[Path]:
        return [self.directory, *self.include, mach_headers(self.machine)]

    @property
    def _definitions(self) -> list[str]:
        return [f"-D{define}" for define in self.defines]

    def user_stubs(self, defs: Path, name: str, *options: str) -> Path:
        """Generate `name`.h and the C file with the client's side, and return the latter."""
        user = self.directory / f"{name}_user_stub.c"
        header = self.directory / f"{name}.h"
        self._mig(defs, *options, "-user", user, "-header", header, "-server", os.devnull)
        return user

    def server_stubs(self, defs: Path, name: str, *options: str) -> Path:
        """Generate `name`_server.h and the C file with the server's side, and return the latter."""
        server = self.directory / f"{name}_server_stub.c"
        header = self.directory / f"{name}_server.h"
        self._mig(
            defs, *options, "-server", server, "-sheader", header,
            "-user", os.devnull, "-header", os.devnull,
        )  # fmt: skip
        return server

    def _mig(self, defs: Path, *options: str | Path) -> None:
        search = [f"-I{directory}" for directory in self._search]
        run([*_MIG, "--abi", self.machine.name, *search, *self._definitions, *options, defs])

    def compile(self, sources: Iterable[Path], *options: str) -> list[Path]:
        """Compile C or assembly files and return the objects, in order."""
        search = [f"-I{directory}" for directory in self._search[:-1]]
        # System headers, in which gcc warns of nothing.
        headers = str(mach_headers(self.machine))
        system = ["-isystem", headers, "-isystem", _compiler_headers()]
        flags = [
            *self.machine.flags,
            *_FLAGS.split(),
            *self._definitions,
            *search,
            *system,
            *options,
        ]
        objects = []
        for source in sources:
            target = self.directory / f"{source.stem}.o"
            run(["gcc", *flags, "-c", source, "-o", target])
            objects.append(target)
        return objects

    def link(self, objects: Iterable[Path], name: str, *options: str) -> Path:
        """Link objects into an executable image of the given name."""
        target = self.directory / name
        run(["ld", f"-m{self.machine.emulation}", "-static", *options, "-o", target, *objects])
        return target


def mach_headers(machine: Machine) -> Path:
    """The directory with Mach's headers and .defs for a machine, fetched the first time."""
    return packages.fetch(machine.headers) / machine.headers_directory


def stub_generator() -> Path:
    """The directory of the stub generator's own sources."""
    return _ROOT / "mig"


def _compiler_headers() -> str:
    return run(["gcc", "-print-file-name=include"]).strip()


def run(command: Sequence[str | Path]) -> str:
    """Run a program and return what it printed.

    Raises:
        ToolError: it is not installed, or it failed; with its first error line.
    """
    program = str(command[0])
    if shutil.which(program) is None:
        raise ToolError(f"{program} is needed and is not installed")
    environment = {**os.environ, "LC_ALL": "C"}
    # The stub generator is this project's own and need not be installed.
    search = [str(_ROOT), *filter(None, [environment.get("PYTHONPATH")])]
    environment["PYTHONPATH"] = os.pathsep.join(search)
    result = subprocess.run(
        [str(word) for word in command],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )
    if result.returncode:
        lines = (result.stderr or result.stdout).splitlines()
        first = next((line for line in lines if "error" in line.lower()), "; ".join(lines[-1:]))
        raise ToolError(f"{Path(program).name} failed with status {result.returncode}: {first}")
    return result.stdout
