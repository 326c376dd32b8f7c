/*
 * Log-linear histograms: four buckets to each power of two, so that a bucket is
 * at most a quarter as wide as its lower bound, above a linear part of four
 * buckets that are 2^shift ticks wide.
 *
 * A bucket counts to 2^40 - 1 in five bytes and stays there; it never wraps.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_HISTOGRAM_H_
#define _PERF_HISTOGRAM_H_

#include <stdbool.h>
#include <stdint.h>

#include "perf_analysis.h"
#include "perf_order.h"

/*
 * 108 buckets hold every work time below 2^32 ticks with nothing to clamp;
 * longer ones, and waits beyond the last of their 80 buckets, are counted in
 * the last, which is open above.
 */
#define PERF_WORK_SHIFT 4
#define PERF_WORK_BUCKETS 108
#define PERF_WAIT_SHIFT 13
#define PERF_WAIT_BUCKETS 80

#define PERF_BUCKET_CARRY_MAX 255

/* The bucket of a time that was shifted right by the histogram's shift. */
static inline uint32_t
perf_bucket_index(uint32_t shifted)
{
	uint32_t octave = 29 - __builtin_clz(shifted | 4);

	return (octave << 2) + (shifted >> octave);
}

/* The smallest time, in ticks, that is counted in a bucket. */
static inline uint64_t
perf_bucket_lower(uint32_t index, uint32_t shift)
{
	uint32_t octave = index < 4 ? 0 : index / 4 - 1;

	return (uint64_t)(index - (octave << 2)) << (octave + shift);
}

static inline uint32_t
perf_short_work_bucket(uint32_t ticks)
{
	return perf_bucket_index(ticks >> PERF_WORK_SHIFT);
}

static inline uint32_t
perf_work_bucket(uint64_t ticks)
{
	return ticks >> 32 == 0 ? perf_short_work_bucket((uint32_t)ticks)
				: PERF_WORK_BUCKETS - 1;
}

static inline uint32_t
perf_wait_bucket(uint64_t ticks)
{
	uint64_t shifted = ticks >> PERF_WAIT_SHIFT;
	uint32_t index;

	if (shifted >> 32 != 0)
		return PERF_WAIT_BUCKETS - 1;
	index = perf_bucket_index((uint32_t)shifted);
	return index < PERF_WAIT_BUCKETS ? index : PERF_WAIT_BUCKETS - 1;
}

/* Out of line: once in 2^32 events. */
void PERF_FAST_CALL perf_bucket_carry(uint32_t *low, uint8_t *carry);

static inline void
perf_bucket_count(uint32_t *low, uint8_t *carry)
{
	perf_store32(low, *low + 1);
	if (perf_unlikely(*low == 0))
		perf_bucket_carry(low, carry);
}

#endif /* _PERF_HISTOGRAM_H_ */
