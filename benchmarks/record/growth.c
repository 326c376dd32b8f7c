/*
 * What an event with its sample costs by the size of the ring, which sooner or
 * later does not fit a cache.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "measure.h"
#include "perf_control.h"
#include "perf_core.h"

static void
record_instant(uint32_t events)
{
	for (uint32_t i = 0; i < events; i++)
		PERF_EVENT_RECORD(PERF_EVENT_VM_FREE, PERF_CURRENT, PERF_CURRENT, i, 1);
}

static void
ring_of(uint32_t samples)
{
	perf_control_enable(false);
	perf_control_configure(PERF_RATE_EVERY_EVENT, samples);
	perf_control_enable(true);
}

#define RING(size) \
	static void ring_##size(void) { ring_of(size); }

RING(1024)
RING(2048)
RING(4096)
RING(8192)
RING(16384)
RING(32768)

static const struct measure_path paths[] = {
	{"1024_samples", ring_1024, record_instant},
	{"2048_samples", ring_2048, record_instant},
	{"4096_samples", ring_4096, record_instant},
	{"8192_samples", ring_8192, record_instant},
	{"16384_samples", ring_16384, record_instant},
	{"32768_samples", ring_32768, record_instant},
};

int
main(void)
{
	embedded_clock_init();
	perf_analysis_init();
	measure_paths(paths, sizeof paths / sizeof paths[0]);
	return 0;
}
