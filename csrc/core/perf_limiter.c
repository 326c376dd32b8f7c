/*
 * What a rate comes to in ticks.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_limiter.h"

#include "perf_arithmetic.h"

#define PERF_BURSTS_PER_SECOND 10

void
perf_limit_init(uint32_t samples_per_second, uint64_t ticks_per_second,
		struct perf_limit *limit)
{
	uint64_t rest;

	limit->interval = limit->span = 0;
	if (samples_per_second == 0)
		return;
	limit->interval = perf_divide(ticks_per_second, samples_per_second, &rest);
	limit->interval += rest != 0;
	limit->span = (samples_per_second / PERF_BURSTS_PER_SECOND - 1) * limit->interval;
}

bool PERF_FAST_CALL
perf_limit_admit(const struct perf_limit *limit, uint64_t now, uint64_t *closed)
{
	if (perf_limit_is_closed(now, *closed))
		return false;
	perf_limit_take(limit, now, closed);
	return true;
}
