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
	if (ticks > totals->long_max)
		perf_store64(&totals->long_max, ticks);
	perf_bucket_count(&statistics->work[bucket], &statistics->work_carry[bucket]);
}

void
perf_count_wait(struct perf_statistics *statistics, uint64_t ticks)
{
	uint32_t bucket = perf_wait_bucket(ticks);

	perf_add64(&statistics->totals.waits, 1);
	perf_add64(&statistics->totals.wait_total, ticks);
	perf_bucket_count(&statistics->wait[bucket], &statistics->wait_carry[bucket]);
}

/* The longest short time is nothing when inverted, and left to say if all else is. */
uint64_t
perf_totals_min(const struct perf_totals *totals)
{
	if (totals->min_inverted != 0 || totals->max == UINT32_MAX)
		return (uint32_t)~totals->min_inverted;
	return ~totals->long_min_inverted;
}

uint64_t
perf_totals_max(const struct perf_totals *totals)
{
	return totals->long_max != 0 ? totals->long_max : totals->max;
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
	if (totals->long_max > sum->long_max)
		sum->long_max = totals->long_max;
	if (totals->min_inverted > sum->min_inverted)
		sum->min_inverted = totals->min_inverted;
	if (totals->max > sum->max)
		sum->max = totals->max;
	if (totals->last > sum->last)
		sum->last = totals->last;
}
