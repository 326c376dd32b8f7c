/*
 * Statistics of an event, but for what a usual one does.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_statistics.h"

uint32_t PERF_FAST_CALL
perf_bucket_carry(uint32_t *low, uint8_t *carry)
{
	uint32_t beyond;

	if (*carry == PERF_BUCKET_CARRY_MAX) {
		beyond = *low - (PERF_BUCKET_FULL - 1);
		perf_store32(low, PERF_BUCKET_FULL - 1);
		return beyond;
	}
	perf_store32(low, *low - PERF_BUCKET_FULL);
	perf_store8(carry, *carry + 1);
	return 0;
}

void PERF_FAST_CALL
perf_statistics_carry(struct perf_statistics *statistics)
{
	perf_add32(&statistics->total_high, 1);
	for (unsigned int i = 0; i < PERF_WORK_BUCKETS; i++)
		if (statistics->work[i] >= PERF_BUCKET_FULL)
			perf_add64(&statistics->beyond,
				   perf_bucket_carry(&statistics->work[i],
						     &statistics->work_carry[i]));
}

void PERF_FAST_CALL
perf_statistics_watch(struct perf_statistics *statistics, bool blind)
{
	uint64_t min = ~statistics->min_inverted, max = statistics->max;
	uint64_t low = min < PERF_USUAL_TICKS_MIN ? PERF_USUAL_TICKS_MIN : min;
	uint32_t late = perf_load32(&perf_late_ticks);
	uint64_t high = max < late ? max : late;

	if (high >= PERF_USUAL_TICKS_LIMIT)
		high = PERF_USUAL_TICKS_LIMIT - 1;
	perf_store32(&statistics->low, (uint32_t)low);
	perf_store32(&statistics->limit, blind || low > high ? 0 : (uint32_t)high + 1);
}

bool PERF_FAST_CALL
perf_is_extreme(struct perf_statistics *statistics, uint64_t ticks)
{
	bool extreme = false;

	if (~ticks > statistics->min_inverted) {
		perf_store64(&statistics->min_inverted, ~ticks);
		extreme = true;
	}
	if (ticks > statistics->max) {
		perf_store64(&statistics->max, ticks);
		extreme = true;
	}
	if (ticks > perf_load32(&perf_late_ticks))
		perf_late_mark(statistics,
			       ticks < PERF_LONG_TICKS ? (uint32_t)ticks : UINT32_MAX);
	return extreme;
}

void
perf_count_work(struct perf_statistics *statistics, uint64_t ticks)
{
	uint32_t bucket = perf_work_bucket(ticks);

	perf_add64(&statistics->beyond, perf_bucket_count(&statistics->work[bucket],
							  &statistics->work_carry[bucket]));
	perf_add32(&statistics->total_high, (uint32_t)(ticks >> 32));
	if (perf_add32_carries(&statistics->total, (uint32_t)ticks))
		perf_statistics_carry(statistics);
}

void
perf_count_wait(struct perf_statistics *statistics, uint64_t ticks)
{
	uint32_t bucket = perf_wait_bucket(ticks);

	perf_add64(&statistics->waits, 1);
	perf_add64(&statistics->wait_total, ticks);
	perf_bucket_count(&statistics->wait[bucket], &statistics->wait_carry[bucket]);
}

void PERF_FAST_CALL
perf_statistics_clear(struct perf_statistics *statistics)
{
	typedef uint32_t __attribute__((may_alias)) word_t;
	word_t *word = (word_t *)statistics;

	for (unsigned int i = 0; i < sizeof *statistics / sizeof *word; i++)
		perf_store32(&word[i], 0);
}

void
perf_totals_add(struct perf_totals *sum, const struct perf_totals *totals)
{
	sum->instants += totals->instants;
	sum->timed += totals->timed;
	sum->waits += totals->waits;
	sum->errors += totals->errors;
	sum->total += totals->total;
	sum->wait_total += totals->wait_total;
	if (totals->min_inverted > sum->min_inverted)
		sum->min_inverted = totals->min_inverted;
	if (totals->max > sum->max)
		sum->max = totals->max;
	if (totals->last > sum->last)
		sum->last = totals->last;
}
