/*
 * The rate limit of a CPU's samples: a token bucket, refilled from the clock.
 *
 * Kept as one instant, the last at which no token is there: with a token per
 * interval, a token taken moves it on by an interval, and a bucket that is full
 * has it at now - 1 - span, where span = (burst - 1) * interval.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_LIMITER_H_
#define _PERF_LIMITER_H_

#include <stdbool.h>
#include <stdint.h>

#include "perf_analysis.h"
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

static inline uint64_t
perf_limit_full(const struct perf_limit *limit, uint64_t now)
{
	/* Without a limit, as far from now as can be. */
	if (perf_load32(&limit->interval) == 0)
		return now - (UINT64_C(1) << 63);
	return now - 1 - perf_load32(&limit->span);
}

/*
 * closed is never more than an interval ahead of the clock, so that its
 * distance fits 32 bits whenever there is no token.  If it is further ahead,
 * the clock was set back.
 */
static inline bool
perf_limit_is_closed(uint64_t now, uint64_t closed)
{
	return (closed - now) >> 32 == 0;
}

/* Take a token, unless closed; after a clock that was set back, of a full bucket. */
static inline void
perf_limit_take(const struct perf_limit *limit, uint64_t now, uint64_t *closed)
{
	uint32_t interval = perf_peek32(&limit->interval);
	uint64_t full;

	if (interval == 0)
		return;
	full = perf_limit_full(limit, now);
	if ((int64_t)(*closed - now) > 0 || (int64_t)(*closed - full) < 0)
		*closed = full;
	*closed += interval;
}

/* Out of line, while there is a limit: take a token, if there is one. */
bool PERF_FAST_CALL perf_limit_admit(const struct perf_limit *limit, uint64_t now,
				     uint64_t *closed);

#endif /* _PERF_LIMITER_H_ */
