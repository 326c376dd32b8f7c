/*
 * The rate limit of a CPU's samples: a token bucket, refilled from the clock.
 *
 * Kept as one instant.  With a token per interval and room for burst of them,
 * "the bucket holds a token" is the same as "now is not before open", and a
 * token taken moves open on by an interval; a full bucket is open = now - span
 * where span = (burst - 1) * interval.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_LIMITER_H_
#define _PERF_LIMITER_H_

#include <stdbool.h>
#include <stdint.h>

#include "perf_order.h"

struct perf_limit {
	uint32_t interval; /* ticks per sample; 0: every event */
	uint32_t span;	   /* ticks */
};

/*
 * Ticks per second are at most 1e10 and samples at least 100 per second, so
 * both fit.  An interval is rounded up: the rate is never exceeded.
 */
void perf_limit_init(uint32_t samples_per_second, uint64_t ticks_per_second,
		     struct perf_limit *limit);

/*
 * open is never more than an interval ahead of the clock, unless the clock was
 * set back: then the bucket starts full again.
 */
static inline bool
perf_limit_admits(const struct perf_limit *limit, uint64_t now, uint64_t *open)
{
	uint32_t interval = perf_load32(&limit->interval);
	uint64_t ahead = *open - now, floor;

	if (interval == 0)
		return true;
	if (ahead - 1 < interval)
		return false;
	floor = now - perf_load32(&limit->span);
	if ((int64_t)ahead > 0 || (int64_t)(*open - floor) < 0)
		*open = floor;
	*open += interval;
	return true;
}

#endif /* _PERF_LIMITER_H_ */
