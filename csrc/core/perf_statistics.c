/*
 * Clearing and summing the statistics of an event.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_statistics.h"

void
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
	if (totals->min_inverted > sum->min_inverted)
		sum->min_inverted = totals->min_inverted;
	if (totals->max > sum->max)
		sum->max = totals->max;
	if (totals->last > sum->last)
		sum->last = totals->last;
}
