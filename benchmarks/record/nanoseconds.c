/*
 * What an event costs in time, on the platform of the embedded host; beside it
 * a bare clock read, and the least that a trace of one's own would do: the
 * clock and eight words written in order, without statistics, loss or readers.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>

#include "measure.h"
#include "perf_control.h"
#include "perf_core.h"

static void
read_clock(uint32_t events)
{
	uint64_t seen = 0;

	for (uint32_t i = 0; i < events; i++)
		seen += perf_platform_clock();
	measure_keep(seen);
}

static void
serialise(uint32_t events)
{
	static __thread struct perf_slot ring[PERF_BUFFER_DEFAULT];

	for (uint32_t i = 0; i < events; i++) {
		ring[i % PERF_BUFFER_DEFAULT] = (struct perf_slot){
			.timestamp = perf_platform_clock(),
			.what = PERF_EVENT_VM_FREE,
			.task = 1,
			.thread = 2,
			.data1 = i,
			.data2 = 1,
		};
		__asm__ __volatile__("" : : "r"(ring) : "memory");
	}
}

static void
record_instant(uint32_t events)
{
	for (uint32_t i = 0; i < events; i++)
		PERF_EVENT_RECORD(PERF_EVENT_VM_FREE, PERF_CURRENT, PERF_CURRENT, i, 1);
}

static void
record_timed(uint32_t events)
{
	for (uint32_t i = 0; i < events; i++)
		PERF_TIME_BLOCK(PERF_EVENT_VM_ALLOC, PERF_CURRENT, PERF_CURRENT, i, 1, {
			__asm__ __volatile__("");
		});
}

static void
configure(uint32_t rate, bool enable)
{
	perf_control_enable(false);
	perf_control_configure(rate, PERF_BUFFER_DEFAULT);
	perf_control_enable(enable);
}

static void
disabled(void)
{
	configure(PERF_RATE_DEFAULT, false);
}

/* At this rate hardly any event leaves a sample. */
static void
statistics(void)
{
	configure(PERF_RATE_MIN, true);
}

static void
samples(void)
{
	configure(PERF_RATE_EVERY_EVENT, true);
}

static const struct measure_path paths[] = {
	{"clock", NULL, read_clock},
	{"serialise", NULL, serialise},
	{"disabled", disabled, record_instant},
	{"instant_statistics", statistics, record_instant},
	{"instant_sample", samples, record_instant},
	{"timed_statistics", statistics, record_timed},
	{"timed_sample", samples, record_timed},
};

int
main(void)
{
	embedded_clock_init();
	perf_analysis_init();
	measure_paths(paths, sizeof paths / sizeof paths[0]);
	return 0;
}
