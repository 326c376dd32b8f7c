# SPDX-License-Identifier: GPL-2.0-or-later
"""From an address to an open transport; each transport is imported only when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import assert_never

from mig.rpc.transport import Transport
from perfmon.address import (
    Address,
    EmbeddedAddress,
    MachAddress,
    QemuAddress,
    SshAddress,
    TcpAddress,
    UnixAddress,
)


def open_transport(address: Address) -> Transport:
    """Open the way to a host.

    Raises:
        ConnectError: the host could not be reached.
    """
    match address:
        case EmbeddedAddress():
            return _embedded()
        case MachAddress():
            return open_mach()
        case QemuAddress(name):
            return _qemu(name)
        case UnixAddress(path):
            return _unix(path)
        case TcpAddress(host, port):
            return _tcp(host, port)
        case SshAddress():
            return _ssh(address)
    assert_never(address)


def _embedded() -> Transport:
    from perfmon.embedded import EmbeddedTransport

    return EmbeddedTransport()


def open_mach() -> Transport:
    """Open the way to the kernel that this program runs on."""
    from mig.rpc.transports.mach import MachTransport

    return MachTransport()


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
