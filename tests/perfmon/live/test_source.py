# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of a host, from two readings of it."""

import re
import time
from collections.abc import Iterator

import pytest

import perfmon
from mig.rpc.port import Port
from perfmon import Host
from perfmon.analysis.anomalies import Anomaly, AnomalyDetector, Quantity
from perfmon.errors import KernResourceShortage, MigBadId, PeerDied
from perfmon.interface import RATE_EVERY_EVENT
from perfmon.live.source import HostSource
from tests.perfmon.scripted import ScriptedTransport


@pytest.fixture
def host() -> Iterator[Host]:
    with perfmon.connect("embedded:") as host:
        host.disable()
        host.configure(sample_rate=RATE_EVERY_EVENT, buffer_size=8192)
        host.set_events(range(12))
        host.reset()
        host.enable()
        yield host
        host.disable()


def test_the_first_reading_has_no_rates(host):
    host.workload.workload_memory(50, 1)
    figures = HostSource(host).read()
    assert figures.seconds == 0
    assert {event.rate for event in figures.events} == {0}
    assert {event.mean_ns for event in figures.events} == {None}


def test_rates_and_latencies_are_those_of_the_time_between(host):
    host.workload.workload_memory(50, 1)
    source = HostSource(host)
    source.read()
    host.workload.workload_memory(200, 1)
    figures = source.read()
    alloc = {event.name: event for event in figures.events}["VM_ALLOC"]
    assert alloc.rate * figures.seconds == pytest.approx(200, abs=5)
    assert alloc.recent.count == pytest.approx(200, abs=5)
    assert alloc.total.count == alloc.count >= 250
    assert 0 < alloc.p50_ns <= alloc.p90_ns <= alloc.p99_ns <= alloc.max_ns
    assert alloc.history == (alloc.rate,)


def test_what_did_not_happen_has_no_latency(host):
    source = HostSource(host)
    source.read()
    figures = source.read()
    free = {event.name: event for event in figures.events}["VM_FREE"]
    assert (free.rate, free.mean_ns, free.p99_ns) == (0, None, None)


def test_tasks_come_with_names_from_new_samples(host):
    host.workload.workload_memory(50, 1)
    source = HostSource(host)
    host.workload.workload_memory(200, 1)
    source.read()
    host.workload.workload_memory(300, 1)
    figures = source.read()
    assert 600 <= figures.samples < 2000
    assert sum(task.share for task in figures.tasks) == pytest.approx(100)
    names = {name.id: name.name for name in host.names(perfmon.NameKind.TASKS)}
    assert figures.tasks[0].name == names[figures.tasks[0].task]
    assert figures.tasks[0].mostly in {event.name for event in perfmon.Event}


def test_the_account_of_every_cpu_adds_up(host):
    source = HostSource(host)
    source.read()
    host.workload.workload_memory(3000, 1)
    host.disable()
    figures = source.read()
    for cpu in figures.cpus:
        assert cpu.events == pytest.approx(cpu.written + cpu.rate_limited + cpu.refused)
    assert sum(cpu.events for cpu in figures.cpus) * figures.seconds >= 6000


def test_a_reset_in_between_begins_anew(host):
    source = HostSource(host)
    host.workload.workload_memory(500, 1)
    source.read()
    host.reset()
    host.workload.workload_memory(10, 1)
    figures = source.read()
    alloc = {event.name: event for event in figures.events}["VM_ALLOC"]
    assert alloc.recent.count == pytest.approx(10, abs=5)
    assert all(cpu.events >= 0 for cpu in figures.cpus)


def test_without_privilege_there_are_figures_but_no_tasks(host):
    with perfmon.connect("embedded:", privileged=False) as visitor:
        source = HostSource(visitor)
        source.read()
        host.workload.workload_memory(100, 1)
        figures = source.read()
    assert figures.tasks == ()
    assert "privileged" in figures.note
    assert sum(event.rate for event in figures.events) > 0


def test_histories_do_not_grow_for_ever(host, monkeypatch):
    monkeypatch.setattr("perfmon.live.source.HISTORY", 3)
    source = HostSource(host)
    for _ in range(7):
        figures = source.read()
    assert {len(event.history) for event in figures.events} == {3}


def test_alerts_of_the_host_come_with_the_readings(host):
    host.set_thresholds(latency_us=1, throughput=0, error_rate=0)
    source = HostSource(perfmon.connect("embedded:"))
    deadline = time.monotonic() + 20
    while not (alerts := source.read().alerts):
        assert time.monotonic() < deadline
        host.workload.workload_memory(20, 50)
        time.sleep(0.1)
    host.set_thresholds(latency_us=1000, throughput=1000, error_rate=5)
    source.close()
    assert re.fullmatch(r"\w+ took .*, more than 1.00 us", alerts[0].text)
    assert re.fullmatch(r"\d\d:\d\d:\d\d", alerts[0].clock)


def test_what_is_unusual_is_told_when_it_begins_and_not_again_while_it_lasts(host, monkeypatch):
    away = Anomaly(2, "VM_ALLOC", Quantity.RATE, 5000.0, 1000.0, 12.0)
    found = iter([[], [away], [away], [], [away]])
    monkeypatch.setattr(AnomalyDetector, "observe", lambda *_: next(found))
    source = HostSource(host)
    told = [len(source.read().alerts) for _ in range(5)]
    assert told == [0, 1, 1, 1, 2]


def test_figures_go_on_when_others_have_taken_the_place_for_alerts(host, monkeypatch):
    source = HostSource(perfmon.connect("embedded:"))
    asked = []

    def refuse(port):
        asked.append(port)
        raise KernResourceShortage

    monkeypatch.setattr(source._alerts, "_request", refuse)
    host.set_thresholds(latency_us=1, throughput=0, error_rate=0)
    deadline = time.monotonic() + 20
    while not asked:
        assert time.monotonic() < deadline
        host.workload.workload_memory(20, 50)
        assert source.read().events
        time.sleep(0.1)
    host.set_thresholds(latency_us=1000, throughput=1000, error_rate=5)
    assert source.read().events
    assert len(asked) == 1
    source.close()


def test_a_host_that_cannot_be_read_is_let_go_of():
    transport = ScriptedTransport({})
    with pytest.raises(MigBadId):
        HostSource(Host(transport, Port(transport, 2), timeout=1, privileged=True))
    assert transport.closed


def test_a_host_that_is_gone_is_let_go_of_though_its_port_for_alerts_cannot_be(host, monkeypatch):
    connected = perfmon.connect("embedded:")
    source = HostSource(connected)

    def gone(port):
        raise PeerDied("the guest has ended", address="qemu:gone")

    monkeypatch.setattr(connected.transport, "destroy_port", gone)
    with pytest.raises(PeerDied):
        source.close()
    with pytest.raises(PeerDied, match="closed"):
        connected.interface()
