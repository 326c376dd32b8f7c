# SPDX-License-Identifier: GPL-2.0-or-later
"""What a relay says of its clients is bounded by time, and says how much it leaves out."""

from hypothesis import given
from hypothesis import strategies as st

from perfmon.relay.log import BoundedLog


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_passes_and_the_rest_is_counted_before_the_next_line():
    written: list[str] = []
    clock = Clock()
    log = BoundedLog(written.append, burst=3, per_second=1, clock=clock)
    for number in range(10):
        log(f"line {number}")
    assert written == ["line 0", "line 1", "line 2"]
    clock.now = 1.0
    log("later")
    assert written[3:] == ["7 lines were left out", "later"]


@given(st.lists(st.floats(0, 2), max_size=200))
def test_every_line_is_written_or_counted_and_the_rate_is_kept(pauses):
    written: list[str] = []
    clock = Clock()
    log = BoundedLog(written.append, burst=5, per_second=2, clock=clock)
    for number, pause in enumerate(pauses):
        clock.now += pause
        log(str(number))
    clock.now += 1000
    log("last")
    plain = [line for line in written if "left out" not in line]
    omitted = sum(int(line.split()[0]) for line in written if "left out" in line)
    assert len(plain) + omitted == len(pauses) + 1
    assert len(plain) <= 5 + 2 * sum(pauses) + 1


def test_what_was_left_out_last_is_counted_at_the_end():
    written: list[str] = []
    with BoundedLog(written.append, burst=1, per_second=1, clock=lambda: 0.0) as log:
        for line in "abc":
            log(line)
    assert written == ["a", "2 lines were left out"]
