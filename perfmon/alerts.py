# SPDX-License-Identifier: GPL-2.0-or-later
"""Alerts: the host says by itself when a threshold was crossed.

One right that the host was given is one alert, so asking goes on as long as somebody iterates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Self

from mig.rpc.errors import CallTimeout, ProtocolError
from mig.rpc.message import NOTIFY_SEND_ONCE, unpack_header
from mig.rpc.transport import Transport
from perfmon.interface import AlertKind
from perfmon.text import duration, number

_HUNDREDTHS = 100


@dataclass(frozen=True, slots=True)
class Alert:
    """A threshold that was crossed.

    Attributes:
        kind: which of the thresholds.
        event: the event's number.
        name: its name.
        value: what was found: nanoseconds of an event's work, events per second, or percent.
        threshold: what it crossed, in the same unit.
        timestamp_ns: when it was found, since the host booted.
    """

    kind: AlertKind
    event: int
    name: str
    value: float
    threshold: float
    timestamp_ns: int

    def describe(self) -> str:
        """What was found and what it crossed, in words."""
        match self.kind:
            case AlertKind.LATENCY:
                value, limit = (duration(round(ns)) for ns in (self.value, self.threshold))
                return f"took {value}, more than {limit}"
            case AlertKind.THROUGHPUT:
                return f"{number(self.value)} a second, fewer than {number(self.threshold)}"
            case AlertKind.ERROR_RATE:
                return f"{self.value:.3g} % failed, more than {self.threshold:g} %"
        return f"mean {self.value:.3g} % above the baseline's, more than {self.threshold:g} %"


class Alerts:
    """An iterator over the alerts of a host; a context manager that stops asking for them.

    It ends, as iterators do, when no alert has come for `timeout` seconds.  What crosses a
    threshold is found once a second, and of several things found at once one is told, the others
    in the seconds after it.

    Attributes:
        timeout: seconds to wait for each alert; None waits for ever.
    """

    def __init__(
        self,
        transport: Transport,
        request: Callable[[int], object],
        event_name: Callable[[int], str],
        *,
        timeout: float | None = None,
    ) -> None:
        """Ask for the first alert; see `Host.alerts`.

        Args:
            transport: the way to the host.
            request: gives the host a right to a port.
            event_name: names an event.
            timeout: seconds to wait for each alert.
        """
        self.timeout = timeout
        self._transport = transport
        self._request = request
        self._event_name = event_name
        package = "perfmon._generated.perf_alert"
        self._wire: Any = import_module(f"{package}.{transport.abi.name}")
        self._port: int | None = transport.allocate_port()
        try:
            request(self._port)
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Alert:
        """Wait for the next alert.

        Raises:
            StopIteration: there was none in time, or this was closed.
            MachError: the host went away, or has given its places to others.
            ProtocolError: it sent something else.
        """
        while self._port is not None:
            try:
                message = self._transport.receive(self._port, self.timeout)
            except CallTimeout:
                raise StopIteration from None
            # Ask for the next before this one is looked at, so that none is missed.
            self._request(self._port)
            if unpack_header(self._transport.abi, message.data).id == NOTIFY_SEND_ONCE:
                continue  # the right was destroyed unused: it has been replaced
            return self._alert(*self._wire.decode_perf_alert_request(message))
        raise StopIteration

    def close(self) -> None:
        """Ask no more; twice is harmless."""
        port, self._port = self._port, None
        if port is not None:
            self._transport.destroy_port(port)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _alert(self, kind: int, event: int, value: int, threshold: int, timestamp: int) -> Alert:
        percent = kind in (AlertKind.ERROR_RATE, AlertKind.REGRESSION)
        divisor = _HUNDREDTHS if percent else 1
        if kind not in set(AlertKind):
            raise ProtocolError(
                f"expected an alert of a kind up to {max(AlertKind)}, found {kind}",
                routine="perf_alert",
                address=self._transport.address,
            )
        return Alert(
            AlertKind(kind),
            event,
            self._event_name(event),
            value / divisor,
            threshold / divisor,
            timestamp,
        )
