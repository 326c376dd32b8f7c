# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the C preprocessor over a ``.defs``.

The only module of the front end that starts a process.
"""

from __future__ import annotations

import os

from mig.errors import InputError
from mig.files import decode, encode
from mig.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The command of those who have preprocessed already.
_COPY = ("cat",)
#: What each flag that selects a target stands for, where the compiler knows no other target.
_TARGET_MACROS = {
    "-m32": ("-D__i386__=1", "-U__x86_64__"),
    "-m64": ("-D__x86_64__=1", "-U__i386__"),
}


class PreprocessError(InputError):
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
            return Preprocessor(_words(values["CPP"]), target_flag)
        compiler = _words(values.get("CC") or "gcc")
        return Preprocessor((*compiler, "-E", "-x", "c"), target_flag)

    @staticmethod
    def from_command(command: str) -> Preprocessor:
        """A command as it would be typed, such as ``cat``."""
        return Preprocessor(_words(command))

    def run(self, path: str, options: Sequence[str] = (), *, text: str | None = None) -> str:
        """The preprocessed text of a file.

        Args:
            path: the file; ``-`` is standard input.
            options: the preprocessor's own: -I, -D, -U, -include and so on.
            text: what standard input holds; None: this process's.

        Raises:
            PreprocessError: when the command cannot be run or fails.
        """
        return self.start(path, options, text=text).finish()

    def start(
        self, path: str, options: Sequence[str] = (), *, text: str | None = None
    ) -> Preprocessing:
        """Begin what `run` does; arguments and errors are the same."""
        if self.command == _COPY and path == "-" and not options and text is not None:
            return _Copied(text)
        target = () if self.target_flag is None else (self.target_flag,)
        process = _Process((*self.command, *target, *options, path), text)
        retry = None
        if self.target_flag in _TARGET_MACROS:
            macros = _TARGET_MACROS[self.target_flag]
            retry = self.target_flag, (*self.command, *macros, *options, path)
        return _Running(process, text, retry)


def _words(command: str) -> tuple[str, ...]:
    """The words of a command as it would be typed.

    Raises:
        PreprocessError: when there are none, or a quotation does not end.
    """
    words = command.split()
    if any(character in command for character in "\"'\\#"):
        import shlex  # takes long to import, and few commands need it

        try:
            words = shlex.split(command)
        except ValueError as error:
            reason = str(error).lower()
            raise PreprocessError(f"mig: cannot run '{command}': {reason}") from None
    if not words:
        raise PreprocessError(f"mig: cannot run '{command}': it names no program")
    return tuple(words)


class Preprocessing:
    """A preprocessor at work."""

    def finish(self) -> str:
        """Wait for it; the preprocessed text.

        Raises:
            PreprocessError: when it fails.
        """
        raise NotImplementedError


@record
class _Copied(Preprocessing):
    """Text that is preprocessed already."""

    text: str

    def finish(self) -> str:
        """The text."""
        return self.text


@record
class _Running(Preprocessing):
    """A process.

    Attributes:
        process: the process.
        text: its standard input.
        retry: a flag that the command may refuse, and the command to run if it does.
    """

    process: _Process
    text: str | None
    retry: tuple[str, tuple[str, ...]] | None

    def finish(self) -> str:
        """Wait for it."""
        process = self.process
        status, output, errors = process.wait()
        if status != 0 and self.retry is not None and self.retry[0] in errors:
            process = _Process(self.retry[1], self.text)
            status, output, errors = process.wait()
        if status != 0:
            raise PreprocessError(
                errors.strip() or f"{process.command[0]} exited with status {status}"
            )
        if errors:
            os.write(2, encode(errors))
        return output


class _Process:
    """A process between files of memory, so that nobody ever waits for a full pipe."""

    def __init__(self, command: tuple[str, ...], text: str | None) -> None:
        self.command = command
        files = [_scratch_file() for _ in range(2 if text is None else 3)]
        self._output, self._errors = files[:2]
        places = [1, 2, 0]
        if text is not None:
            os.write(files[2], encode(text))
            os.lseek(files[2], 0, os.SEEK_SET)
        actions = [
            (os.POSIX_SPAWN_DUP2, file, place) for file, place in zip(files, places, strict=False)
        ]
        try:
            self._process = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
        except OSError as error:
            for file in files[:2]:
                os.close(file)
            raise PreprocessError(f"cannot run {command[0]}: {error.strerror}") from error
        finally:
            for file in files[2:]:
                os.close(file)

    def wait(self) -> tuple[int, str, str]:
        """Exit status, standard output and standard error."""
        _, status = os.waitpid(self._process, 0)
        return os.waitstatus_to_exitcode(status), _taken(self._output), _taken(self._errors)


def _scratch_file() -> int:
    """The descriptor of a nameless empty file."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("mig")
    import tempfile

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _taken(file: int) -> str:
    """All of a file, which is then gone."""
    data = os.pread(file, os.fstat(file).st_size, 0)
    os.close(file)
    return decode(data)
