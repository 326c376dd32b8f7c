# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the C preprocessor over a ``.defs``.

The only module of the front end that starts a process.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence

from mig.record import record

#: What each flag that selects a target stands for, where the compiler knows no other target.
_TARGET_MACROS = {
    "-m32": ("-D__i386__=1", "-U__x86_64__"),
    "-m64": ("-D__x86_64__=1", "-U__i386__"),
}


class PreprocessError(Exception):
    """The preprocessor failed; the message is what it said."""


@record
class Preprocessor:
    """How to run a preprocessor.

    Attributes:
        command: program and first arguments; reads the file named after the options.
        target_flag: selects the target, such as ``-m32``; None: whatever the command is for.
    """

    command: tuple[str, ...]
    target_flag: str | None = None

    @staticmethod
    def from_environment(
        environment: Mapping[str, str] | None = None, target_flag: str | None = None
    ) -> Preprocessor:
        """What ``$CPP`` or ``$CC`` say, else gcc."""
        values = os.environ if environment is None else environment
        if values.get("CPP"):
            return Preprocessor(tuple(shlex.split(values["CPP"])), target_flag)
        compiler = shlex.split(values.get("CC") or "gcc")
        return Preprocessor((*compiler, "-E", "-x", "c"), target_flag)

    @staticmethod
    def from_command(command: str) -> Preprocessor:
        """A command as it would be typed, such as ``cat``."""
        return Preprocessor(tuple(shlex.split(command)))

    def run(self, path: str, options: Sequence[str] = (), *, text: str | None = None) -> str:
        """The preprocessed text of a file.

        Args:
            path: the file; ``-`` is standard input.
            options: the preprocessor's own: -I, -D, -U, -include and so on.
            text: what standard input holds; None: this process's.

        Raises:
            PreprocessError: when the command cannot be run or fails.
        """
        target = () if self.target_flag is None else (self.target_flag,)
        status, output, errors = self._execute((*self.command, *target, *options, path), text)
        if status != 0 and self.target_flag in _TARGET_MACROS and self.target_flag in errors:
            macros = _TARGET_MACROS[self.target_flag]
            status, output, errors = self._execute((*self.command, *macros, *options, path), text)
        if status != 0:
            said = errors.strip() or f"{self.command[0]} exited with status {status}"
            raise PreprocessError(said)
        if errors:
            os.write(2, errors.encode())
        return output

    @staticmethod
    def _execute(command: tuple[str, ...], text: str | None) -> tuple[int, str, str]:
        import subprocess  # slow to import, and not every use of the compiler needs it

        try:
            done = subprocess.run(
                command,
                input=text,
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="surrogateescape",
                check=False,
            )
        except OSError as error:
            raise PreprocessError(f"cannot run {command[0]}: {error.strerror}") from error
        return done.returncode, done.stdout, done.stderr
