# SPDX-License-Identifier: GPL-2.0-or-later
"""The same event recorded with LTTng-UST, with a session daemon of our own."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent / "lttng"
_SECONDS = 60

SESSIONS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "overwrite": (("--snapshot",), ("--overwrite", "--subbuf-size=1M", "--num-subbuf=8")),
    "discard_to_disk": ((), ("--discard", "--subbuf-size=4M", "--num-subbuf=8")),
}
"""Options of create and of enable-channel."""


class LttngError(Exception):
    """LTTng is not there, or did not do what it was told."""


def measure(directory: Path) -> tuple[list[tuple[str, int, float]], float]:
    """Run the program without a session and in each of the sessions.

    Returns:
        path, threads and nanoseconds of each round; and bytes of an event on disk.
    """
    for needed in ("lttng", "lttng-sessiond", "gcc"):
        if shutil.which(needed) is None:
            raise LttngError(f"{needed} is missing: apt-get install lttng-tools liblttng-ust-dev")
    program = directory / "lttng"
    source = HERE / "lttng.c"
    subprocess.run(
        ["gcc", "-O2", f"-I{HERE}", source, "-o", program, "-llttng-ust", "-ldl", "-pthread"],
        check=True,
    )
    rows = []
    size = 0.0
    with _daemon(directory) as environment:
        rows += _run(program, "compiled_in", environment)
        for name, (create, channel) in SESSIONS.items():
            output = directory / name
            _lttng(environment, "create", name, f"--output={output}", *create)
            _lttng(environment, "enable-channel", "--userspace", *channel, "channel")
            _lttng(
                environment, "enable-event", "--userspace", "-c", "channel", "perfmon_benchmark:*"
            )
            _lttng(environment, "start")
            rows += _run(program, name, environment)
            _lttng(environment, "destroy")
            if not create:
                size = _size(output)
    return rows, size


def _size(output: Path) -> float:
    """Bytes of an event: of the streams, by the events that babeltrace2 counts in them."""
    streams = [path for path in output.rglob("channel_*") if path.is_file()]
    counted = subprocess.run(
        ["babeltrace2", str(output), "--component=sink.utils.counter"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    # It counts on the way, too.
    total = [line.split()[0] for line in counted.splitlines() if "Event messages" in line][-1]
    events = int(total.replace(",", ""))
    return sum(path.stat().st_size for path in streams) / events


@contextmanager
def _daemon(directory: Path) -> Iterator[Mapping[str, str]]:
    home = directory / "home"
    home.mkdir()
    environment = {**os.environ, "LTTNG_HOME": str(home), "HOME": str(home)}
    daemon = subprocess.Popen(
        ["lttng-sessiond", "--no-kernel"],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        time.sleep(1)
        yield environment
    finally:
        daemon.terminate()
        daemon.wait(_SECONDS)


def _lttng(environment: Mapping[str, str], *arguments: str) -> None:
    done = subprocess.run(
        ["lttng", *arguments], env=environment, check=False, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=_SECONDS,
    )  # fmt: skip
    if done.returncode:
        raise LttngError(f"lttng {' '.join(arguments)}: {done.stderr.strip()}")


def _run(program: Path, name: str, environment: Mapping[str, str]) -> list[tuple[str, int, float]]:
    output = subprocess.run(
        [program, name], env=environment, check=True, capture_output=True, text=True
    ).stdout
    rows = (line.split() for line in output.splitlines())
    return [(path, int(threads), float(value)) for path, threads, value in rows]
