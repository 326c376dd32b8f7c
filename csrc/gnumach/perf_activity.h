/*
 * What each thread has begun and not yet ended, kept beside the thread because
 * its stack may be discarded in between.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_ACTIVITY_H_
#define _PERF_ACTIVITY_H_

#include "perf_interval.h"

/* Read and written by its own thread alone, but for its death. */
struct perf_activity {
	uintptr_t thread;	    /* whose; 0: free */
	struct perf_interval call;  /* the system call it is in */
	uint32_t trap;		    /* its number */
	uintptr_t sending;	    /* the message on its way, a kmsg; 0: none */
	uint32_t message_id;
	uint32_t message_size;
	struct perf_interval fault; /* its page fault in user mode */
	uint32_t fault_address;
	uint32_t fault_protection;
	struct perf_interval end;   /* it has asked for its own end */
};

/* What each processor looked up last; never null. */
extern struct perf_activity *perf_activity_last[PERF_PLATFORM_CPUS];

struct perf_activity *perf_activity_look_up(uintptr_t thread, bool enter) PERF_FAST_CALL;

/* The running thread's, if it has one. */
static inline struct perf_activity *
perf_activity_find(void)
{
	struct perf_activity *last = perf_activity_last[perf_platform_cpu()];
	uintptr_t thread = perf_platform_thread();

	return last->thread == thread ? last : perf_activity_look_up(thread, false);
}

/* The running thread's; null if the table is full. */
static inline struct perf_activity *
perf_activity_enter(void)
{
	struct perf_activity *last = perf_activity_last[perf_platform_cpu()];
	uintptr_t thread = perf_platform_thread();

	return last->thread == thread ? last : perf_activity_look_up(thread, true);
}

/* Its thread's memory is about to be free for another. */
void perf_activity_forget(uintptr_t thread);

/* Before an enable: deaths went unseen. */
void perf_activities_clear(void);

/* The message on its way has been handed over, or has failed. */
void perf_activity_sent(struct perf_activity *activity, uint32_t flags);

#endif /* _PERF_ACTIVITY_H_ */
