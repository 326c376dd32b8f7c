/*
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "embedded_delay.h"

#include <stddef.h>
#include <time.h>

#include "embedded_clock.h"

#define NANOSECONDS_PER_SECOND 1000000000u
#define SPUN 8000000u /* ticks: two milliseconds, or eight */
#define DELAYABLE                                                          \
	(1u << PERF_EVENT_VM_ALLOC | 1u << PERF_EVENT_VM_FREE              \
	 | 1u << PERF_EVENT_TASK_CREATE | 1u << PERF_EVENT_TASK_TERMINATE  \
	 | 1u << PERF_EVENT_THREAD_CREATE                                  \
	 | 1u << PERF_EVENT_THREAD_TERMINATE | 1u << PERF_EVENT_PAGE_FAULT)

uint32_t embedded_delays[PERF_EVENTS_BUILTIN];

kern_return_t
embedded_delay_set(uint32_t event, uint32_t nanoseconds)
{
	uint64_t ticks = nanoseconds * embedded_clock_frequency() / NANOSECONDS_PER_SECOND;

	if (event >= PERF_EVENTS_BUILTIN || !(DELAYABLE >> event & 1) || ticks > UINT32_MAX)
		return KERN_INVALID_ARGUMENT;
	__atomic_store_n(&embedded_delays[event], (uint32_t)ticks, __ATOMIC_RELAXED);
	return KERN_SUCCESS;
}

/*
 * Sleeps through most of a long one: whoever spins that long on a busy machine
 * has to make way for others, and may be among them when its time is over.
 */
void
embedded_delay_for(uint32_t ticks)
{
	uint64_t start = embedded_clock();

	if (ticks > SPUN) { /* to ask for the frequency takes longer than a short delay */
		uint64_t slept = (uint64_t)(ticks - SPUN) * NANOSECONDS_PER_SECOND
				 / embedded_clock_frequency();
		struct timespec time = {
			.tv_sec = (time_t)(slept / NANOSECONDS_PER_SECOND),
			.tv_nsec = (long)(slept % NANOSECONDS_PER_SECOND),
		};

		nanosleep(&time, NULL);
	}
	while (embedded_clock() - start < ticks)
		;
}
