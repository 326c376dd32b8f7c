/*
 * Statistics of one event on one CPU, in ticks: 1 KB.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_STATISTICS_H_
#define _PERF_STATISTICS_H_

#include <stdbool.h>
#include <stdint.h>

#include "perf_histogram.h"
#include "perf_order.h"

/*
 * Every event counts in one of instants, timed and waits, so that their sum is
 * the number of events and the path of a timed event touches one counter.
 * All zeros is "nothing happened", which is why min is kept inverted.
 */
struct perf_totals {
	uint64_t instants; /* without a duration, not blocked */
	uint64_t timed;
	uint64_t waits;
	uint64_t errors; /* of any of the three */
	uint64_t total;	 /* of the timed */
	uint64_t wait_total;
	uint64_t last;	 /* clock at the end of the newest */
	uint64_t max; /* of the timed */
	/* Of those at least PERF_LONG_TICKS long, and of the others. */
	uint64_t long_min_inverted; /* ~min */
	uint32_t min_inverted;
	/* What is longer is looked at: it may be the maximum, or too long. */
	uint32_t notable;
};

#define PERF_LONG_TICKS (UINT64_C(1) << 32)

/*
 * Written by its CPU alone.  What it holds belongs to the generation; if a
 * reset came after that, it counts as zeros, until the CPU itself clears it at
 * its next event.
 */
struct perf_statistics {
	struct perf_totals totals;
	uint32_t generation;
	uint32_t work[PERF_WORK_BUCKETS];
	uint32_t wait[PERF_WAIT_BUCKETS];
	uint8_t work_carry[PERF_WORK_BUCKETS];
	uint8_t wait_carry[PERF_WAIT_BUCKETS];
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct perf_statistics) == 1024, "statistics of an event");

static inline void
perf_count_instant(struct perf_statistics *statistics)
{
	perf_add64(&statistics->totals.instants, 1);
}

/*
 * Work longer than this is to be marked, in ticks; below UINT32_MAX.  Written
 * under the control lock.  A CPU that does not see a lower one at once is told
 * by having its notable cleared.
 */
extern uint32_t perf_late_ticks;

void PERF_FAST_CALL perf_late_mark(const struct perf_statistics *statistics, uint32_t ticks);
void PERF_FAST_CALL perf_count_notable(struct perf_statistics *statistics, uint32_t ticks);

/* Below PERF_LONG_TICKS: the usual event. */
static inline void
perf_count_short_work(struct perf_statistics *statistics, uint32_t ticks)
{
	struct perf_totals *totals = &statistics->totals;
	uint32_t bucket = perf_short_work_bucket(ticks);

	perf_add64(&totals->timed, 1);
	perf_add64(&totals->total, ticks);
	if (perf_unlikely(~ticks > totals->min_inverted))
		perf_store32(&totals->min_inverted, ~ticks);
	if (perf_unlikely(ticks > perf_peek32(&totals->notable)))
		perf_count_notable(statistics, ticks);
	perf_bucket_count(&statistics->work[bucket], &statistics->work_carry[bucket]);
}

void perf_count_work(struct perf_statistics *statistics, uint64_t ticks);
void perf_count_wait(struct perf_statistics *statistics, uint64_t ticks);

/* By its own CPU, in a section. */
void PERF_FAST_CALL perf_statistics_clear(struct perf_statistics *statistics);

/* Of the timed, if there are any. */
uint64_t perf_totals_min(const struct perf_totals *totals);

/* Add one CPU's totals to a sum over CPUs. */
void perf_totals_add(struct perf_totals *sum, const struct perf_totals *totals);

#endif /* _PERF_STATISTICS_H_ */
