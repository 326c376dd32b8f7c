# SPDX-License-Identifier: GPL-2.0-or-later
"""What every host does, embedded or a real kernel: one body of tests for all of them.

A test class derives from HostContract and gives the fixture `address`.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import pairwise

import pytest

import perfmon
from perfmon import AlertKind, Event, Host, Mode, NameKind, SampleReader, Start
from perfmon.errors import (
    KernFailure,
    KernInvalidArgument,
    KernInvalidHost,
    KernResourceShortage,
    KernReturnError,
)
from perfmon.interface import (
    ALERT_RECEIVERS_MAX,
    BUFFER_DEFAULT,
    BUFFER_MIN,
    CURSOR_NEWEST,
    CURSOR_OLDEST,
    CURSOR_SEQUENCE_BITS,
    RATE_DEFAULT,
    RATE_EVERY_EVENT,
    Option,
)


def every_event(host: Host, buffer_size: int = BUFFER_DEFAULT) -> None:
    """Sample every event from now on, into empty rings."""
    host.disable()
    host.configure(sample_rate=RATE_EVERY_EVENT, buffer_size=buffer_size)
    host.reset()
    host.enable()


def busiest(host: Host) -> int:
    return max(host.cpus(), key=lambda cpu: cpu.written).cpu


class HostContract:
    """Tests that take a connected host, which they find as it is by default."""

    def connect(self, address: str, *, privileged: bool = True) -> AbstractContextManager[Host]:
        return perfmon.connect(address, privileged=privileged)

    @pytest.fixture
    def host(self, address: str) -> Iterator[Host]:
        with self.connect(address) as host:
            host.disable()
            host.configure(sample_rate=RATE_DEFAULT, buffer_size=BUFFER_DEFAULT)
            host.set_mode(Mode.OVERWRITE)
            host.set_events(range(12))
            host.set_thresholds(latency_us=1000, throughput=1000, error_rate=5)
            host.reset()
            host.enable()
            yield host
            host.disable()

    @pytest.fixture
    def unprivileged(self, address: str) -> Iterator[Host]:
        with self.connect(address, privileged=False) as host:
            yield host

    # Control.

    def test_enabling_and_disabling_are_idempotent(self, host: Host) -> None:
        for enabled in (True, True, False, False, True):
            (host.enable if enabled else host.disable)()
            assert host.interface().enabled is enabled

    def test_the_configuration_in_force_is_the_one_that_was_set(self, host: Host) -> None:
        host.disable()
        generation = host.configuration().generation
        host.configure(sample_rate=2000, buffer_size=4096)
        host.set_events(["VM_ALLOC", 3])
        host.set_mode(Mode.STOP)
        host.set_regression_percent(35)
        host.set_thresholds(latency_us=7, error_rate=0)
        now = host.configuration()
        assert (now.sample_rate, now.buffer_size, now.event_mask) == (2000, 4096, 0b1100)
        assert (now.mode, now.regression_percent) == (Mode.STOP, 35)
        assert (now.latency_us, now.throughput, now.error_rate) == (7, 1000, 0)
        assert now.generation > generation
        host.set_regression_percent(20)

    @pytest.mark.parametrize(
        ("rate", "buffer"),
        [(99, 8192), (5001, 8192), (2**32 - 1, 8192), (1000, 512), (1000, 65536), (1000, 3000)],
    )
    def test_a_configuration_out_of_range_is_refused_and_nothing_changes(
        self, host: Host, rate: int, buffer: int
    ) -> None:
        host.disable()
        before = host.configuration()
        with pytest.raises(KernInvalidArgument) as caught:
            host.configure(sample_rate=rate, buffer_size=buffer)
        assert host.configuration() == before
        assert caught.value.routine == "perf_monitor_configure"
        assert caught.value.address == host.address
        assert "100-5000" in str(caught.value)

    def test_configuring_while_enabled_is_refused_and_nothing_changes(self, host: Host) -> None:
        before = host.configuration()
        with pytest.raises(KernReturnError):
            host.configure(sample_rate=2000)
        assert host.configuration() == before
        assert host.interface().enabled

    def test_control_on_the_unprivileged_port_is_refused(
        self, host: Host, unprivileged: Host
    ) -> None:
        before = host.configuration()
        refused = [
            unprivileged.disable,
            lambda: unprivileged.configure(sample_rate=2000, buffer_size=4096),
            lambda: unprivileged.set_mode(Mode.STOP),
            unprivileged.set_baseline,
            unprivileged.reset,
            lambda: unprivileged.set_thresholds(latency_us=1),
            lambda: unprivileged.read_samples(0, CURSOR_OLDEST),
            lambda: unprivileged.names(NameKind.EVENTS),
        ]
        for call in refused:
            with pytest.raises(KernInvalidHost, match="privileged host port"):
                call()
        assert host.configuration() == before
        assert host.interface().enabled

    def test_figures_are_readable_on_the_unprivileged_port(self, unprivileged: Host) -> None:
        assert unprivileged.stats("IPC_SEND").name == "IPC_SEND"
        assert unprivileged.system_stats().requests > 0
        assert unprivileged.info().interface.version == 1
        unprivileged.histogram("IPC_SEND")

    def test_unknown_selectors_are_refused(self, host: Host) -> None:
        with pytest.raises(KernInvalidArgument):
            host.rpc.perf_get_info(9)
        with pytest.raises(KernInvalidArgument):
            host.cpu(host.interface().cpus)
        with pytest.raises(KernInvalidArgument):
            host.rpc.perf_set_options(99, 0)
        with pytest.raises(KernInvalidArgument):
            host.rpc.perf_get_event_stats(64)
        with pytest.raises(KernInvalidArgument):
            host.rpc.perf_get_histogram(0, 2)
        with pytest.raises(KernInvalidArgument):
            host.rpc.perf_set_options(Option.MODE, 2)
        with pytest.raises(KernInvalidArgument):
            host.rpc.perf_get_names(99)
        with pytest.raises(KernInvalidArgument):
            host.rpc.perf_read_samples(host.interface().cpus, 0, 1)

    def test_the_host_counts_every_request(self, host: Host) -> None:
        calls = (
            lambda: host.stats("VM_ALLOC"),
            host.interface,
            host.clock,
            lambda: host.histogram("VM_ALLOC"),
            lambda: host.read_samples(0, CURSOR_NEWEST),
            lambda: host.names(NameKind.EVENTS),
            host.enable,
        )
        for call in calls:
            before = host.system_stats().requests
            call()
            assert host.system_stats().requests == before + 2

    # Statistics.

    def test_statistics_count_what_the_workload_does(self, host: Host) -> None:
        before = {event: host.stats(event) for event in (Event.VM_ALLOC, Event.VM_FREE)}
        assert host.workload.workload_memory(100, 3) == 100
        for event, earlier in before.items():
            after = host.stats(event)
            change = after.since(earlier)
            assert change.count >= 100
            assert 0 < change.timed <= change.count
            assert after.min_ns <= after.mean_ns <= after.max_ns
            assert after.total_ns // after.timed == after.mean_ns

    def test_statistics_see_events_that_the_rate_limit_leaves_without_sample(
        self, host: Host
    ) -> None:
        before = host.stats("VM_ALLOC").count
        host.workload.workload_memory(2000, 1)
        assert host.stats("VM_ALLOC").count >= before + 2000
        assert host.system_stats().rate_limited > 0

    def test_nothing_is_counted_while_disabled(self, host: Host) -> None:
        host.disable()
        before = host.all_stats()
        host.workload.workload_memory(10, 1)
        assert host.all_stats() == before

    def test_only_events_of_the_mask_are_counted(self, host: Host) -> None:
        host.set_events(["VM_FREE"])
        host.reset()
        host.workload.workload_memory(10, 1)
        assert host.stats("VM_FREE").count >= 10
        assert host.stats("VM_ALLOC").count == 0

    def test_a_reset_clears_figures_and_samples(self, host: Host) -> None:
        host.workload.workload_memory(100, 1)
        host.disable()
        host.reset()
        assert all(stats.count == 0 and stats.min_ns == 0 for stats in host.all_stats().values())
        assert all(cpu.events == cpu.written == cpu.readable == 0 for cpu in host.cpus())
        assert host.system_stats().events == 0
        assert host.histogram("VM_ALLOC").count == 0

    def test_a_histogram_holds_every_timed_event(self, host: Host) -> None:
        host.workload.workload_memory(500, 1)
        host.disable()
        stats, histogram = host.stats("VM_ALLOC"), host.histogram("VM_ALLOC")
        assert histogram.count == stats.timed >= 500
        assert histogram.buckets[0].lower_ns <= stats.min_ns
        highest = histogram.buckets[-1].upper_ns
        assert highest is None or stats.max_ns <= highest
        assert histogram.p50 <= histogram.p90 <= histogram.p99 <= histogram.p99_9
        ends = [(bucket.lower_ns, bucket.upper_ns) for bucket in histogram.buckets]
        assert all(low <= high for low, high in ends if high is not None)
        assert all(high <= low for (_, high), (low, _) in pairwise(ends))

    def test_the_clock_advances_and_converts(self, host: Host) -> None:
        first = host.clock()
        host.workload.workload_sleep(100)
        second = host.clock()
        elapsed = second.ns(second.ticks_now - first.ticks_now)
        # Under QEMU kernels for several processors sleep half as long: docs/kernels.md, Clock.
        assert 40_000_000 < elapsed < 60_000_000_000
        assert second.since_boot_ns(second.ticks_now) >= elapsed

    def test_events_have_names(self, host: Host) -> None:
        names = {name.id: name.name for name in host.names(NameKind.EVENTS)}
        assert {event: names[event] for event in range(12)} == {e: Event(e).name for e in range(12)}

    # Samples.

    def test_samples_hold_what_happened_in_order_of_time(self, host: Host) -> None:
        every_event(host)
        before = host.clock().ticks_now
        host.workload.workload_memory(100, 1)
        host.disable()
        after = host.clock().ticks_now
        found = 0
        for batch in host.samples():
            times = [sample.timestamp for sample in batch]
            assert times == sorted(times)
            assert before <= times[0] or batch.cursor & (1 << CURSOR_SEQUENCE_BITS) - 1 == 0
            assert times[-1] <= after
            assert {sample.cpu for sample in batch} == {batch.cpu}
            found += sum(sample.event == Event.VM_ALLOC for sample in batch)
        assert found == host.stats("VM_ALLOC").count >= 100

    def test_the_account_of_every_cpu_adds_up(self, host: Host) -> None:
        host.workload.workload_memory(3000, 1)
        host.disable()
        accounts, system = host.cpus(), host.system_stats()
        for cpu in accounts:
            assert cpu.events == cpu.written + cpu.rate_limited + cpu.refused
            assert cpu.written == cpu.readable + cpu.overwritten
        assert system.events == sum(cpu.events for cpu in accounts) > 3000
        assert system.written == sum(cpu.written for cpu in accounts)
        assert system.rate_limited == sum(cpu.rate_limited for cpu in accounts) > 0
        assert system.events == sum(stats.count for stats in host.all_stats().values())

    def test_reading_consumes_nothing_and_a_cursor_resumes(self, host: Host) -> None:
        every_event(host)
        host.workload.workload_memory(100, 1)
        host.disable()
        cpu = busiest(host)
        account = host.cpu(cpu)
        whole = host.read_samples(cpu, account.oldest, 2**15)
        assert len(whole) == account.readable
        assert (whole.next, whole.lost) == (account.newest, 0)
        parts, cursor = [], account.oldest
        while cursor != account.newest:
            part = host.read_samples(cpu, cursor, 37)
            assert 0 < len(part) <= 37
            parts += part
            cursor = part.next
        assert parts == list(whole)

    def test_what_was_overwritten_is_reported_as_lost(self, host: Host) -> None:
        every_event(host, BUFFER_MIN)
        reader = SampleReader(host, Start.NOW)
        host.workload.workload_memory(3000, 1)
        host.disable()
        cursors = dict(reader.cursors)
        for batch in reader.read():
            assert batch.next - batch.cursor == len(batch) + batch.lost
        for account in host.cpus():
            moved = reader.cursors[account.cpu] - cursors[account.cpu]
            assert reader.received[account.cpu] + reader.lost[account.cpu] == moved
            assert reader.received[account.cpu] <= BUFFER_MIN
        assert sum(reader.lost.values()) >= 3000 - BUFFER_MIN * len(cursors)

    def test_a_full_ring_refuses_in_mode_stop_and_keeps_the_oldest(self, host: Host) -> None:
        host.disable()
        host.set_mode(Mode.STOP)
        every_event(host, BUFFER_MIN)
        host.workload.workload_memory(3000, 1)
        host.disable()
        account = host.cpu(busiest(host))
        assert account.overwritten == 0
        assert account.readable == account.written == BUFFER_MIN
        assert account.refused == account.events - BUFFER_MIN > 0

    def test_a_cursor_of_an_older_generation_is_clamped(self, host: Host) -> None:
        every_event(host)
        host.workload.workload_memory(50, 1)
        cpu = busiest(host)
        stale = host.cpu(cpu).newest
        host.reset()
        host.workload.workload_memory(50, 1)
        host.disable()
        batch = host.read_samples(cpu, stale, 2**15)
        account = host.cpu(cpu)
        assert len(batch) == account.readable
        assert batch.next == account.newest

    def test_a_cursor_of_the_future_is_clamped(self, host: Host) -> None:
        every_event(host)
        host.workload.workload_memory(50, 1)
        host.disable()
        newest = host.cpu(0).newest
        batch = host.read_samples(0, newest + 1000)
        assert (len(batch), batch.next) == (0, newest)
        assert host.read_samples(0, CURSOR_NEWEST).next == newest

    def test_live_statistics_tell_what_happened_meanwhile(self, host: Host) -> None:
        watch, other = host.watch(0.01), host.watch(0.02)
        next(watch), next(other)
        before = host.stats("VM_ALLOC").count
        host.workload.workload_memory(300, 1)
        first = next(watch)
        assert first.change(Event.VM_ALLOC).count >= 300
        assert first.rate(Event.VM_ALLOC) * first.seconds == pytest.approx(
            first.change(Event.VM_ALLOC).count
        )
        second, whole = next(watch), next(other)
        assert second.earlier is first.now
        assert second.change(Event.VM_ALLOC).count < 300
        assert whole.change(Event.VM_ALLOC).count >= 300
        assert whole.now.events[Event.VM_ALLOC].count >= before + 300

    def test_two_readers_do_not_disturb_each_other(self, host: Host) -> None:
        every_event(host)
        host.workload.workload_memory(50, 1)
        host.disable()
        first, second = SampleReader(host), SampleReader(host)
        one = [sample for batch in first.read() for sample in batch]
        two = [sample for batch in second.read() for sample in batch]
        assert one == two != []
        assert list(first.read()) == []

    # Regression.

    def test_without_a_baseline_there_is_no_verdict(self, host: Host) -> None:
        host.workload.workload_memory(100, 1)
        with pytest.raises(KernFailure, match="set a baseline first"):
            host.check_regression("VM_ALLOC", 20)

    def test_with_too_few_events_there_is_no_verdict(self, host: Host) -> None:
        host.workload.workload_memory(100, 1)
        host.set_baseline()
        with pytest.raises(KernFailure):
            host.check_regression("VM_ALLOC", 20)

    def test_the_baseline_survives_disabling_and_not_a_reset(self, host: Host) -> None:
        host.workload.workload_memory(50, 1)
        host.set_baseline()
        for _ in range(2):
            host.disable()
            host.enable()
            host.workload.workload_memory(25, 1)
        host.disable()
        report = host.regression("VM_ALLOC")
        assert report.baseline_count >= 50
        assert report.current_count >= 50
        host.reset()
        host.enable()
        host.workload.workload_memory(50, 1)
        with pytest.raises(KernFailure, match="set a baseline first"):
            host.check_regression("VM_ALLOC", 20)

    def test_the_verdict_follows_from_the_report(self, host: Host) -> None:
        host.workload.workload_memory(200, 1)
        host.set_baseline()
        host.workload.workload_memory(200, 1)
        host.disable()
        report = host.regression("VM_ALLOC")
        assert report.baseline_count >= 200
        assert report.current_count >= 200
        change = (report.current_mean_ns / report.baseline_mean_ns - 1) * 100
        rounding = (change + 200) / report.baseline_mean_ns + 1  # both means are whole nanoseconds
        assert report.change_percent == pytest.approx(change, abs=rounding)
        for threshold in (0, 10, 1000):
            assert host.check_regression("VM_ALLOC", threshold) is (
                report.change_percent > threshold
            )

    # Alerts.

    @pytest.fixture
    def quiet(self, host: Host) -> Host:
        """No threshold is in force."""
        host.set_thresholds(latency_us=0, throughput=0, error_rate=0)
        return host

    def test_an_event_that_takes_too_long_is_told(self, quiet: Host) -> None:
        quiet.set_events(["VM_ALLOC"])
        quiet.set_thresholds(latency_us=1)
        sent = quiet.system_stats().alerts
        with quiet.alerts(timeout=10) as alerts:
            quiet.workload.workload_memory(2000, 1)
            alert = next(alerts)
        assert (alert.kind, alert.name) == (AlertKind.LATENCY, "VM_ALLOC")
        assert alert.value > alert.threshold == 1000
        assert alert.value <= quiet.stats("VM_ALLOC").max_ns
        assert 0 < alert.timestamp_ns <= quiet.clock().since_boot_ns(quiet.clock().ticks_now)
        assert quiet.system_stats().alerts > sent

    def test_alerts_go_on_as_long_as_somebody_iterates(self, quiet: Host) -> None:
        quiet.set_events(["VM_ALLOC", "VM_FREE"])
        quiet.set_thresholds(latency_us=1)
        with quiet.alerts(timeout=10) as alerts:
            quiet.workload.workload_memory(2000, 1)
            found = {next(alerts).name for _ in range(2)}
            assert found == {"VM_ALLOC", "VM_FREE"}  # one after the other has its turn
            alerts.timeout = 0.2
            assert list(alerts) == []

    def test_a_closed_iterator_ends(self, quiet: Host) -> None:
        alerts = quiet.alerts()
        alerts.close()
        alerts.close()
        assert list(alerts) == []

    def test_more_than_eight_receivers_are_refused_until_one_goes(self, quiet: Host) -> None:
        waiting = [quiet.alerts() for _ in range(ALERT_RECEIVERS_MAX)]
        try:
            with pytest.raises(KernResourceShortage):
                quiet.alerts()
            waiting.pop().close()
            waiting.append(quiet.alerts())
        finally:
            for alerts in waiting:
                alerts.close()

    def test_alerts_take_the_privileged_port(self, host: Host, unprivileged: Host) -> None:
        with pytest.raises(KernInvalidHost, match="privileged host port"):
            unprivileged.alerts()
