/*
 * A timed event of a thread, which may block in it.
 *
 * A thread that runs without being switched away has its processor to itself,
 * so it has waited if its processor has switched since.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_INTERVAL_H_
#define _PERF_INTERVAL_H_

#include <perf_analysis.h>
#include <perf_platform.h>

struct perf_interval {
	struct perf_stamp start; /* epoch 0: none */
	uint32_t switches;	 /* of its processor, then */
};

/* Context switches of each processor while hooks are in place; each counts its own. */
extern uint32_t perf_switches[PERF_PLATFORM_CPUS];

static inline void
perf_interval_take(struct perf_interval *interval)
{
	uint32_t cpu = perf_platform_cpu();

	interval->switches = perf_switches[cpu];
	interval->start = (struct perf_stamp){
		.epoch = perf_active.epoch,
		.cpu = cpu,
		.ticks = perf_platform_clock(),
	};
}

static inline void
perf_interval_begin(uint32_t event, struct perf_interval *interval)
{
	interval->start.epoch = 0;
	if (perf_event_active(event))
		perf_interval_take(interval);
}

/* Did it begin since monitoring was enabled? */
static inline bool
perf_interval_is_open(const struct perf_interval *interval)
{
	return interval->start.epoch == perf_active.epoch;
}

/* It ends in the running thread. */
static inline void
perf_interval_end(uint32_t event, uint32_t flags, uint32_t data1, uint32_t data2,
		  const struct perf_interval *interval)
{
	if (!perf_interval_is_open(interval) || !perf_event_active(event))
		return;
	if (perf_switches[interval->start.cpu] != interval->switches)
		flags |= PERF_FLAG_WAITED;
	perf_record_timed(event | flags << 16, data1, data2, &interval->start, NULL);
}

#endif /* _PERF_INTERVAL_H_ */
