/*
 * What each thread has begun and not yet ended, kept beside the thread because
 * its stack may be discarded in between.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_ACTIVITY_H_
#define _PERF_ACTIVITY_H_

#include "perf_activities.h"
#include "perf_hooks.h"
#include "perf_interval.h"

/* Read and written by its own thread alone, but for its death. */
struct perf_activity {
	uintptr_t thread;	   /* whose; 0: free */
	struct perf_ids ids;	   /* the thread's */
	uint32_t switches;	   /* how often it was switched away */
	uint32_t trap;		   /* the number of a system call, and PERF_RECEIVED */
	struct perf_interval call; /* that system call */
	uintptr_t sending;	   /* the message on its way, a kmsg; 0: none */
	uint32_t message_id;
	uint32_t message_size;
	struct perf_interval fault; /* its page fault in user mode */
	uint32_t fault_address;
	uint32_t fault_protection;
	struct perf_interval end; /* it has asked for its own end */
};

/* The system call's receipt is counted, or is to be none. */
#define PERF_RECEIVED UINT32_C(0x80000000)

extern struct perf_activity perf_activities[PERF_ACTIVITIES];

/*
 * That of the thread which runs on a processor, from one context switch to the
 * next.  A thread that finds no place in the table has the processor's own,
 * which is emptied when it is switched away: what is open then is recorded
 * without a duration.
 */
extern struct perf_activity *perf_current[PERF_PLATFORM_CPUS];

static inline struct perf_activity *
perf_activity_current(void)
{
	return perf_current[perf_platform_cpu()];
}

static inline bool
perf_activity_is_listed(const struct perf_activity *activity)
{
	return activity->thread > PERF_NO_THREAD;
}

/* The thread is about to run here. */
struct perf_activity *perf_activity_enter(uintptr_t thread) PERF_FAST_CALL;

/* The thread is about to run here no more. */
void perf_activity_leave(struct perf_activity *activity, uintptr_t thread) PERF_FAST_CALL;

/* Its thread's memory is about to be free for another. */
void perf_activity_forget(uintptr_t thread);

/* Before an enable: deaths went unseen.  No other processor is in the kernel. */
void perf_activities_clear(void);

/*
 * An event of the running thread ends now; what is event | flags << 16.  False
 * if it never began.
 */
bool perf_interval_ended(uint32_t what, uint32_t data1, uint32_t data2,
			 const struct perf_interval *interval) PERF_FAST_CALL;

/* One that has flags or is not usual; the clock said now. */
bool perf_interval_unusual(uint32_t what, uint32_t data1, uint32_t data2,
			   const struct perf_interval *interval, uint64_t now) PERF_FAST_CALL;

/*
 * In line, of an event that is known and without flags; false if it is not
 * usual, and nothing has been recorded.
 */
static inline __attribute__((always_inline)) bool
perf_interval_usual(uint32_t event, uint32_t data1, uint32_t data2,
		    const struct perf_interval *interval, uint64_t now)
{
	return perf_record_usual(event, interval->begun, now, data1, data2,
				 &perf_activity_current()->ids);
}

/* The message on its way has been handed over, or has failed. */
void perf_activity_sent(struct perf_activity *activity, uint32_t flags) PERF_FAST_CALL;

/*
 * What the busiest hooks leave to others, because it is not usual.  They are
 * hooks_busy.c or, for one processor, up/hooks_busy_*.S.
 */
void perf_send_unusual(uint64_t now) PERF_FAST_CALL;
void perf_receipt_unusual(uint64_t now, uint32_t id, uint32_t size) PERF_FAST_CALL;
void perf_receipt_failed(uint32_t id, uint32_t size) PERF_FAST_CALL;
void perf_call_unusual(uint64_t now, uint32_t result) PERF_FAST_CALL;
void perf_call_failed(uint32_t result) PERF_FAST_CALL;
void perf_call_none(void);

/* Since when the thread that is running on a processor has been. */
extern uint64_t perf_slices[PERF_PLATFORM_CPUS];

/*
 * The slice of a thread that has a place, and has been switched away, ends, and
 * the next begins, when the clock said now.
 */
void perf_slice_unusual(uint64_t now, uintptr_t from) PERF_FAST_CALL;

/*
 * An event that is one call of a function: the thread's stack is kept, so that
 * its beginning can be there.
 */
struct perf_nested {
	struct perf_interval interval;
	uint32_t switches;
};

static inline void
perf_nested_begin(struct perf_nested *nested)
{
	nested->switches = perf_activity_current()->switches;
	perf_interval_begin(&nested->interval);
}

/* what is event | flags << 16. */
void perf_nested_end(uint32_t what, uint32_t data1, uint32_t data2,
		     const struct perf_nested *nested) PERF_FAST_CALL;

#endif /* _PERF_ACTIVITY_H_ */
