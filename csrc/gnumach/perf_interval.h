/*
 * A timed event of a thread, which may block in it.
 *
 * It is kept as one word, the clock when it began, so that the usual end is one
 * subtraction: an event that never began, or in which the thread has been
 * switched away, has begun so late that its time is not usual.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_INTERVAL_H_
#define _PERF_INTERVAL_H_

#include <perf_usual.h>

#define PERF_BEGUN_WAITED (UINT64_C(2) << 62) /* added by a switch */
#define PERF_BEGUN_NEVER (UINT64_C(3) << 62)  /* or ended; a switch adds nothing */

struct perf_interval {
	uint64_t begun;
#if PERF_PLATFORM_CPUS > 1
	uint32_t cpu;
#endif
};

/* Where it began. */
static inline uint32_t
perf_interval_cpu(const struct perf_interval *interval)
{
#if PERF_PLATFORM_CPUS > 1
	return interval->cpu;
#else
	(void)interval;
	return 0;
#endif
}

static inline bool
perf_interval_is_open(const struct perf_interval *interval)
{
	return (uint32_t)(interval->begun >> 32) != (uint32_t)(PERF_BEGUN_NEVER >> 32);
}

static inline void
perf_interval_begin(struct perf_interval *interval)
{
#if PERF_PLATFORM_CPUS > 1
	interval->cpu = perf_platform_cpu();
#endif
	interval->begun = perf_platform_clock();
}

static inline void
perf_interval_close(struct perf_interval *interval)
{
	interval->begun = PERF_BEGUN_NEVER;
}

/* The thread is about to be switched away. */
static inline void
perf_interval_wait(struct perf_interval *interval)
{
	interval->begun |= PERF_BEGUN_WAITED;
}

#endif /* _PERF_INTERVAL_H_ */
