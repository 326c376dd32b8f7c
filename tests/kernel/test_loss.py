# SPDX-License-Identifier: GPL-2.0-or-later
"""The loss equations of a real kernel, exactly, in every mode, and proved by content.

PERFMON_SOAK=10000000 makes the long test that long: `make soak`.
"""

import multiprocessing
import os
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

import perfmon
from perfmon import Host, Mode, SampleReader, Start
from perfmon.interface import CURSOR_OLDEST
from perfmon.kernel.boot import Guest
from tests.kernel.loss import Recording, numbers

pytestmark = pytest.mark.kernel

SIZES = (1024, 32768)
SOAK = int(os.environ.get("PERFMON_SOAK", "150000"))


@pytest.fixture
def host(guest: Guest) -> Iterator[Host]:
    with perfmon.connect(guest.address, timeout=60) as host:
        if host.interface().cpus != 1:
            pytest.skip("what is sent where is not known in advance on several processors")
        yield host
        host.disable()
        host.set_mode(Mode.OVERWRITE)
        host.set_events(range(12))
        host.configure(sample_rate=1000, buffer_size=8192)
        host.reset()


@pytest.mark.parametrize("size", SIZES)
def test_overwritten_samples_are_those_that_are_missing(host: Host, size: int) -> None:
    recording = Recording(host, rate=0, buffer=size, mode=Mode.OVERWRITE)
    cursor, received, lost = CURSOR_OLDEST, 0, 0
    for count in (10, size // 2, 3 * size, 10):  # a reader that is in time, and one that is late
        recording.work(count)
        account = recording.account()
        batch = recording.read(cursor)
        if cursor != CURSOR_OLDEST:
            recording.check(batch)
            assert len(batch) <= size
        cursor, received, lost = batch.next, received + len(batch), lost + batch.lost
    assert lost > 0
    assert received + lost == recording.sent.count
    account = recording.account()
    assert account["overwritten"] == recording.sent.count - size
    assert account["readable"] == size
    assert account["rate_limited"] == account["refused"] == 0


@pytest.mark.parametrize("size", SIZES)
def test_a_full_ring_keeps_the_first_and_refuses_the_rest(host: Host, size: int) -> None:
    recording = Recording(host, rate=0, buffer=size, mode=Mode.STOP)
    recording.work(2 * size)
    recording.work(5)
    account = recording.account()
    assert account["written"] == account["readable"] == size
    assert account["refused"] == recording.sent.count - size
    batch = recording.read(CURSOR_OLDEST)
    assert (len(batch), batch.lost) == (size, 0)
    assert [sample.data1 for sample in batch] == [recording.sent[place] for place in range(size)]


def test_rate_limited_samples_are_those_that_are_missing(host: Host) -> None:
    recording = Recording(host, rate=100, buffer=32768, mode=Mode.OVERWRITE)
    for _ in range(4):
        recording.work(2000)
        time.sleep(0.05)
    account = recording.account()
    batch = recording.read(CURSOR_OLDEST)
    assert account["rate_limited"] == recording.sent.count - 1 - account["written"] > 0
    assert batch.lost == 0
    # What was sampled is what was sent, in order, with gaps.
    found = list(numbers(batch))
    assert len(found) > 10
    assert all(a < b for a, b in pairwise(found))
    place = 0
    for sample in batch:
        while recording.sent[place] not in (sample.data1, -1):
            place += 1
        place += 1


def test_two_readers_each_account_for_their_own_loss(host: Host) -> None:
    recording = Recording(host, rate=0, buffer=1024, mode=Mode.OVERWRITE)
    recording.work(10)
    fast = slow = recording.read(CURSOR_OLDEST).next
    begin, received = fast, {"fast": 0, "slow": 0}
    lost = {"fast": 0, "slow": 0}
    for turn in range(12):
        recording.work(300)
        batch = recording.read(fast)
        recording.check(batch)
        fast = batch.next
        received["fast"] += len(batch)
        lost["fast"] += batch.lost
        if turn % 6 == 5:
            batch = recording.read(slow)
            recording.check(batch)
            slow = batch.next
            received["slow"] += len(batch)
            lost["slow"] += batch.lost
    assert lost["fast"] == 0 < lost["slow"]
    assert received["fast"] == fast - begin
    assert received["slow"] + lost["slow"] == slow - begin


def _read_for_ever(address: str) -> None:
    with perfmon.connect(address, timeout=60) as host:
        reader = SampleReader(host, Start.OLDEST)
        while True:
            for _ in reader.read():
                pass


def test_a_reader_that_is_killed_disturbs_nobody(host: Host, guest: Guest) -> None:
    recording = Recording(host, rate=0, buffer=32768, mode=Mode.OVERWRITE)
    other = multiprocessing.get_context("spawn").Process(
        target=_read_for_ever, args=(guest.address,), daemon=True
    )
    other.start()
    time.sleep(2)
    for _ in range(3):
        host.workload.workload_numbers(recording.number, 1000)
        recording.number += 1000
    other.kill()
    other.join()
    host.workload.workload_numbers(recording.number, 1000)
    host.disable()
    batch = host.read_samples(0, CURSOR_OLDEST, 32768)
    account = host.cpu(0)
    assert account.events == account.written == account.readable + account.overwritten
    found = list(numbers(batch))
    assert found == list(range(found[0], recording.number + 1000))


def test_millions_of_events_are_all_accounted_for(host: Host) -> None:
    recording = Recording(host, rate=0, buffer=32768, mode=Mode.OVERWRITE)
    recording.work(1)
    cursor = begin = recording.read(CURSOR_OLDEST).next
    received = lost = 0
    while recording.sent.count < SOAK:
        recording.work(min(50000, SOAK))
        recording.account()
        batch = recording.read(cursor)
        recording.check(batch)
        cursor, received, lost = batch.next, received + len(batch), lost + batch.lost
    assert received + lost == cursor - begin
    assert recording.account()["events"] == recording.sent.count
