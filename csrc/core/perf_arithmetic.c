/*
 * 64-bit division on a machine that has none.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_arithmetic.h"

#define PERF_NANOSECONDS_PER_SECOND UINT64_C(1000000000)

uint64_t
perf_divide(uint64_t dividend, uint64_t divisor, uint64_t *remainder)
{
#if UINTPTR_MAX > UINT32_MAX
	*remainder = dividend % divisor;
	return dividend / divisor;
#else
	uint64_t quotient = 0, rest = 0;

	for (int bit = 63; bit >= 0; bit--) {
		uint32_t carry = rest >> 63;

		rest = rest << 1 | (dividend >> bit & 1);
		if (carry || rest >= divisor) {
			rest -= divisor;
			quotient |= UINT64_C(1) << bit;
		}
	}
	*remainder = rest;
	return quotient;
#endif
}

uint64_t
perf_fraction(uint64_t numerator, uint64_t denominator)
{
	uint64_t fraction = 0;

	for (int bit = 63; bit >= 0; bit--) {
		numerator <<= 1;
		if (numerator >= denominator) {
			numerator -= denominator;
			fraction |= UINT64_C(1) << bit;
		}
	}
	return fraction;
}

void
perf_scale_init(uint64_t ticks_per_second, struct perf_scale *scale)
{
	uint64_t rest;

	scale->whole = perf_divide(PERF_NANOSECONDS_PER_SECOND, ticks_per_second, &rest);
	scale->fraction = perf_fraction(rest, ticks_per_second);
}
