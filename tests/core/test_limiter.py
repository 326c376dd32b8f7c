# SPDX-License-Identifier: GPL-2.0-or-later
"""The rate limit, held against a token bucket that counts its tokens."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st


class TokenBucket:
    """Tokens arrive one per interval, as many as fit; a sample takes one."""

    def __init__(self, interval: int, room: int) -> None:
        self.interval, self.room = interval, room
        self.tokens, self.at = Fraction(room), 0

    def admits(self, now: int) -> bool:
        self.tokens = min(Fraction(self.room), self.tokens + Fraction(now - self.at, self.interval))
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


def admits(lib, limits, now, closed):
    if lib.perf_limit_is_closed(now, closed[0]):
        return False
    lib.perf_limit_take(limits, now, closed)
    return True


def limit(core, rate, frequency):
    limit = core.ffi.new("struct perf_limit *")
    core.lib.perf_limit_init(rate, frequency, limit)
    return limit


@given(
    st.integers(100, 5000),
    st.integers(10**6, 10**10),
    st.lists(st.floats(0, 3), max_size=300),
)
def test_it_admits_what_a_token_bucket_of_a_tenth_of_a_second_admits(
    compiled_core, rate, frequency, steps
):
    lib, limits = compiled_core.lib, limit(compiled_core, rate, frequency)
    model = TokenBucket(limits.interval, rate // 10)
    now = 10**12
    closed = compiled_core.ffi.new("uint64_t *", lib.perf_limit_full(limits, now))
    model.at = now
    for step in steps:
        now += int(step * limits.interval) if step < 2.9 else frequency
        assert admits(lib, limits, now, closed) == model.admits(now)


@given(st.integers(100, 5000), st.integers(10**6, 10**10))
def test_the_interval_is_the_shortest_that_does_not_exceed_the_rate(compiled_core, rate, frequency):
    limits = limit(compiled_core, rate, frequency)
    assert limits.interval == -(-frequency // rate)
    assert limits.span == (rate // 10 - 1) * limits.interval


def test_rate_zero_admits_every_event(compiled_core):
    limits = limit(compiled_core, 0, 10**9)
    lib = compiled_core.lib
    closed = compiled_core.ffi.new("uint64_t *", lib.perf_limit_full(limits, 10**12))
    for now in (10**12, 10**12 - 1000, 0, 2 * 10**12):
        assert all(admits(lib, limits, now, closed) for _ in range(1000))


def test_a_clock_that_was_set_back_does_not_close_it(compiled_core):
    limits = limit(compiled_core, 1000, 10**9)
    closed = compiled_core.ffi.new("uint64_t *", 10**12)
    admitted = [admits(compiled_core.lib, limits, 1000, closed) for _ in range(101)]
    assert admitted == [True] * 100 + [False]


@given(st.integers(0, 2**62), st.integers(-(2**34), 2**33), st.integers(0, 2**33))
def test_the_lower_half_of_the_clock_hides_no_sample_until_it_wraps(
    compiled_core, set_at, ahead, later
):
    cpu = compiled_core.ffi.new("struct perf_cpu *", {"closed": max(0, set_at + ahead)})
    compiled_core.lib.perf_cpu_due(cpu, set_at)
    now = set_at + later
    if now >> 32 == set_at >> 32:
        assert cpu.due <= now % 2**32 or now <= cpu.closed


@given(st.integers(0, 2**62))
def test_every_instant_is_due_without_a_limit(compiled_core, now):
    limits = limit(compiled_core, 0, 10**9)
    closed = compiled_core.lib.perf_limit_full(limits, now)
    cpu = compiled_core.ffi.new("struct perf_cpu *", {"closed": closed})
    compiled_core.lib.perf_cpu_due(cpu, now)
    assert cpu.due == 0


def test_a_burst_and_then_the_rate_pass_each_cpu_on_its_own(core):
    core.boot(cpus=2)
    core.configure(1000, 1024)
    core.enable()
    for _ in range(200):
        core.record(cpu=0)
    core.record(cpu=1)
    assert core.info(16)[:4] == [200, 100, 0, 100]
    assert core.info(17)[:4] == [1, 1, 0, 0]
    for _ in range(3000):
        core.advance(500_000)
        core.record(cpu=0)
    assert core.info(16)[:4] == [3200, 1600, 576, 1600]
