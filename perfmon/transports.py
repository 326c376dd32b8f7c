# SPDX-License-Identifier: GPL-2.0-or-later
"""From an address to an open transport; each transport is imported only when it is asked for."""

from __future__ import annotations

from pathlib import Path

from mig.rpc.transport import Transport
from perfmon.address import (
    Address,
    EmbeddedAddress,
    QemuAddress,
    SshAddress,
    TcpAddress,
    UnixAddress,
)
from perfmon.errors import UnsupportedAddressError

AVAILABLE = ("embedded:", "qemu:NAME", "unix:PATH", "tcp:HOST:PORT", "ssh:[USER@]HOST")


def open_transport(address: Address) -> Transport:
    """Open the way to a host.

    Raises:
        UnsupportedAddressError: there is no transport of this kind; names those there are.
        ConnectError: the host could not be reached.
    """
    match address:
        case EmbeddedAddress():
            return _embedded()
        case QemuAddress(name):
            return _qemu(name)
        case UnixAddress(path):
            return _unix(path)
        case TcpAddress(host, port):
            return _tcp(host, port)
        case SshAddress():
            return _ssh(address)
    raise UnsupportedAddressError(
        f"no transport for {address} in this version: available are {', '.join(AVAILABLE)}"
    )


def _embedded() -> Transport:
    from perfmon.embedded import EmbeddedTransport

    return EmbeddedTransport()


def _qemu(name: str) -> Transport:
    from perfmon.kernel.boot import open_guest

    return open_guest(name)


def _unix(path: str) -> Transport:
    from mig.rpc.transports.stream import open_unix

    return open_unix(Path(path))


def _tcp(host: str, port: int) -> Transport:
    from mig.rpc.transports.stream import open_tcp

    return open_tcp(host, port)


def _ssh(address: SshAddress) -> Transport:
    from perfmon.ssh import SshTransport

    return SshTransport(address)
