# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks that fail: small ones and ones that turn read-only, in a mount namespace of their own."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
NAMESPACE = ("unshare", "--mount", *(() if os.geteuid() == 0 else ("--user", "--map-root-user")))


def can_mount(*mount: str) -> bool:
    """Whether this machine, a container perhaps, lets its user mount at all."""
    command = [*NAMESPACE, "mount", *mount]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@dataclass(frozen=True)
class Disk:
    """A mounted file system.

    Attributes:
        path: where this process sees it; not for SQLite, which follows links in its own way.
        shell: of the namespace that has it, in a directory in which it is `disk`.
    """

    path: Path
    directory: Path
    shell: subprocess.Popen[str]

    def do(self, command: str) -> None:
        """Run a shell command where the file system is mounted at `disk`."""
        status, said = self.outcome(command)
        assert status == 0, f"{command}: {said}"

    def outcome(self, command: str) -> tuple[int, str]:
        """Its exit status, and what it said on stderr."""
        self.shell.stdin.write(f"({command}) 2>said >/dev/null </dev/null; echo $?\n")
        self.shell.stdin.flush()
        status = int(self.shell.stdout.readline())
        return status, (self.directory / "said").read_text()


@contextmanager
def mounted(directory: Path, *mount: str, prepare: str = "true") -> Iterator[Disk]:
    """Mount a file system, with mount's options and source, at a new directory."""
    point = directory / "disk"
    point.mkdir()
    with subprocess.Popen(
        [*NAMESPACE, "sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=directory, env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as shell:  # fmt: skip
        try:
            disk = Disk(Path(f"/proc/{shell.pid}/root{point}"), directory, shell)
            disk.do(prepare)
            disk.do(f"mount {' '.join(mount)} {point}")
            yield disk
        finally:
            shell.kill()
