# SPDX-License-Identifier: GPL-2.0-or-later
"""Samples in and out of a ring: order, loss, cursors, modes."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

OLDEST, NEWEST = 0, 2**64 - 1
OVERWRITE, STOP = 0, 1
SEQUENCE = 2**48 - 1


def fill(core, count, *, first=0, cpu=0):
    for number in range(first, first + count):
        core.record(cpu=cpu, data1=number, data2=number ^ 0xFFFFFFFF)


def numbers(batch):
    assert all(sample.data1 ^ sample.data2 == 0xFFFFFFFF for sample in batch.samples)
    return [sample.data1 for sample in batch.samples]


def test_a_sample_holds_what_was_recorded(core):
    core.record_every_event(cpus=2)
    core.advance(500)
    core.time(11, 40, cpu=1, flags=1)
    (sample,) = core.read(cpu=1).samples
    assert (sample.timestamp, sample.duration) == (1540, 40)
    assert (sample.event, sample.cpu, sample.flags) == (11, 1, 1)
    assert (sample.task, sample.thread) == (1, 1)


def test_reading_consumes_nothing(core):
    core.record_every_event()
    fill(core, 10)
    assert numbers(core.read()) == numbers(core.read()) == list(range(10))


def test_a_full_ring_keeps_the_newest_samples(core):
    core.record_every_event(size=1024)
    fill(core, 1500)
    batch = core.read()
    assert numbers(batch) == list(range(476, 1500))
    assert core.info(16)[:6] == [1500, 1500, 476, 0, 0, 1024]


def test_in_stop_mode_a_full_ring_keeps_the_oldest_until_a_reset(core):
    core.record_every_event(size=1024)
    assert core.lib.perf_control_set_option(1, STOP) == 0
    fill(core, 1500)
    assert numbers(core.read()) == list(range(1024))
    assert core.info(16)[:6] == [1500, 1024, 0, 0, 476, 1024]
    core.lib.perf_control_reset()
    fill(core, 3)
    assert numbers(core.read()) == [0, 1, 2]


def test_a_cursor_goes_on_where_it_was(core):
    core.record_every_event()
    fill(core, 10)
    batch = core.read(room=4)
    assert (numbers(batch), batch.lost) == ([0, 1, 2, 3], 0)
    fill(core, 2, first=10)
    assert numbers(core.read(batch.next)) == list(range(4, 12))


def test_a_stale_cursor_is_clamped_and_its_loss_reported(core):
    core.record_every_event(size=1024)
    fill(core, 10)
    cursor = core.read().next
    fill(core, 2000, first=10)
    batch = core.read(cursor)
    assert (numbers(batch), batch.lost) == (list(range(986, 2010)), 976)


def test_a_future_cursor_is_clamped_to_the_newest(core):
    core.record_every_event()
    fill(core, 10)
    newest = core.read(NEWEST).next
    assert core.read(newest + 5) == ([], newest, 0)


def test_a_cursor_of_another_generation_counts_from_the_start_of_this_one(core):
    core.record_every_event(size=1024)
    fill(core, 10)
    cursor = core.read().next
    core.lib.perf_control_reset()
    fill(core, 1030)
    batch = core.read(cursor)
    assert (numbers(batch), batch.lost) == (list(range(6, 1030)), 6)
    assert batch.next == core.info(16)[7]


def test_oldest_and_newest_start_without_a_loss(core):
    core.record_every_event(size=1024)
    fill(core, 1030)
    assert (core.read(OLDEST).lost, core.read(NEWEST)) == (0, ([], core.info(16)[7], 0))
    assert core.read(OLDEST, room=0) == ([], core.info(16)[6], 0)


def test_cursors_never_look_like_oldest_or_newest(core):
    for generation in (0, 1, 0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0xFFFFFFFF):
        for sequence in (0, 5, SEQUENCE):
            cursor = core.lib.perf_cursor(generation, sequence)
            assert cursor not in (OLDEST, NEWEST)
            assert cursor & SEQUENCE == sequence


def test_a_cpu_that_does_not_exist_is_refused(core):
    count = core.ffi.new("uint32_t *", 0)
    assert core.lib.perf_reader_available(1, OLDEST, 10, count) == 4


def test_as_many_samples_are_available_as_a_read_gives(core):
    core.record_every_event(size=1024)
    fill(core, 5)
    stale = core.read().next
    fill(core, 1500, first=5)
    recent = core.read(room=1000).next
    count = core.ffi.new("uint32_t *")
    for cursor, room in ((OLDEST, 3000), (OLDEST, 7), (stale, 3000), (recent, 3000), (NEWEST, 9)):
        assert core.lib.perf_reader_available(0, cursor, room, count) == 0
        assert count[0] == len(core.read(cursor, room=room).samples)


def test_timestamps_do_not_go_back_when_the_clock_does(core):
    core.record_every_event()
    core.advance(1000)
    core.record()
    core.advance(-700)
    core.record()
    first, second = (sample.timestamp for sample in core.read().samples)
    assert second == first


class LossMachine(RuleBasedStateMachine):
    """Every interleaving of recording, reading, limiting, resetting and configuring."""

    CPUS = 2
    core = None

    @initialize()
    def boot(self):
        self.core.boot(self.CPUS)
        self.core.configure(0, 1024)
        self.core.enable()
        self.size, self.rate, self.mode, self.enabled = 1024, 0, OVERWRITE, True
        self.number = 0
        self.totals = dict.fromkeys(("events", "written"), 0)
        self.forget()
        self.cursors = {(cpu, reader): OLDEST for cpu in range(self.CPUS) for reader in range(2)}

    def forget(self):
        self.written = [[] for _ in range(self.CPUS)]
        self.events = [0] * self.CPUS
        self.refused = [0] * self.CPUS

    @rule(cpu=st.integers(0, CPUS - 1), count=st.sampled_from((1, 3, 700, 1100)))
    def record(self, cpu, count):
        for _ in range(count):
            before = self.core.info(16 + cpu)[1] if self.rate else None
            self.core.record(cpu=cpu, data1=self.number, data2=self.number ^ 0xFFFFFFFF)
            if self.enabled:
                self.events[cpu] += 1
                self.totals["events"] += 1
                limited = self.rate and self.core.info(16 + cpu)[1] == before
                if self.mode == STOP and len(self.written[cpu]) >= self.size and not limited:
                    self.refused[cpu] += 1
                elif not limited:
                    self.written[cpu].append(self.number)
                    self.totals["written"] += 1
            self.number += 1

    @rule(ticks=st.sampled_from((1, 10**6, 10**9)))
    def wait(self, ticks):
        self.core.advance(ticks)

    @rule(
        cpu=st.integers(0, CPUS - 1), reader=st.integers(0, 1), room=st.sampled_from((1, 512, 4096))
    )
    def read(self, cpu, reader, room):
        cursor = self.cursors[cpu, reader]
        batch = self.core.read(cursor, room, cpu=cpu)
        written = self.written[cpu]
        oldest = max(0, len(written) - self.size)
        start = cursor & SEQUENCE if cursor >> 48 == batch.next >> 48 else 0
        if cursor == OLDEST:
            start = oldest
        at = max(start, oldest)
        assert numbers(batch) == written[at : at + room]
        assert batch.lost == at - start
        assert len(batch.samples) + batch.lost == (batch.next & SEQUENCE) - start
        self.cursors[cpu, reader] = batch.next

    @rule()
    def reset(self):
        self.core.lib.perf_control_reset()
        self.forget()
        self.totals = dict.fromkeys(self.totals, 0)

    @rule(rate=st.sampled_from((0, 0, 100, 5000)), size=st.sampled_from((1024, 2048)))
    def configure(self, rate, size):
        assert self.core.lib.perf_control_configure(rate, size) == (4 if self.enabled else 0)
        if not self.enabled:
            self.rate, self.size = rate, size
            self.forget()

    @rule()
    def toggle(self):
        self.enabled = not self.enabled
        assert self.core.lib.perf_control_enable(self.enabled) == 0

    @precondition(lambda self: self.rate == 0)
    @rule(mode=st.sampled_from((OVERWRITE, STOP)))
    def change_mode(self, mode):
        assert self.core.lib.perf_control_set_option(1, mode) == 0
        self.mode = mode

    @invariant()
    def the_account_of_each_cpu_balances(self):
        if not hasattr(self, "size"):
            return
        for cpu in range(self.CPUS):
            events, written, overwritten, limited, refused, readable, oldest, newest = (
                self.core.info(16 + cpu)
            )
            assert events == written + limited + refused == self.events[cpu]
            assert written == readable + overwritten == len(self.written[cpu])
            assert readable == min(written, self.size)
            assert newest - oldest == readable
            if self.rate == 0:
                assert limited == 0
                assert refused == self.refused[cpu]
        system = self.core.system()
        assert system.events == system.written + system.rate_limited + system.refused
        assert system.events == self.totals["events"] == self.core.stats(2).count
        assert system.written == self.totals["written"]
        readable = sum(self.core.info(16 + cpu)[5] for cpu in range(self.CPUS))
        assert system.written == readable + system.overwritten


def test_every_event_is_accounted_for_in_any_order_of_operations(compiled_core):
    machine = type("BoundLossMachine", (LossMachine,), {"core": compiled_core})
    case = machine.TestCase
    case.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
    case().runTest()
