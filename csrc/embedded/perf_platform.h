/*
 * The core's platform in a Linux process; see perf_platform_contract.h.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_PLATFORM_H_
#define _PERF_PLATFORM_H_

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <mach/kern_return.h>
#include <mach/perf_monitor.h>

#include "embedded_clock.h"
#include "embedded_thread.h"

#define PERF_PLATFORM_CPUS EMBEDDED_CPUS
#define PERF_PLATFORM_TASKS 64
#define PERF_PLATFORM_THREADS 1024

/* What the workload and the port space record, all of it timed. */
#define EMBEDDED_EVENTS                                                  \
	(1u << PERF_EVENT_IPC_SEND | 1u << PERF_EVENT_IPC_RECEIVE        \
	 | 1u << PERF_EVENT_VM_ALLOC | 1u << PERF_EVENT_VM_FREE          \
	 | 1u << PERF_EVENT_TASK_CREATE | 1u << PERF_EVENT_TASK_TERMINATE \
	 | 1u << PERF_EVENT_THREAD_CREATE                                \
	 | 1u << PERF_EVENT_THREAD_TERMINATE | 1u << PERF_EVENT_PAGE_FAULT)

extern pthread_mutex_t embedded_control_lock;

/* Null if there is no memory. */
perf_sample_t *embedded_ring(unsigned int cpu);

static inline uint64_t
perf_platform_clock(void)
{
	return embedded_clock();
}

static inline uint64_t
perf_platform_clock_frequency(void)
{
	return embedded_clock_frequency();
}

static inline void
perf_platform_wall_clock(uint64_t *seconds, uint64_t *nanoseconds)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	*seconds = now.tv_sec;
	*nanoseconds = now.tv_nsec;
}

static inline void
embedded_attach_if_new(void)
{
	if (__builtin_expect(embedded_self.key == 0, 0))
		embedded_thread_attach(0);
}

static inline unsigned int
perf_platform_cpu(void)
{
	embedded_attach_if_new();
	return embedded_self.cpu;
}

static inline unsigned int
perf_platform_cpus(void)
{
	return EMBEDDED_CPUS;
}

static inline unsigned long
perf_platform_mask(void)
{
	embedded_attach_if_new();
	if (__builtin_expect(embedded_self.cpu == EMBEDDED_SHARED_CPU, 0))
		embedded_shared_lock();
	return 0;
}

static inline void
perf_platform_unmask(unsigned long saved)
{
	(void)saved;
	if (__builtin_expect(embedded_self.cpu == EMBEDDED_SHARED_CPU, 0))
		embedded_shared_unlock();
}

/* The other CPU may be a thread that Linux has stopped. */
static inline void
perf_platform_pause(void)
{
	sched_yield();
}

static inline uintptr_t
perf_platform_task(void)
{
	return (uintptr_t)embedded_task;
}

static inline uintptr_t
perf_platform_thread(void)
{
	embedded_attach_if_new();
	return embedded_self.key;
}

static inline void
perf_platform_lock(void)
{
	pthread_mutex_lock(&embedded_control_lock);
}

static inline void
perf_platform_unlock(void)
{
	pthread_mutex_unlock(&embedded_control_lock);
}

static inline perf_sample_t *
perf_platform_ring(unsigned int cpu, uint32_t samples)
{
	(void)samples;
	return embedded_ring(cpu);
}

/* The hooks are compiled in. */
static inline kern_return_t
perf_platform_enable(bool enable)
{
	(void)enable;
	return KERN_SUCCESS;
}

static inline uint64_t
perf_platform_hooked(void)
{
	return EMBEDDED_EVENTS;
}

static inline uint64_t
perf_platform_timed(void)
{
	return EMBEDDED_EVENTS;
}

bool embedded_task_name(uintptr_t key, char name[PERF_NAME_LENGTH]);

static inline bool
perf_platform_name(uint32_t kind, uintptr_t key, char name[PERF_NAME_LENGTH])
{
	return kind == PERF_NAMES_TASKS ? embedded_task_name(key, name)
					: embedded_thread_name(key, name);
}

static inline uint32_t
perf_platform_traps(void)
{
	return 0;
}

static inline bool
perf_platform_trap_name(uint32_t trap, char name[PERF_NAME_LENGTH])
{
	(void)trap, (void)name;
	return false;
}

#endif /* _PERF_PLATFORM_H_ */
