/*
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "embedded_delay.h"

#include "embedded_clock.h"

#define NANOSECONDS_PER_SECOND 1000000000u
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

void
embedded_delay_spin(uint32_t ticks)
{
	uint64_t start = embedded_clock();

	while (embedded_clock() - start < ticks)
		;
}
