/*
 * The table of activities: fixed, keyed by thread, a window of places for each
 * key.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <perf_ids.h>

#include "perf_activity.h"

#define WINDOW 16

/* Places from its hash on in which any thread has been since the table was empty. */
static uint32_t reach;

struct perf_activity perf_activities[PERF_ACTIVITIES];

/* Of the threads that have no place there. */
static struct perf_activity unlisted[PERF_PLATFORM_CPUS];

/* Until the first enable, whoever runs has nobody's. */
struct perf_activity *perf_current[PERF_PLATFORM_CPUS] = {
	[0 ... PERF_PLATFORM_CPUS - 1] = unlisted,
};

static struct perf_activity *
place(uintptr_t thread, uint32_t distance)
{
	uint32_t hash = (uint32_t)(thread >> 4) * UINT32_C(PERF_ACTIVITY_HASH);

	return &perf_activities[((hash >> 16) + distance) % PERF_ACTIVITIES];
}

static void
empty(struct perf_activity *activity, uintptr_t thread)
{
	uintptr_t task = perf_task_of(thread);

	activity->ids.task = perf_task_id(task);
	activity->ids.thread = perf_thread_id(thread, task);
	activity->trap = 0; /* nothing has been received */
	perf_interval_close(&activity->call);
	perf_interval_close(&activity->fault);
	perf_interval_close(&activity->end);
	activity->sending = 0;
	activity->message_size = 0;
}

/* Nobody else enters this thread: it is the one that is about to run here. */
static struct perf_activity * __attribute__((noinline, cold))
enter(uintptr_t thread)
{
	struct perf_activity *activity;

	for (uint32_t distance = 1; distance < perf_load32(&reach); distance++) {
		activity = place(thread, distance);
		if (perf_load_word(&activity->thread) == thread)
			return activity;
	}
	for (uint32_t distance = 0; distance < WINDOW; distance++) {
		uintptr_t free = 0;

		activity = place(thread, distance);
		if (!__atomic_compare_exchange_n(&activity->thread, &free, thread, false,
						 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			continue;
		perf_raise32(&reach, distance + 1);
		empty(activity, thread);
		return activity;
	}
	__atomic_add_fetch(&perf_threads.overflows, 1, __ATOMIC_RELAXED);
	activity = &unlisted[perf_platform_cpu()];
	activity->thread = PERF_NO_THREAD;
	empty(activity, thread);
	return activity;
}

struct perf_activity *PERF_FAST_CALL
perf_activity_enter(uintptr_t thread)
{
	struct perf_activity *activity = place(thread, 0);

	if (perf_unlikely(perf_load_word(&activity->thread) != thread))
		activity = enter(thread);
	return activity;
}

static void __attribute__((noinline, cold))
record_open(struct perf_activity *activity, uintptr_t thread)
{
	uintptr_t task = perf_task_of(thread);

	if (activity->sending != 0)
		perf_event_record(PERF_EVENT_IPC_SEND, PERF_FLAG_WAITED, task, thread,
				  activity->message_id, activity->message_size);
	if (perf_interval_is_open(&activity->call))
		perf_event_record(PERF_EVENT_SYSCALL, PERF_FLAG_WAITED, task, thread,
				  activity->trap & ~PERF_RECEIVED, 0);
	if (perf_interval_is_open(&activity->fault))
		perf_event_record(PERF_EVENT_PAGE_FAULT, PERF_FLAG_WAITED, task, thread,
				  activity->fault_address, activity->fault_protection);
}

void PERF_FAST_CALL
perf_activity_leave(struct perf_activity *activity, uintptr_t thread)
{
	activity->switches++;
	perf_interval_wait(&activity->call);
	perf_interval_wait(&activity->fault);
	perf_interval_wait(&activity->end);
	if (perf_unlikely(!perf_activity_is_listed(activity)))
		record_open(activity, thread);
}

void
perf_activity_forget(uintptr_t thread)
{
	for (uint32_t distance = 0; thread != 0 && distance < perf_load32(&reach); distance++)
		if (perf_load_word(&place(thread, distance)->thread) == thread)
			perf_publish_word(&place(thread, distance)->thread, 0);
}

void
perf_activities_clear(void)
{
	perf_publish32(&reach, 0);
	for (uint32_t at = 0; at < PERF_ACTIVITIES; at++)
		perf_publish_word(&perf_activities[at].thread, 0);
	for (uint32_t cpu = 0; cpu < PERF_PLATFORM_CPUS; cpu++) {
		unlisted[cpu].thread = PERF_NO_THREAD;
		empty(&unlisted[cpu], 0);
		perf_current[cpu] = &unlisted[cpu];
	}
	if (perf_platform_thread() != 0)
		perf_current[perf_platform_cpu()] = perf_activity_enter(perf_platform_thread());
}

bool __attribute__((noinline, cold)) PERF_FAST_CALL
perf_interval_unusual(uint32_t what, uint32_t data1, uint32_t data2,
		      const struct perf_interval *interval, uint64_t now)
{
	uint64_t begun = interval->begun;

	if (!perf_interval_is_open(interval))
		return false;
	if (begun & PERF_BEGUN_WAITED) {
		begun &= ~PERF_BEGUN_WAITED;
		what |= PERF_FLAG_WAITED << 16;
	}
	/* Masked, or begun before monitoring was disabled and enabled again. */
	if (perf_event_active((uint8_t)what) && begun >= perf_active.since)
		perf_record_measured(what, data1, data2, NULL, now - begun, now,
				     perf_interval_cpu(interval));
	return true;
}
