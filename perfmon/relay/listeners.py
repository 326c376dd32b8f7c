# SPDX-License-Identifier: GPL-2.0-or-later
"""The sockets that a relay's clients come in by; who they are and what they want comes later."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from perfmon.errors import AddressError, PerfmonError

LOOPBACK: Final = "127.0.0.1"
_BACKLOG: Final = 16


class ListenError(PerfmonError):
    """A relay cannot listen where it was told to."""


@contextmanager
def listen_unix(path: Path) -> Iterator[socket.socket]:
    """Listen on a Unix socket that only its owner may use; it is removed at the end.

    A socket that a relay left behind when it was killed is replaced.

    Raises:
        ListenError: something else is there, or the place cannot be written.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with listener:
        try:
            _remove_if_dead(path)
            listener.bind(str(path))
            # Nobody can connect before listen().
            path.chmod(0o600)
            listener.listen(_BACKLOG)
            mine = _identity(path)
        except OSError as error:
            raise ListenError(f"unix:{path}: cannot listen: {error}") from error
        try:
            yield listener
        finally:
            with suppress(OSError):
                if _identity(path) == mine:
                    path.unlink()


@contextmanager
def listen_tcp(host: str, port: int) -> Iterator[socket.socket]:
    """Listen on a TCP port; 0: any that is free.

    Raises:
        ListenError: no such host, or the port is taken.
    """
    try:
        family, kind, _, _, where = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind)
    except OSError as error:
        raise ListenError(f"tcp:{host}:{port}: cannot listen: {error}") from error
    with listener:
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(where)
            listener.listen(_BACKLOG)
        except OSError as error:
            raise ListenError(f"tcp:{host}:{port}: cannot listen: {error}") from error
        yield listener


def parse_endpoint(text: str) -> tuple[str, int]:
    """Read `PORT`, `:PORT`, `HOST:PORT` or `[IPV6]:PORT`; the host is loopback when not given.

    Raises:
        AddressError: it is none of them.
    """
    host, _, digits = text.rpartition(":")
    if not (digits.isascii() and digits.isdigit() and int(digits) < 1 << 16):
        raise AddressError(f"{text!r}: expected [HOST:]PORT, port 0-65535")
    return host.removeprefix("[").removesuffix("]") or LOOPBACK, int(digits)


def _remove_if_dead(path: Path) -> None:
    """Remove a socket that nobody listens on."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ListenError(f"unix:{path}: something else is there already")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise ListenError(f"unix:{path}: another relay listens there")


def _identity(path: Path) -> tuple[int, int]:
    status = os.lstat(path)
    return status.st_dev, status.st_ino
