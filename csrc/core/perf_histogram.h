/*
 * Log-linear histograms: four buckets to each power of two, so that a bucket is
 * at most a quarter as wide as its lower bound, above a linear part of four
 * buckets that are 2^shift ticks wide.
 *
 * A bucket counts to 2^39 - 1 in five bytes and stays there; it never wraps.
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

/*
 * What a bucket counts above 31 bits is in its carry.  The usual event only
 * adds one to the low word; it is brought below 2^31 again by each event that is
 * not usual in the same bucket, and by perf_statistics_carry(), long before it
 * could wrap.
 */
#define PERF_BUCKET_FULL (UINT32_C(1) << 31)
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

/* The same, of at least 2^(PERF_WORK_SHIFT + 2) ticks, in fewer instructions. */
static inline uint32_t
perf_usual_work_bucket(uint32_t ticks)
{
	uint32_t shift = (31 ^ __builtin_clz(ticks)) - 2;

	return (ticks >> shift) + (shift << 2) - (PERF_WORK_SHIFT << 2);
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

/* What it returns is beyond what the bucket can count: it stays full. */
uint32_t PERF_FAST_CALL perf_bucket_carry(uint32_t *low, uint8_t *carry);

static inline uint32_t
perf_bucket_count(uint32_t *low, uint8_t *carry)
{
	perf_add32(low, 1);
	return perf_unlikely(*low >= PERF_BUCKET_FULL) ? perf_bucket_carry(low, carry) : 0;
}

static inline uint64_t
perf_bucket_value(uint32_t low, uint8_t carry)
{
	uint64_t most = (uint64_t)(PERF_BUCKET_CARRY_MAX + 1) * PERF_BUCKET_FULL - 1;
	uint64_t value = (uint64_t)carry * PERF_BUCKET_FULL + low;

	return value < most ? value : most;
}

#endif /* _PERF_HISTOGRAM_H_ */
