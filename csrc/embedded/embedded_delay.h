/*
 * Events of the workload made longer on request, by a known time.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _EMBEDDED_DELAY_H_
#define _EMBEDDED_DELAY_H_

#include <stdint.h>

#include <mach/kern_return.h>
#include <mach/perf_monitor.h>

/* In ticks of the clock; 0, which all are at first: not at all. */
extern uint32_t embedded_delays[PERF_EVENTS_BUILTIN];

/* For events that the workload itself times; KERN_INVALID_ARGUMENT for others. */
kern_return_t embedded_delay_set(uint32_t event, uint32_t nanoseconds);

void embedded_delay_for(uint32_t ticks);

/* At the end of what is timed. */
static inline void
embedded_delay(uint32_t event)
{
	uint32_t ticks = __atomic_load_n(&embedded_delays[event], __ATOMIC_RELAXED);

	if (__builtin_expect(ticks != 0, 0))
		embedded_delay_for(ticks);
}

#endif /* _EMBEDDED_DELAY_H_ */
