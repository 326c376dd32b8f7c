/*
 * Statistics of an event, but for what its usual path does.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_statistics.h"

void PERF_FAST_CALL
perf_bucket_carry(uint32_t *low, uint8_t *carry)
{
	if (*carry == PERF_BUCKET_CARRY_MAX)
		perf_store32(low, UINT32_MAX);
	else
		perf_store8(carry, *carry + 1);
}

void
perf_count_work(struct perf_statistics *statistics, uint64_t ticks)
{
	struct perf_totals *totals = &statistics->totals;
	uint32_t bucket = perf_work_bucket(ticks);

	if (ticks < PERF_LONG_TICKS) {
		perf_count_short_work(statistics, ticks);
		return;
	}
	perf_add64(&totals->timed, 1);
	perf_add64(&totals->total, ticks);
	if (~ticks > totals->long_min_inverted)
		perf_store64(&totals->long_min_inverted, ~ticks);
	if (ticks > totals->max)
		perf_store64(&totals->max, ticks);
	perf_late_mark(statistics, UINT32_MAX);
	perf_bucket_count(&statistics->work[bucket], &statistics->work_carry[bucket]);
}

/*
 * The longest of the short times, which is 0 when inverted and so like none,
 * leaves its minimum with the long ones.
 */
void PERF_FAST_CALL
perf_count_notable(struct perf_statistics *statistics, uint32_t ticks)
{
	struct perf_totals *totals = &statistics->totals;
	uint32_t late = perf_load32(&perf_late_ticks);

	if (ticks > totals->max)
		perf_store64(&totals->max, ticks);
	if (ticks == UINT32_MAX)
		perf_store64(&totals->long_min_inverted, ~(uint64_t)ticks);
	if (ticks > late)
		perf_late_mark(statistics, ticks);
	perf_store32(&totals->notable, totals->max < late ? (uint32_t)totals->max : late);
}

void
perf_count_wait(struct perf_statistics *statistics, uint64_t ticks)
{
	uint32_t bucket = perf_wait_bucket(ticks);

	perf_add64(&statistics->totals.waits, 1);
	perf_add64(&statistics->totals.wait_total, ticks);
	perf_bucket_count(&statistics->wait[bucket], &statistics->wait_carry[bucket]);
}

uint64_t
perf_totals_min(const struct perf_totals *totals)
{
	if (totals->min_inverted != 0)
		return (uint32_t)~totals->min_inverted;
	return ~totals->long_min_inverted;
}

void PERF_FAST_CALL
perf_statistics_clear(struct perf_statistics *statistics)
{
	uint64_t *total = (uint64_t *)&statistics->totals;

	for (unsigned int i = 0; i < sizeof statistics->totals / sizeof *total; i++)
		perf_store64(&total[i], 0);
	for (unsigned int i = 0; i < PERF_WORK_BUCKETS; i++) {
		perf_store32(&statistics->work[i], 0);
		perf_store8(&statistics->work_carry[i], 0);
	}
	for (unsigned int i = 0; i < PERF_WAIT_BUCKETS; i++) {
		perf_store32(&statistics->wait[i], 0);
		perf_store8(&statistics->wait_carry[i], 0);
	}
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
	if (totals->long_min_inverted > sum->long_min_inverted)
		sum->long_min_inverted = totals->long_min_inverted;
	if (totals->min_inverted > sum->min_inverted)
		sum->min_inverted = totals->min_inverted;
	if (totals->max > sum->max)
		sum->max = totals->max;
	if (totals->last > sum->last)
		sum->last = totals->last;
}
