# SPDX-License-Identifier: GPL-2.0-or-later
"""Our compiler and the oracle, GNU MIG, behind one call.  What is done with stubs is not here."""

import contextlib
import io
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import mig.cli
from tests.conformance.targets import INCLUDE, Target

ORACLE_VERSION = "1.8+git20231217"


@dataclass(frozen=True, slots=True)
class Stubs:
    """The files one run of a compiler wrote into `directory`."""

    directory: Path

    @property
    def user(self) -> Path:
        return self.directory / "user.c"

    @property
    def server(self) -> Path:
        return self.directory / "server.c"

    @property
    def header(self) -> Path:
        return self.directory / "user.h"

    @property
    def server_header(self) -> Path:
        return self.directory / "server.h"

    @property
    def listing(self) -> Path:
        return self.directory / "list"


class WrongOracleError(Exception):
    """The GNU MIG at hand is not the one whose bytes are the reference."""


def check_oracle_version(printed: str) -> None:
    """Raise WrongOracleError unless `printed` is what the right `mig --version` prints."""
    version = printed.rsplit(maxsplit=1)[-1] if printed.split() else "nothing"
    if "(GNU MIG)" not in printed or version != ORACLE_VERSION:
        raise WrongOracleError(
            f"the oracle says {printed.strip()!r}, expected GNU MIG {ORACLE_VERSION}"
        )


@cache
def gnu_mig(target: Target) -> tuple[str, ...]:
    """The command of the oracle, its version checked."""
    command = ("sh", str(target.gnu_mig))
    printed = subprocess.run(
        [*command, "--version"], check=True, capture_output=True, text=True
    ).stdout
    check_oracle_version(printed)
    return command


def generate(
    who: str, target: Target, defs: Path, directory: Path, options: Sequence[str] = ()
) -> Stubs:
    """Compile `defs` with "ours" or "gnu"; every output goes into `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    stubs = Stubs(directory)
    words = [
        f"-I{INCLUDE}",
        f"-I{target.mach_include}",
        *options,
        *("-user", str(stubs.user), "-server", str(stubs.server)),
        *("-header", str(stubs.header), "-sheader", str(stubs.server_header)),
        *("-list", str(stubs.listing)),
        str(defs),
    ]
    status, errors = (_run_ours if who == "ours" else _run_gnu)(target, words)
    assert status == 0 and stubs.listing.exists(), f"{who}: {' '.join(words)}: {status}\n{errors}"
    return stubs


def _run_ours(target: Target, words: Sequence[str]) -> tuple[int, str]:
    """In this process, where the compiler is loaded already; not from several threads."""
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors):
        status = mig.cli.main(["--abi", target.abi, *words])
    return status, errors.getvalue()


def _run_gnu(target: Target, words: Sequence[str]) -> tuple[int, str]:
    environment = {**os.environ, "CC": " ".join(target.compiler)}
    result = subprocess.run(
        [*gnu_mig(target), *words], check=False, capture_output=True, text=True, env=environment
    )
    return result.returncode, result.stderr
