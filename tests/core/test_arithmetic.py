# SPDX-License-Identifier: GPL-2.0-or-later
"""64-bit arithmetic without a compiler's library, held against Python's integers."""

from hypothesis import example, given
from hypothesis import strategies as st

WORD = st.integers(0, 2**64 - 1)
FREQUENCY = st.integers(10**6, 10**10)


@given(WORD, WORD)
@example(2**64 - 1, 2**64 - 1)
def test_the_high_half_of_a_product_is_exact(compiled_core, a, b):
    assert compiled_core.lib.perf_multiply_high(a, b) == a * b >> 64


@given(WORD, st.integers(1, 2**64 - 1))
@example(2**64 - 1, 2**63 + 1)
def test_division_gives_quotient_and_remainder(compiled_core, dividend, divisor):
    rest = compiled_core.ffi.new("uint64_t *")
    quotient = compiled_core.lib.perf_divide(dividend, divisor, rest)
    assert (quotient, rest[0]) == divmod(dividend, divisor)


@given(FREQUENCY, WORD)
@example(10**9, 2**64 - 1)
@example(2596122299, 2**40)
def test_nanoseconds_are_at_most_one_below_the_exact_quotient(compiled_core, frequency, ticks):
    exact = ticks * 10**9 // frequency
    if exact >= 2**64:
        return
    scale = compiled_core.ffi.new("struct perf_scale *")
    compiled_core.lib.perf_scale_init(frequency, scale)
    assert exact - 1 <= compiled_core.lib.perf_nanoseconds(scale, ticks) <= exact


@given(FREQUENCY, st.integers(0, 2**60), st.integers(0, 2**60))
def test_nanoseconds_never_go_back_as_ticks_go_on(compiled_core, frequency, one, other):
    scale = compiled_core.ffi.new("struct perf_scale *")
    compiled_core.lib.perf_scale_init(frequency, scale)
    first, second = sorted((one, other))
    convert = compiled_core.lib.perf_nanoseconds
    if second * 10**9 // frequency < 2**64:
        assert convert(scale, first) <= convert(scale, second)
