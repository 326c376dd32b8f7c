/*
 * The end of any timed event of a thread or of an interrupt.  On one processor
 * of an i386 up/intervals_i386.S stands in for this file.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_activity.h"

bool PERF_FAST_CALL
perf_interval_ended(uint32_t what, uint32_t data1, uint32_t data2,
		    const struct perf_interval *interval)
{
	uint64_t now = perf_platform_clock();

	return (perf_likely(what >> 16 == 0)
		&& perf_interval_usual(what, data1, data2, interval, now))
	       || perf_interval_unusual(what, data1, data2, interval, now);
}

void PERF_FAST_CALL
perf_nested_end(uint32_t what, uint32_t data1, uint32_t data2, const struct perf_nested *nested)
{
	if (perf_unlikely(perf_activity_current()->switches != nested->switches))
		what |= PERF_FLAG_WAITED << 16;
	perf_interval_ended(what, data1, data2, &nested->interval);
}
