/*
 * Consistent copies of what CPUs record, as it counts since the last reset or
 * in the present generation, whether or not the CPU has noticed either.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_SNAPSHOT_H_
#define _PERF_SNAPSHOT_H_

#include <stdint.h>

#include "perf_core.h"

struct perf_cpu_snapshot {
	uint32_t generation;
	perf_ring_t ring;
	struct perf_account account; /* of the generation */
	struct perf_account earlier; /* of those before, since the last reset */
};

void perf_snapshot_cpu(unsigned int cpu, struct perf_cpu_snapshot *snapshot);

/* Totals of an event over all CPUs since the last reset, in ticks. */
void perf_snapshot_event(uint32_t event, struct perf_totals *sum);

/* Failures of an event on all CPUs since the last reset. */
uint64_t perf_snapshot_errors(uint32_t event);

/* How often a bucket was hit on all CPUs; wait selects the histogram. */
uint64_t perf_snapshot_bucket(uint32_t event, bool wait, uint32_t bucket);

#endif /* _PERF_SNAPSHOT_H_ */
