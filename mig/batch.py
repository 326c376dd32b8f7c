# SPDX-License-Identifier: GPL-2.0-or-later
"""Many command lines in one process: ``mig --batch FILE``.

A line is what a shell would be given, with or without the name of the program before it: quotes,
comments, ``< FILE`` and ``> FILE`` are understood, and nothing else of a shell's.  The jobs are
done in order, but the preprocessors of the next ones are at work already: no job may read what
another one writes.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections import deque
from contextlib import redirect_stdout
from io import StringIO

from mig.command_line import UsageError, parse_arguments
from mig.files import base_name, read_text, write_if_changed
from mig.jobs import FAILURES, PROGRAMS, Job, explain
from mig.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mig.command_line import Arguments

_REDIRECTIONS = ("<", ">")


def run(arguments: Arguments) -> int:
    """Run the jobs in the file that the command line names; 1 when any of them failed."""
    name = str(arguments.value)
    text = _read(name)
    ahead = (os.cpu_count() or 1) + 1
    started: deque[_Started] = deque()
    failed = 0
    for number, line in enumerate(text.splitlines(), start=1):
        job = _start(f"{'<stdin>' if name == '-' else name}:{number}", line)
        if job is not None:
            started.append(job)
        while len(started) > ahead:
            failed += not _finish(started.popleft())
    while started:
        failed += not _finish(started.popleft())
    return 1 if failed else 0


def _read(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else read_text(name)
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}") from error


@record
class _Started:
    """A job at work, or why it is not.

    Attributes:
        place: file and line of the batch, for messages.
        job: the job, or what went wrong.
        output: the file after ``>``.
    """

    place: str
    job: Job | Exception
    output: str | None = None


def _start(place: str, line: str) -> _Started | None:
    """Start the job of a line; None when there is none in it."""
    try:
        words, files = _split(line)
        if not words:
            return None
        program = base_name(words[0])
        if program in PROGRAMS:
            words = words[1:]
        arguments = parse_arguments(words)
        if arguments.mode is not None or arguments.show is not None:
            raise UsageError(f"{arguments.mode or f'--{arguments.show}'} is no job of a batch")
        return _Started(place, Job(arguments, program, files.get("<")), files.get(">"))
    except (UsageError, *FAILURES) as error:
        return _Started(place, error)


def _split(line: str) -> tuple[list[str], dict[str, str]]:
    """The words of a line, and the files after its redirections."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="<>")
    lexer.whitespace_split = True
    words: list[str] = []
    files: dict[str, str] = {}
    try:
        for word in lexer:
            if word in _REDIRECTIONS:
                file = lexer.get_token()
                if file is None:
                    raise UsageError(f"there is no file after {word}")
                files[word] = file
            elif word.startswith(("<", ">")):
                raise UsageError(f"{word} is more than a batch understands of a shell")
            else:
                words.append(word)
    except ValueError as error:
        raise UsageError(str(error).lower()) from error
    return words, files


def _finish(started: _Started) -> bool:
    """Let a job finish and say what is wrong with it; whether nothing was."""
    try:
        if isinstance(started.job, Exception):
            raise started.job
        if started.output is None:
            started.job.finish()
        else:
            with redirect_stdout(StringIO()) as written:
                started.job.finish()
            write_if_changed(started.output, written.getvalue())
    except (UsageError, *FAILURES) as error:
        print(f"{started.place}: this job failed:\n{explain(error)}", file=sys.stderr)
        return False
    return True
