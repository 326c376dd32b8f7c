/*
 * The table of activities: fixed, keyed by thread, a window of places for each
 * key.  A thread that finds none has its events recorded without durations.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <perf_ids.h>

#include "perf_activity.h"

#define ACTIVITIES 1024 /* a power of two */
#define WINDOW 16

static struct perf_activity activities[ACTIVITIES];

/* No thread has this address. */
static struct perf_activity nobody = {.thread = PERF_NO_THREAD};

struct perf_activity *perf_activity_last[PERF_PLATFORM_CPUS] = {
	[0 ... PERF_PLATFORM_CPUS - 1] = &nobody,
};

static struct perf_activity *
place(uintptr_t thread, uint32_t distance)
{
	uint32_t hash = (uint32_t)(thread >> 4) * UINT32_C(0x9e3779b1);

	return &activities[((hash >> 16) + distance) % ACTIVITIES];
}

static struct perf_activity *
find(uintptr_t thread)
{
	for (uint32_t distance = 0; distance < WINDOW; distance++)
		if (perf_load_word(&place(thread, distance)->thread) == thread)
			return place(thread, distance);
	return NULL;
}

/* Nobody else enters this thread: it is the one that runs here. */
static struct perf_activity *
enter(uintptr_t thread)
{
	for (uint32_t distance = 0; distance < WINDOW; distance++) {
		struct perf_activity *activity = place(thread, distance);
		uintptr_t free = 0;

		if (!__atomic_compare_exchange_n(&activity->thread, &free, thread, false,
						 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			continue;
		activity->call.start.epoch = 0;
		activity->fault.start.epoch = 0;
		activity->end.start.epoch = 0;
		activity->sending = 0;
		return activity;
	}
	__atomic_add_fetch(&perf_threads.overflows, 1, __ATOMIC_RELAXED);
	return NULL;
}

struct perf_activity *PERF_FAST_CALL
perf_activity_look_up(uintptr_t thread, bool wanted)
{
	struct perf_activity *activity = thread == 0 ? NULL : find(thread);

	if (activity == NULL && wanted && thread != 0)
		activity = enter(thread);
	if (activity != NULL)
		perf_activity_last[perf_platform_cpu()] = activity;
	return activity;
}

/* What a processor looked up last is told by its thread, which is then none. */
void
perf_activity_forget(uintptr_t thread)
{
	struct perf_activity *activity = thread == 0 ? NULL : find(thread);

	if (activity != NULL)
		perf_publish_word(&activity->thread, 0);
}

void
perf_activities_clear(void)
{
	for (uint32_t at = 0; at < ACTIVITIES; at++)
		perf_publish_word(&activities[at].thread, 0);
}
