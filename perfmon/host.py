# SPDX-License-Identifier: GPL-2.0-or-later
"""A host: everything its performance monitor does, as typed calls.

One method per routine, or two where a routine takes a selector.  Nothing is cached but the names
of events: every figure comes from the host at the moment of the call.  How messages travel is the
transport's, what is done with figures is that of the rooms around this one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, ParamSpec, Self, TypeVar

from mig.rpc.port import Port
from mig.rpc.transport import Transport
from perfmon._generated.perf_monitor import PerfMonitor
from perfmon._generated.perf_workload import PerfWorkload
from perfmon.address import Address, default_address, parse_address
from perfmon.alerts import Alerts
from perfmon.clock import Clock
from perfmon.errors import (
    MachError,
    ProtocolError,
    UnknownEventError,
    advise,
)
from perfmon.events import BUILTIN_NAMES, event_id, event_name, events_in
from perfmon.info import (
    Configuration,
    HostInfo,
    Interface,
    clock_from_words,
    configuration_from_words,
    cpu_from_words,
    interface_from_words,
)
from perfmon.interface import HistogramKind, InfoSelector, Mode, NameKind, Option
from perfmon.reader import SampleReader, Start
from perfmon.samples import Samples
from perfmon.statistics import (
    Bucket,
    CpuStatistics,
    EventStatistics,
    Histogram,
    Interval,
    Regression,
    Snapshot,
    SystemStatistics,
)
from perfmon.transports import open_mach, open_transport

DEFAULT_TIMEOUT = 10.0

_P = ParamSpec("_P")
_R = TypeVar("_R")


class Name(NamedTuple):
    """A name that the host gives an id; `parent` is the task of a thread, else 0."""

    id: int
    parent: int
    name: str


def connect(
    address: str | Address | Port | int | None = None,
    *,
    timeout: float | None = DEFAULT_TIMEOUT,
    privileged: bool = True,
) -> Host:
    """Connect to a host.

    Args:
        address: as in `perfmon.address`, or a port right that the program holds already.  None:
            this machine's kernel on the Hurd, elsewhere a host embedded in this process;
            `Host.address` says which.
        timeout: seconds that each call may take; None waits as long as the host lives.
        privileged: use the privileged host port when it is on offer; otherwise, and with False,
            calls that need it are refused by the host.

    Raises:
        TypeError: neither an address nor a port right.
        AddressError: the address cannot be read.
        ConnectError: the host could not be reached.
    """
    if isinstance(address, Port):
        return Host(address.transport, address, timeout=timeout, privileged=privileged)
    if isinstance(address, int):
        transport = open_mach()
        return Host(transport, Port(transport, address), timeout=timeout, privileged=privileged)
    if address is None:
        address = default_address()
    elif isinstance(address, str):
        address = parse_address(address)
    elif not isinstance(address, Address):
        raise TypeError(f"expected an address or a port right, found {address!r}")
    try:
        transport = open_transport(address)
    except MachError as error:
        advise(error)
        raise
    try:
        label = "host-priv" if privileged and "host-priv" in transport.ports else "host"
        port = Port.offered(transport, label)
        return Host(transport, port, timeout=timeout, privileged=label == "host-priv")
    except BaseException:
        transport.close()
        raise


class Host:
    """A connection to one host; a context manager that closes it.

    Every method raises a subclass of `perfmon.errors.MachError` when the host refuses
    (`KernReturnError`) or cannot be reached (`TransportError`).

    Attributes:
        transport: the way to the host.
        privileged: whether calls go to the privileged host port.
        timeout: seconds that each call may take, or None.
        rpc: the generated client, one method per routine of perf_monitor.defs.
    """

    def __init__(
        self, transport: Transport, port: Port, *, timeout: float | None, privileged: bool
    ) -> None:
        self.transport = transport
        self.privileged = privileged
        self.timeout = timeout
        self.rpc = PerfMonitor(port, timeout=timeout)
        self._names: Mapping[int, str] | None = None

    @property
    def address(self) -> str:
        """The host's address."""
        return self.transport.address

    def close(self) -> None:
        """Let go of the host.  Monitoring goes on as it is."""
        self.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Host {self.address}{'' if self.privileged else ', not privileged'}>"

    # Other ports of the host.

    def port(self, label: str) -> Port:
        """A port that the host offers under a label: "host", "host-priv", "workload".

        Raises:
            ConnectError: there is no such port; names those there are.
        """
        return Port.offered(self.transport, label)

    @property
    def workload(self) -> PerfWorkload:
        """The generated client of the host's workload server, if it has one (ConnectError).

        Its calls take as long as the work that they ask for: they have no time limit.
        """
        return PerfWorkload(self.port("workload"), timeout=None)

    # Control; all of it takes the privileged port.

    def enable(self) -> None:
        """Start monitoring; nothing happens when it is on already."""
        self._call(self.rpc.perf_monitor_enable, True)

    def disable(self) -> None:
        """Stop monitoring; figures and samples stay readable."""
        self._call(self.rpc.perf_monitor_enable, False)

    def configure(self, *, sample_rate: int | None = None, buffer_size: int | None = None) -> None:
        """Set rate and buffer size; None leaves one as it is.  Samples and cursors begin anew.

        Args:
            sample_rate: samples per second and CPU, 100-5000, or 0: every event.
            buffer_size: samples per CPU, 1024-32768, a power of two.

        Raises:
            KernReturnError: out of range, or monitoring is enabled; nothing has changed.
        """
        if sample_rate is None or buffer_size is None:
            now = self.configuration()
            sample_rate = now.sample_rate if sample_rate is None else sample_rate
            buffer_size = now.buffer_size if buffer_size is None else buffer_size
        self._call(self.rpc.perf_monitor_configure, sample_rate, buffer_size)

    def set_events(self, events: Iterable[int | str]) -> None:
        """Record only these events, by number or name."""
        mask = 0
        for event in events:
            mask |= 1 << self.event(event)[0]
        self._set(Option.EVENT_MASK, mask)

    def set_mode(self, mode: Mode) -> None:
        """Say what a full ring does: overwrite the oldest, or stop."""
        self._set(Option.MODE, mode)

    def exclude_task(self, task: int) -> None:
        """Leave out one task, by its small id; 0: none."""
        self._set(Option.EXCLUDED_TASK, task)

    def set_regression_percent(self, percent: int) -> None:
        """Set the threshold of the regression flag."""
        self._set(Option.REGRESSION_PERCENT, percent)

    def set_thresholds(
        self,
        *,
        latency_us: int | None = None,
        throughput: int | None = None,
        error_rate: int | None = None,
    ) -> None:
        """Set alert thresholds; None leaves one as it is, 0 switches it off.

        Args:
            latency_us: one event's work takes longer, in microseconds.
            throughput: an event's rate, per second, falls below it.
            error_rate: percent of an event's calls that failed.
        """
        now = self.configuration()
        self._call(
            self.rpc.perf_set_thresholds,
            now.latency_us if latency_us is None else latency_us,
            now.throughput if throughput is None else throughput,
            now.error_rate if error_rate is None else error_rate,
        )

    def set_baseline(self) -> None:
        """Make the statistics since the last reset the baseline; the current window starts now."""
        self._call(self.rpc.perf_set_baseline)

    def reset(self) -> None:
        """Clear statistics, samples and baseline."""
        self._call(self.rpc.perf_reset_stats)

    # What the host says about itself.

    def interface(self) -> Interface:
        """What the host can do, and whether it is monitoring."""
        return self._info(InfoSelector.INTERFACE, interface_from_words)

    def configuration(self) -> Configuration:
        """The configuration in force."""
        return self._info(InfoSelector.CONFIGURATION, configuration_from_words)

    def clock(self) -> Clock:
        """The host's clock, read now."""
        return self._info(InfoSelector.CLOCK, clock_from_words)

    def cpu(self, cpu: int) -> CpuStatistics:
        """The account of one CPU's ring."""
        return self._info(InfoSelector.CPU + cpu, lambda words: cpu_from_words(cpu, words))

    def cpus(self) -> tuple[CpuStatistics, ...]:
        """The account of each CPU's ring."""
        return tuple(self.cpu(cpu) for cpu in range(self.interface().cpus))

    def info(self) -> HostInfo:
        """Interface, configuration, clock and the account of each CPU."""
        return HostInfo(self.interface(), self.configuration(), self.clock(), self.cpus())

    def names(self, kind: NameKind) -> list[Name]:
        """The ids that have names: events, tasks, threads or traps.  Takes the privileged port."""
        return [
            Name(entry.id, entry.parent, _text(bytes(entry.name)))
            for entry in self._call(self.rpc.perf_get_names, kind)
        ]

    def event_names(self) -> Mapping[int, str]:
        """Names of events by id: perfmon's own, and those registered with this host.

        Asked for once; on the unprivileged port, which shows no names, perfmon's own alone.
        """
        if not self.privileged:
            return BUILTIN_NAMES
        if self._names is None:
            registered = {name.id: name.name for name in self.names(NameKind.EVENTS)}
            self._names = {**BUILTIN_NAMES, **registered}
        return self._names

    def event(self, event: int | str) -> tuple[int, str]:
        """Id and name of an event given by number or name.

        Raises:
            UnknownEventError: neither perfmon nor the host knows it; lists those there are.
        """
        try:
            number = event_id(event, whole=True)
            return number, BUILTIN_NAMES[number]
        except (UnknownEventError, KeyError):
            names = self.event_names()
            number = event_id(event, names)
            return number, event_name(number, names)

    # Figures.

    def stats(self, event: int | str) -> EventStatistics:
        """Statistics of one event, by number or name, since the last reset."""
        number, name = self.event(event)
        return EventStatistics(number, name, *self._call(self.rpc.perf_get_event_stats, number))

    def all_stats(self) -> dict[int, EventStatistics]:
        """Statistics of every event that has a name, by id."""
        return {event: self.stats(event) for event in events_in(self.interface().events)}

    def histogram(self, event: int | str, kind: HistogramKind = HistogramKind.WORK) -> Histogram:
        """Durations of one event: of its work, or of the times it waited."""
        number, name = self.event(event)
        wire = self._call(self.rpc.perf_get_histogram, number, kind)
        return Histogram(number, name, tuple(Bucket.from_wire(*bucket) for bucket in wire))

    def system_stats(self) -> SystemStatistics:
        """Totals over all events and CPUs."""
        wire = self._call(self.rpc.perf_get_system_stats)
        return SystemStatistics(*wire[:-1], regression=bool(wire.regression))

    def snapshot(self) -> Snapshot:
        """All figures, read one after the other."""
        return Snapshot(time.monotonic_ns(), self.all_stats(), self.system_stats(), self.cpus())

    def watch(self, interval: float = 1.0) -> Iterator[Interval]:
        """Live statistics: every `interval` seconds what happened meanwhile, for ever.

        A reading that takes long delays none of the later ones.

        Raises:
            ValueError: the interval is none.
        """
        if not interval > 0:
            raise ValueError(f"expected an interval of more than 0 s, found {interval} s")
        earlier, begin, number = self.snapshot(), time.monotonic(), 1
        while True:
            time.sleep(max(0.0, begin + number * interval - time.monotonic()))
            number = max(number, int((time.monotonic() - begin) / interval)) + 1
            now = self.snapshot()
            yield Interval(earlier, now)
            earlier = now

    def check_regression(self, event: int | str, threshold_percent: int) -> bool:
        """Whether the event's mean work time is above the baseline's by more than the threshold.

        Raises:
            KernFailure: there is no baseline, or too few events on either side of it.
        """
        number, _ = self.event(event)
        return self._call(self.rpc.perf_check_regression, number, threshold_percent)

    def regression(self, event: int | str) -> Regression:
        """The figures behind `check_regression`.

        Raises:
            KernFailure: there is no baseline, or too few events on either side of it.
        """
        number, name = self.event(event)
        change, *figures = self._call(self.rpc.perf_get_regression, number)
        return Regression(number, name, change / 100, *figures)

    # Alerts and samples; they take the privileged port.

    def alerts(self, *, timeout: float | None = None) -> Alerts:
        """Wait for what crosses a threshold, an iterator that the host feeds.

        It is asked for at once, so what crosses a threshold from now on is not missed.

        Args:
            timeout: seconds to wait for each alert, after which the iterator ends; None: for ever.

        Raises:
            KernResourceShortage: as many as can be are waiting already.
            ConnectError: messages to ports of one's own do not come this way.
        """
        names = self.event_names()
        return Alerts(
            self.transport,
            lambda port: self._call(self.rpc.perf_request_alerts, port),
            lambda event: event_name(event, names),
            timeout=timeout,
        )

    def read_samples(self, cpu: int, cursor: int, max_samples: int = 4096) -> Samples:
        """Up to `max_samples` samples of one CPU from a cursor on; this consumes nothing.

        `len(samples) + samples.lost` is the distance from `cursor` to `samples.next`.
        """
        reply = self._call(self.rpc.perf_read_samples, cpu, cursor, max_samples)
        return Samples(cpu, cursor, reply.next, reply.lost, reply.samples.buffer)

    def samples(
        self,
        start: Start | Mapping[int, int] = Start.OLDEST,
        *,
        follow: bool = False,
        interval: float = 0.1,
    ) -> Iterator[Samples]:
        """Iterate over the samples of all CPUs, batch by batch.

        Each batch is of one CPU and says what was lost in front of it.  Without `follow`, the
        iteration ends with what was there when it began; with it, never: it looks for more every
        `interval` seconds.

        Args:
            start: where to begin; a mapping of cursors, as `SampleReader.cursors`, resumes.
            follow: go on for ever.
            interval: seconds between two looks, with `follow`.
        """
        reader = SampleReader(self, start)
        yield from reader.read()
        while follow:
            time.sleep(interval)
            yield from reader.read()

    # How calls are made.

    def _set(self, option: Option, value: int) -> None:
        self._call(self.rpc.perf_set_options, option, value)

    def _info(self, selector: int, read: Callable[[Sequence[int]], _R]) -> _R:
        words = self._call(self.rpc.perf_get_info, selector)
        try:
            return read(words)
        except ValueError as error:
            raise ProtocolError(
                f"selector {selector}: {error}", routine="perf_get_info", address=self.address
            ) from None

    def _call(self, routine: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return routine(*args, **kwargs)
        except MachError as error:
            advise(error, privileged=self.privileged)
            raise


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace")
