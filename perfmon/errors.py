# SPDX-License-Identifier: GPL-2.0-or-later
"""Every error that perfmon raises, and what a user can do next.

What goes wrong with a call is `mig.rpc.errors`, re-exported here; the errors below are perfmon's
own.  Nothing here talks to a host.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mig.rpc.errors import (
    ArgumentError,
    CallTimeout,
    ConnectError,
    KernFailure,
    KernInvalidArgument,
    KernInvalidHost,
    KernNotSupported,
    KernResourceShortage,
    KernReturnError,
    MachError,
    MigBadId,
    MigServerDied,
    PeerDied,
    ProtocolError,
    TransportError,
)

__all__ = [
    "AddressError",
    "ArgumentError",
    "CallTimeout",
    "ConnectError",
    "KernFailure",
    "KernInvalidArgument",
    "KernInvalidHost",
    "KernNotSupported",
    "KernResourceShortage",
    "KernReturnError",
    "MachError",
    "MigBadId",
    "MigServerDied",
    "MissingExtraError",
    "PeerDied",
    "PerfmonError",
    "ProtocolError",
    "TransportError",
    "UnknownEventError",
    "advise",
]


class PerfmonError(Exception):
    """Base of the errors that arise before any message is sent."""


class AddressError(PerfmonError, ValueError):
    """An address that cannot be read."""


class UnknownEventError(PerfmonError, ValueError):
    """No event has this number or name."""


class MissingExtraError(PerfmonError, ImportError):
    """A package that only some features need is not installed.

    Attributes:
        extra: the extra of perfmon's that brings it.
    """

    def __init__(self, extra: str, package: str, feature: str) -> None:
        super().__init__(
            f"{feature} needs {package}, which is not installed: pip install 'perfmon[{extra}]'"
        )
        self.extra = extra


_HINTS: Final[Mapping[type[MachError], str]] = {
    MigBadId: "this kernel has no performance monitor: `perfmon kernel instrument` adds one to an "
    "image",
    MigServerDied: "the host died; the relay on the way to it still lives",
    KernNotSupported: "this host does not implement it",
}
_RULES: Final = {
    "perf_monitor_configure": "rate 100-5000 or 0 for every event; buffer 1024-32768, a power of "
    "two; only while monitoring is disabled",
    "perf_get_event_stats": "this host has no event of that number: `perfmon stats` lists those it "
    "has",
    "perf_request_alerts": "eight receivers, as many as can be, are waiting for alerts already",
    "perf_check_regression": "set a baseline first; both windows need at least 30 timed events",
    "perf_get_regression": "set a baseline first; both windows need at least 30 timed events",
}


def advise(error: MachError, *, privileged: bool = True) -> None:
    """Give an error of a host's the hint that perfmon knows, unless it already has one.

    Args:
        error: as raised by a call, or by opening a transport.
        privileged: whether the call went to the privileged host port.
    """
    error.hint = error.hint or _hint(error, privileged)


def _hint(error: MachError, privileged: bool) -> str:
    match error:
        case KernInvalidHost() if not privileged:
            how = "run as root, connect with privileged=True"
            if error.address.startswith(("unix:", "tcp:", "ssh:")):
                how = "the relay must run as root, without --unprivileged"
            return f"this needs the privileged host port: {how}"
        case KernInvalidArgument() | KernFailure() | KernResourceShortage():
            return _RULES.get(error.routine, "")
        case TransportError():
            scheme, _, where = error.address.partition(":")
            return _transport_hint(error, scheme, where)
    return _HINTS.get(type(error), "")


def _transport_hint(error: TransportError, scheme: str, where: str) -> str:
    if scheme == "qemu":
        return _guest_hint(error, where)
    if scheme in ("unix", "tcp") and isinstance(error, ConnectError):
        return f"`perfmon -H HOST relay --{scheme} {where}` lets clients reach a host there"
    return ""


def _guest_hint(error: TransportError, name: str) -> str:
    match error:
        case ConnectError():
            return f"`perfmon kernel list` shows the guests, `perfmon kernel boot {name}` boots one"
        case PeerDied():
            return f"the guest is gone: `perfmon kernel boot {name}` boots it again"
        case CallTimeout():
            return f"the guest may hang: `perfmon kernel stop {name}` ends it"
    return ""
