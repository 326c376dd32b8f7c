# SPDX-License-Identifier: GPL-2.0-or-later
"""What of a host becomes which metric, and what becomes of hosts that come and go."""

import signal
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import CollectorRegistry

import perfmon
from perfmon import Host
from perfmon.address import EmbeddedAddress, UnixAddress
from perfmon.analysis.anomalies import IN_A_ROW, WARM_UP
from perfmon.exporter.collector import BOUNDS_NS, Collector, Watch, cumulative
from perfmon.exporter.target import Reading, Scrape, Target, scrape_all
from perfmon.statistics import Bucket, Histogram
from tests.perfmon.relay.processes import relay_process


@pytest.fixture
def host() -> Iterator[Host]:
    with perfmon.connect("embedded:") as host:
        host.disable()
        host.configure(sample_rate=100, buffer_size=1024)
        host.set_events(range(12))
        host.reset()
        host.enable()
        yield host
        host.disable()


def exported(*targets: Target) -> dict[tuple[str, ...], float]:
    """Metrics by name and values of labels, as another program's parser reads them."""
    registry = CollectorRegistry()
    registry.register(Collector(targets, 10))
    return {
        (sample.name, *map(str, sample.labels.values())): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }


def quiet(text: str) -> None:
    del text


def test_figures_of_the_host_are_exported(host: Host) -> None:
    host.workload.workload_memory(2000, 1)
    host.disable()
    found = exported(Target(EmbeddedAddress(), 10, quiet))
    stats, system = host.stats("VM_ALLOC"), host.system_stats()
    assert found["perfmon_up", "embedded:"] == 1
    assert found["perfmon_monitoring", "embedded:"] == 0
    assert found["perfmon_events_total", "VM_ALLOC", "embedded:"] == stats.count >= 2000
    name = "perfmon_event_duration_seconds"
    assert found[f"{name}_count", "VM_ALLOC", "embedded:"] == stats.timed
    assert found[f"{name}_sum", "VM_ALLOC", "embedded:"] == pytest.approx(stats.total_ns / 1e9)
    assert found[f"{name}_bucket", "VM_ALLOC", "embedded:", "+Inf"] == stats.timed
    lost = {
        reason: sum(
            value
            for (metric, *labels), value in found.items()
            if metric == "perfmon_samples_lost_total" and reason in labels
        )
        for reason in ("overwritten", "rate_limited", "refused")
    }
    assert lost == {name: getattr(system, name) for name in lost}
    assert lost["rate_limited"] > 0
    events = [v for (metric, *_), v in found.items() if metric == "perfmon_cpu_events_total"]
    assert sum(events) == system.events


BUCKETS = st.lists(st.tuples(st.integers(1, 10**11), st.integers(1, 50)), max_size=20)


@given(BUCKETS, st.booleans())
def test_buckets_never_promise_too_little_and_lose_nothing(
    drawn: list[tuple[int, int]], is_open: bool
) -> None:
    uppers = sorted(dict(drawn).items())
    lowers = [0, *(upper for upper, _ in uppers)]
    buckets = [Bucket(low, up, n) for low, (up, n) in zip(lowers, uppers, strict=False)]
    if is_open:
        buckets.append(Bucket(lowers[-1], None, 3))
    histogram = Histogram(0, "", tuple(buckets))
    found = cumulative(histogram)
    assert found[-1] == ("+Inf", histogram.count)
    counts = [count for _, count in found]
    assert counts == sorted(counts)
    for bound, count in zip(BOUNDS_NS, counts, strict=False):
        assert count == sum(b.count for b in buckets if b.upper_ns and b.upper_ns <= bound)


def test_a_host_that_is_gone_is_down_and_comes_back(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "host"
    said: list[str] = []
    targets = [
        Target(UnixAddress(str(path)), 10, said.append),
        Target(EmbeddedAddress(), 10, quiet),
    ]

    def up() -> list[bool]:
        return [scrape.reading is not None for scrape in scrape_all(targets, 10)]

    assert up() == [False, True]
    with relay_process("--unix", str(path)) as relay:
        assert up() == [True, True]
        relay.end(signal.SIGKILL)
        assert up() == [False, True]
        assert up() == [False, True]
    with relay_process("--unix", str(path)):
        assert up() == [True, True]
    assert [f"unix:{path}: here again" == line for line in said] == [
        False,
        True,
        False,
        False,
        True,
    ]


def test_a_host_that_does_not_answer_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    hangs = threading.Event()

    def hang(self: Target) -> Reading:
        hangs.wait()
        raise perfmon.errors.CallTimeout("at last")

    slow, good = (Target(EmbeddedAddress(), 10, quiet) for _ in range(2))
    monkeypatch.setattr(slow, "_read", lambda: hang(slow))
    begin = time.monotonic()
    for _ in range(3):
        first, second = scrape_all([slow, good], 1.0)
        assert first.reading is None
        assert second.reading is not None
    assert time.monotonic() - begin < 6
    hangs.set()


def windows(host: Host, counts: Iterable[int]) -> Iterator[Scrape]:
    """Scrapes a second apart, of a host whose IPC_SEND has happened so often in between."""
    snapshot, total = host.snapshot(), 0
    for second, count in enumerate(counts):
        total += count
        event = replace(snapshot.events[0], count=total, timed=0, total_ns=0)
        taken = replace(snapshot, taken_ns=second * 10**9, events={0: event})
        reading = Reading(host.interface(), host.configuration(), taken, {}, {})
        yield Scrape("embedded:", reading, 0.1)


def test_an_event_that_leaves_its_recent_behaviour_is_exported_while_it_is_away(host: Host) -> None:
    watch = Watch()
    usual, away = [1000] * (WARM_UP + 3), [5000] * 4
    found = [watch.metric([scrape]).samples for scrape in windows(host, usual + away + usual)]
    told = [bool(samples) for samples in found]
    begin = len(usual) + IN_A_ROW - 1
    assert told == [begin <= at < len(usual + away) for at in range(len(told))]
    (sample,) = found[begin]
    assert sample.labels == {"host": "embedded:", "event": "IPC_SEND", "quantity": "rate"}
    assert sample.value > 8
