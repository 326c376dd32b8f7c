/*
 * The kernel programmer's side of the performance monitor: record an event,
 * time a block of code, ask for figures.
 *
 *	PERF_EVENT_RECORD(PERF_EVENT_VM_FREE, PERF_CURRENT, PERF_CURRENT,
 *			  address, size);
 *	PERF_TIME_BLOCK(PERF_EVENT_VM_ALLOC, PERF_CURRENT, PERF_CURRENT,
 *			address, size, {
 *		kr = allocate(map, &address, size);
 *	});
 *
 * A task and a thread are given by their keys (any word that identifies them
 * while they live: their addresses, in a kernel).  Compiled with
 * PERF_ANALYSIS=0 none of this leaves a byte.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_ANALYSIS_H_
#define _PERF_ANALYSIS_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mach/kern_return.h>
#include <mach/perf_monitor.h>

#ifndef PERF_ANALYSIS
#define PERF_ANALYSIS 1
#endif

/* The key that stands for the task or thread that is running. */
#define PERF_CURRENT ((uintptr_t)0)

/* i386 passes arguments on the stack unless told otherwise. */
#if defined(__i386__)
#define PERF_FAST_CALL __attribute__((regparm(3)))
#else
#define PERF_FAST_CALL
#endif

/*
 * When and where a timed event began.  epoch is 0 if nothing was to be
 * recorded then; a stamp of another epoch than the present one is discarded,
 * because the monitor was off in between.
 */
struct perf_stamp {
	uint64_t ticks;
	uint32_t epoch;
	uint32_t cpu;
};

#if PERF_ANALYSIS

/*
 * What an inline test needs to know, and nothing else: it is read by every
 * event of every CPU and written only by a change of the configuration.
 */
struct perf_active {
	uint32_t events[PERF_EVENT_MAX / 32]; /* bit set: record it, now */
	uint32_t epoch; /* of this enable, or PERF_EPOCH_DISABLED; never 0 */
	uint64_t since; /* clock, when the epoch began */
};
extern struct perf_active perf_active;

#define PERF_EPOCH_DISABLED UINT32_MAX

/* Once, before any other call; monitoring is disabled after it. */
void perf_analysis_init(void);

/*
 * Give an event of one's own an id, from PERF_EVENT_FIRST_REGISTERED on.  The
 * string must stay.  KERN_RESOURCE_SHORTAGE when there is none left.
 */
kern_return_t perf_register_event(const char *name, uint32_t *event);

/* The small id of a task or thread; 0 if the table is full. */
uint32_t perf_task_id(uintptr_t task);
uint32_t perf_thread_id(uintptr_t thread, uintptr_t task);

/* Its key is about to be free for another: call this at real death. */
void perf_task_forget(uintptr_t task);
void perf_thread_forget(uintptr_t thread);

/* Small ids; 0: none. */
struct perf_ids {
	uint32_t task;
	uint32_t thread;
};

/* Whose event it is; a null pointer and two PERF_CURRENT say the same. */
struct perf_keys {
	uintptr_t task;
	uintptr_t thread;
};

/*
 * Out of line, for the functions below, which make sure that the event is to be
 * recorded; what is event | flags << 16, as the two lie in a sample.
 */
void PERF_FAST_CALL perf_record_instant(uint32_t what, uint32_t data1, uint32_t data2,
					const struct perf_keys *keys);
void PERF_FAST_CALL perf_record_timed(uint32_t what, uint32_t data1, uint32_t data2,
				      const struct perf_stamp *start,
				      const struct perf_keys *keys);
/* The same, for an event that ended a moment ago and took ticks. */
void PERF_FAST_CALL perf_record_measured(uint32_t what, uint32_t data1, uint32_t data2,
					 const struct perf_keys *keys, uint64_t ticks,
					 uint64_t end, uint32_t begun_on);
void PERF_FAST_CALL perf_stamp_take(struct perf_stamp *start);

/* Is monitoring enabled? */
static inline bool
perf_is_enabled(void)
{
	return __atomic_load_n(&perf_active.epoch, __ATOMIC_RELAXED)
	       != PERF_EPOCH_DISABLED;
}

static inline bool
perf_event_active(uint32_t event)
{
	return (__atomic_load_n(&perf_active.events[event / 32], __ATOMIC_RELAXED)
		>> (event % 32)) & 1;
}

/* An event without a duration; flags are PERF_FLAG_ERROR and PERF_FLAG_WAITED. */
static inline void
perf_event_record(uint32_t event, uint32_t flags, uintptr_t task,
		  uintptr_t thread, uint32_t data1, uint32_t data2)
{
	struct perf_keys keys = {task, thread};
	bool current = __builtin_constant_p(task | thread) && (task | thread) == 0;

	if (perf_event_active(event))
		perf_record_instant(event | flags << 16, data1, data2,
				    current ? NULL : &keys);
}

/* A timed event begins. */
static inline void
perf_time_begin(uint32_t event, struct perf_stamp *start)
{
	start->epoch = 0;
	if (perf_event_active(event))
		perf_stamp_take(start);
}

/* It ends; a stamp may be closed once, on any CPU, by any thread. */
static inline void
perf_time_end(uint32_t event, uint32_t flags, uintptr_t task, uintptr_t thread,
	      uint32_t data1, uint32_t data2, const struct perf_stamp *start)
{
	struct perf_keys keys = {task, thread};
	bool current = __builtin_constant_p(task | thread) && (task | thread) == 0;

	/* What has not begun has epoch 0, which none is. */
	if (start->epoch == __atomic_load_n(&perf_active.epoch, __ATOMIC_RELAXED)
	    && perf_event_active(event))
		perf_record_timed(event | flags << 16, data1, data2, start,
				  current ? NULL : &keys);
}

#define PERF_EVENT_RECORD(event, task, thread, data1, data2)		\
	perf_event_record((event), 0, (uintptr_t)(task), (uintptr_t)(thread), \
			  (uint32_t)(uintptr_t)(data1),			\
			  (uint32_t)(uintptr_t)(data2))

/* data1 and data2 are evaluated after the block; it must not jump out. */
#define PERF_TIME_BLOCK(event, task, thread, data1, data2, ...)		\
	do {								\
		struct perf_stamp perf_stamp_;				\
		perf_time_begin((event), &perf_stamp_);			\
		__VA_ARGS__						\
		perf_time_end((event), 0, (uintptr_t)(task),		\
			      (uintptr_t)(thread),			\
			      (uint32_t)(uintptr_t)(data1),		\
			      (uint32_t)(uintptr_t)(data2),		\
			      &perf_stamp_);				\
	} while (0)

/*
 * Control and figures.  Their names in the kernel are those of the RPC
 * interface: inline, so that both may be linked into one program, and left out
 * on request, so that one file may call both.
 */
kern_return_t perf_control_enable(bool enable);
kern_return_t perf_report_event(uint32_t event, perf_event_stats_t *stats);
kern_return_t perf_regression_check(uint32_t event, uint32_t threshold_percent,
				    bool *detected);

#ifndef PERF_ANALYSIS_NO_RPC_NAMES
static inline kern_return_t
perf_monitor_enable(bool enable)
{
	return perf_control_enable(enable);
}

static inline kern_return_t
perf_get_event_stats(perf_event_type_t event, struct perf_event_stats *stats)
{
	return perf_report_event(event, stats);
}

static inline bool
perf_check_regression(perf_event_type_t event, uint32_t threshold_percent)
{
	bool detected;

	return perf_regression_check(event, threshold_percent, &detected)
		       == KERN_SUCCESS
	       && detected;
}
#endif

#else /* !PERF_ANALYSIS */

static inline void
perf_analysis_init(void)
{
}

static inline void
perf_event_record(uint32_t event, uint32_t flags, uintptr_t task,
		  uintptr_t thread, uint32_t data1, uint32_t data2)
{
	(void)event, (void)flags, (void)task, (void)thread, (void)data1, (void)data2;
}

static inline void
perf_time_begin(uint32_t event, struct perf_stamp *start)
{
	(void)event, (void)start;
}

static inline void
perf_time_end(uint32_t event, uint32_t flags, uintptr_t task, uintptr_t thread,
	      uint32_t data1, uint32_t data2, const struct perf_stamp *start)
{
	(void)event, (void)flags, (void)task, (void)thread, (void)data1, (void)data2;
	(void)start;
}

#define PERF_EVENT_RECORD(event, task, thread, data1, data2) ((void)0)
#define PERF_TIME_BLOCK(event, task, thread, data1, data2, ...)	\
	do {							\
		__VA_ARGS__					\
	} while (0)

#endif /* PERF_ANALYSIS */

#endif /* _PERF_ANALYSIS_H_ */
