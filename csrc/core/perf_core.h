/*
 * The state of the core, and who may write what.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_CORE_H_
#define _PERF_CORE_H_

#include <stdbool.h>
#include <stdint.h>

#include "perf_analysis.h"
#include "perf_arithmetic.h"
#include "perf_limiter.h"
#include "perf_platform_contract.h"
#include "perf_ring.h"
#include "perf_statistics.h"

#define PERF_NO_THREAD ((uintptr_t)1) /* no key is that */

/* The thread that a CPU saw running last, with its id and its task's. */
struct perf_last_ids {
	uintptr_t thread_key;
	uint32_t task;
	uint32_t thread;
};

/*
 * What a CPU records.  Written by that CPU alone, in a section; read by all.
 * (But for last_ids: a death on another CPU takes its key out.)
 */
struct perf_cpu {
	uint32_t sequence; /* odd in a section */
	uint32_t generation;
	perf_ring_t ring;
	struct perf_slot *slots; /* slots and mask are the ring, for its writer */
	uint32_t mask;
	struct perf_account account; /* of the generation */
	struct perf_account earlier; /* of generations since the last reset */
	uint64_t newest;	     /* timestamp of the newest sample */
	uint64_t closed;	     /* of the rate limit */
	struct perf_last_ids last_ids;
	struct perf_statistics statistics[PERF_EVENT_MAX];
} __attribute__((aligned(64)));

#define PERF_LOOK_CLOSER UINT32_MAX /* no generation is that */

/*
 * What the record path reads beside perf_active.  Written under the control
 * lock, each word for itself; those that belong together take effect when
 * generation, stored last, tells each CPU to renew itself.
 */
struct perf_shared {
	/*
	 * What statistics that need no second look have for a generation: it,
	 * or PERF_LOOK_CLOSER while a task is left out.
	 */
	uint32_t current;
	uint32_t generation; /* configure and reset advance it */
	uint32_t reset;	     /* the generation that the last reset began */
	uint32_t mode;
	struct perf_limit limit;
	uintptr_t excluded; /* key of the task left out; 0: none */
	perf_ring_t ring[PERF_PLATFORM_CPUS];
} __attribute__((aligned(64)));

/* What only control operations and reports touch, under the control lock. */
struct perf_control {
	bool enabled;
	uint32_t epoch;
	uint32_t sample_rate;
	uint32_t buffer_size;
	uint64_t event_mask;
	uint32_t excluded_task;
	uint32_t regression_percent;
	uint32_t latency_us;
	uint32_t throughput;
	uint32_t error_rate;
	uint64_t ticks_per_second;
	uint64_t boot_ticks;
	/* Reports read the scale without the lock, as what a CPU records. */
	uint32_t scale_sequence;
	struct perf_scale scale;
	uint64_t enabled_at; /* ticks */
	uint64_t monitored;  /* ticks, up to the last disable */
};

extern struct perf_cpu perf_cpus[PERF_PLATFORM_CPUS];
extern struct perf_shared perf_shared;
extern struct perf_control perf_control;

/* Nanoseconds of a duration; since boot, of a clock value. */
static inline uint64_t
perf_duration_ns(uint64_t ticks)
{
	struct perf_scale scale;
	uint32_t before;

	for (;;) {
		before = perf_section_read(&perf_control.scale_sequence);
		scale.whole = perf_load64(&perf_control.scale.whole);
		scale.fraction = perf_load64(&perf_control.scale.fraction);
		if (perf_section_same(&perf_control.scale_sequence, before))
			break;
		perf_platform_pause();
	}
	return perf_nanoseconds(&scale, ticks);
}

static inline uint64_t
perf_instant_ns(uint64_t ticks)
{
	return ticks == 0 ? 0 : perf_duration_ns(ticks - perf_control.boot_ticks);
}

/* Does this generation come before the last reset? */
static inline bool
perf_before_reset(uint32_t generation)
{
	return (int32_t)(generation - perf_load32(&perf_shared.reset)) < 0;
}

#endif /* _PERF_CORE_H_ */
