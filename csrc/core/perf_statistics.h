/*
 * Statistics of one event on one CPU, in ticks: 1 KB.
 *
 * An event is usual if its time moves neither min nor max, is neither below 64
 * nor above 2^30 ticks, and is not longer than a threshold allows.  That is a
 * single test, and to count such an event are two additions to words of 32
 * bits; all else is found by that test, or by a carry, and handled out of line.
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
 * Written by its CPU alone.  All zeros is "nothing happened", which is why min
 * is kept inverted and why no event is usual then.
 *
 * Every event counts in one of the buckets of work, instants and waits.  So the
 * number of the timed is the sum of those buckets, and what did not find room in
 * a full one; that of all events has instants and waits added.  What is kept in
 * 32 bits carries when total does: each usual event adds 64 or more to it, so
 * that no bucket can have counted beyond 2^26 since.
 */
struct perf_statistics {
	uint64_t last;	   /* clock at the end of the newest */
	uint64_t beyond;   /* timed events that are in no bucket, because it is full */
	uint64_t instants; /* without a duration, not blocked */
	uint64_t waits;
	uint64_t errors; /* of any of the three */
	uint64_t wait_total;
	uint64_t min_inverted; /* of the timed: ~min */
	uint64_t max;
	uint32_t low;	/* usual are times from low on and below limit; none */
	uint32_t limit; /* while each event has to be looked at */
	uint32_t total; /* of the timed */
	uint32_t total_high;
	uint32_t work[PERF_WORK_BUCKETS];
	uint32_t wait[PERF_WAIT_BUCKETS];
	uint8_t work_carry[PERF_WORK_BUCKETS];
	uint8_t wait_carry[PERF_WAIT_BUCKETS];
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct perf_statistics) == 1024, "statistics of an event");

#define PERF_LONG_TICKS (UINT64_C(1) << 32)
#define PERF_USUAL_TICKS_MIN (4u << PERF_WORK_SHIFT)
#define PERF_USUAL_TICKS_LIMIT (UINT32_C(1) << 30) /* four times as much fits 32 bits */

static inline bool
perf_is_usual(const struct perf_statistics *statistics, uint64_t ticks)
{
	return ticks >= statistics->low && ticks < statistics->limit;
}

/* total has carried out of 32 bits. */
void PERF_FAST_CALL perf_statistics_carry(struct perf_statistics *statistics);

/* A usual event; true if perf_statistics_carry() is due. */
static inline bool
perf_count_usual(struct perf_statistics *statistics, uint32_t ticks)
{
	bool carries = perf_add32_carries(&statistics->total, ticks);

	perf_add32(&statistics->work[perf_usual_work_bucket(ticks)], 1);
	return carries;
}

static inline void
perf_count_instant(struct perf_statistics *statistics)
{
	perf_add64(&statistics->instants, 1);
}

/* Work longer than this is to be marked; below UINT32_MAX.  It is one of the settings. */
extern uint32_t perf_late_ticks;

void PERF_FAST_CALL perf_late_mark(const struct perf_statistics *statistics, uint32_t ticks);

/* Any event without a wait; true if it was shorter or longer than all before. */
bool PERF_FAST_CALL perf_is_extreme(struct perf_statistics *statistics, uint64_t ticks);
void perf_count_work(struct perf_statistics *statistics, uint64_t ticks);
void perf_count_wait(struct perf_statistics *statistics, uint64_t ticks);

/* Which times are usual from now on; none if blind. */
void PERF_FAST_CALL perf_statistics_watch(struct perf_statistics *statistics, bool blind);

/* By its own CPU, in a section. */
void PERF_FAST_CALL perf_statistics_clear(struct perf_statistics *statistics);

/* Of several CPUs, and as reports need it.  Zeros, but for min: nothing happened. */
struct perf_totals {
	uint64_t instants;
	uint64_t timed;
	uint64_t waits;
	uint64_t errors;
	uint64_t total;
	uint64_t wait_total;
	uint64_t min_inverted;
	uint64_t max;
	uint64_t last;
};

/* Add those of one CPU, of which nothing changes meanwhile. */
void perf_totals_add(struct perf_totals *sum, const struct perf_totals *totals);

#endif /* _PERF_STATISTICS_H_ */
