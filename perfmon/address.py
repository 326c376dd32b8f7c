# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses of hosts: text to frozen values and back.

Nothing is opened or looked up here; perfmon.transports does that.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from perfmon.errors import AddressError


@dataclass(frozen=True, slots=True)
class EmbeddedAddress:
    """`embedded:`, a host inside this process."""

    def __str__(self) -> str:
        return "embedded:"


@dataclass(frozen=True, slots=True)
class MachAddress:
    """`mach:`, the kernel that this process runs on."""

    def __str__(self) -> str:
        return "mach:"


@dataclass(frozen=True, slots=True)
class QemuAddress:
    """`qemu:NAME`, a guest that `perfmon kernel boot` started."""

    name: str

    def __str__(self) -> str:
        return f"qemu:{self.name}"


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """`unix:PATH`, a relay behind a Unix-domain socket."""

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """`tcp:HOST:PORT`, a relay behind a TCP port; an IPv6 host stands in brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp:{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SshAddress:
    """`ssh:[USER@]HOST`, a relay started there through ssh."""

    host: str
    user: str | None = None

    def __str__(self) -> str:
        return f"ssh:{self.user}@{self.host}" if self.user else f"ssh:{self.host}"


Address: TypeAlias = (
    EmbeddedAddress | MachAddress | QemuAddress | UnixAddress | TcpAddress | SshAddress
)

FORMS: Final = ("embedded:", "mach:", "qemu:NAME", "unix:PATH", "tcp:HOST:PORT", "ssh:[USER@]HOST")


def default_address() -> Address:
    """The address meant when none is given: this kernel on the Hurd, elsewhere embedded."""
    return MachAddress() if sys.platform.startswith("gnu") else EmbeddedAddress()


def parse_address(text: str) -> Address:
    """Read an address as users write it.

    Raises:
        AddressError: naming the text and the form that was expected.
    """
    scheme, colon, rest = text.partition(":")
    parse = _PARSERS.get(scheme) if colon else None
    if parse is None:
        raise AddressError(f"address {text!r}: expected one of {', '.join(FORMS)}")
    return parse(text, rest)


def is_loopback(host: str) -> bool:
    """Whether the name or the number of a TCP host means this machine alone."""
    return host in ("localhost", "::1") or (
        host.startswith("127.") and host.replace(".", "").isdigit()
    )


def _parse_embedded(text: str, rest: str) -> Address:
    _expect(not rest, text, "embedded: with nothing behind it")
    return EmbeddedAddress()


def _parse_mach(text: str, rest: str) -> Address:
    _expect(not rest, text, "mach: with nothing behind it")
    return MachAddress()


def _parse_qemu(text: str, rest: str) -> Address:
    _expect(bool(rest) and "/" not in rest, text, "qemu:NAME, the name of a guest")
    return QemuAddress(rest)


def _parse_unix(text: str, rest: str) -> Address:
    _expect(bool(rest), text, "unix:PATH, the path of a socket")
    return UnixAddress(rest)


def _parse_tcp(text: str, rest: str) -> Address:
    host, _, digits = rest.rpartition(":")
    port = int(digits) if digits.isascii() and digits.isdigit() else 0
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    _expect(bool(host) and 0 < port < 1 << 16, text, "tcp:HOST:PORT, port 1-65535")
    return TcpAddress(host, port)


def _parse_ssh(text: str, rest: str) -> Address:
    user, at, host = rest.rpartition("@")
    # ssh would take a leading hyphen for an option.
    good = bool(host) and bool(user) == bool(at) and not rest.startswith("-")
    _expect(good and not host.startswith("-"), text, "ssh:[USER@]HOST")
    return SshAddress(host, user or None)


def _expect(condition: bool, text: str, form: str) -> None:
    if not condition:
        raise AddressError(f"address {text!r}: expected {form}")


_PARSERS: Final[dict[str, Callable[[str, str], Address]]] = {
    "embedded": _parse_embedded,
    "mach": _parse_mach,
    "qemu": _parse_qemu,
    "unix": _parse_unix,
    "tcp": _parse_tcp,
    "ssh": _parse_ssh,
}
