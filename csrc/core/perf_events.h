/*
 * Which events there are.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_EVENTS_H_
#define _PERF_EVENTS_H_

#include <stdbool.h>
#include <stdint.h>

/* Null if no event has this id. */
const char *perf_event_name(uint32_t event);

/* Masks of the ids that have a name; of those given by perf_register_event(). */
uint64_t perf_events_named(void);
uint64_t perf_events_registered(void);

static inline bool
perf_event_exists(uint32_t event)
{
	return event < 64 && (perf_events_named() >> event & 1);
}

#endif /* _PERF_EVENTS_H_ */
