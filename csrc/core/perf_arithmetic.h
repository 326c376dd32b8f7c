/*
 * 64-bit arithmetic without a compiler's run-time library, and ticks to
 * nanoseconds.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_ARITHMETIC_H_
#define _PERF_ARITHMETIC_H_

#include <stdint.h>

/* The upper half of the product. */
static inline uint64_t
perf_multiply_high(uint64_t a, uint64_t b)
{
	uint64_t a_low = (uint32_t)a, a_high = a >> 32;
	uint64_t b_low = (uint32_t)b, b_high = b >> 32;
	uint64_t middle = a_high * b_low + (a_low * b_low >> 32);
	uint64_t middle_low = (uint32_t)middle + a_low * b_high;

	return a_high * b_high + (middle >> 32) + (middle_low >> 32);
}

/* Both by shift and subtract: not for hooks.  The divisor is not 0. */
uint64_t perf_divide(uint64_t dividend, uint64_t divisor, uint64_t *remainder);
/* floor(numerator * 2^64 / denominator), for numerator < denominator < 2^63 */
uint64_t perf_fraction(uint64_t numerator, uint64_t denominator);

/* Nanoseconds per tick: whole + fraction / 2^64. */
struct perf_scale {
	uint64_t whole;
	uint64_t fraction;
};

void perf_scale_init(uint64_t ticks_per_second, struct perf_scale *scale);

/* Rounds down; at most one less than the exact quotient rounded down. */
static inline uint64_t
perf_nanoseconds(const struct perf_scale *scale, uint64_t ticks)
{
	return ticks * scale->whole + perf_multiply_high(ticks, scale->fraction);
}

#endif /* _PERF_ARITHMETIC_H_ */
