/*
 * A platform for the tests of the core: its clock, its CPUs and its keys are
 * what the test sets them to.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_PLATFORM_H_
#define _PERF_PLATFORM_H_

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mach/kern_return.h>
#include <mach/perf_monitor.h>

#define PERF_PLATFORM_CPUS 4
#define PERF_PLATFORM_TASKS 64
#define PERF_PLATFORM_THREADS 64

struct scripted {
	uint64_t clock;
	uint64_t clock_step; /* added at each reading */
	uint64_t frequency;
	uint32_t cpus;
	uint32_t masked;     /* how deep */
	uint32_t locked;
	uint32_t hooks;	     /* in place */
	uint32_t rings_left; /* until there is no more memory */
	kern_return_t enable_answer;
};
extern struct scripted scripted;

/* Of this thread, so that threads can stand for CPUs. */
extern __thread uint32_t scripted_cpu;
extern __thread uintptr_t scripted_task, scripted_thread;

static inline uint64_t
perf_platform_clock(void)
{
	return __atomic_add_fetch(&scripted.clock, scripted.clock_step, __ATOMIC_RELAXED);
}

static inline uint64_t
perf_platform_clock_frequency(void)
{
	return scripted.frequency;
}

static inline void
perf_platform_wall_clock(uint64_t *seconds, uint64_t *nanoseconds)
{
	*seconds = 1700000000;
	*nanoseconds = 123456789;
}

static inline unsigned int
perf_platform_cpu(void)
{
	return scripted_cpu;
}

static inline unsigned int
perf_platform_cpus(void)
{
	return scripted.cpus;
}

static inline unsigned long
perf_platform_mask(void)
{
	return __atomic_fetch_add(&scripted.masked, 1, __ATOMIC_RELAXED);
}

static inline void
perf_platform_unmask(unsigned long saved)
{
	(void)saved;
	__atomic_fetch_sub(&scripted.masked, 1, __ATOMIC_RELAXED);
}

static inline void
perf_platform_pause(void)
{
}

static inline uintptr_t
perf_platform_task(void)
{
	return scripted_task;
}

static inline uintptr_t
perf_platform_thread(void)
{
	return scripted_thread;
}

static inline void
perf_platform_lock(void)
{
	while (__atomic_exchange_n(&scripted.locked, 1, __ATOMIC_ACQUIRE))
		;
}

static inline void
perf_platform_unlock(void)
{
	__atomic_store_n(&scripted.locked, 0, __ATOMIC_RELEASE);
}

static inline perf_sample_t *
perf_platform_ring(unsigned int cpu, uint32_t samples)
{
	static perf_sample_t *rings[PERF_PLATFORM_CPUS];

	(void)samples;
	if (scripted.rings_left == 0)
		return NULL;
	scripted.rings_left--;
	if (rings[cpu] == NULL)
		rings[cpu] = aligned_alloc(64, PERF_BUFFER_MAX * sizeof(perf_sample_t));
	return rings[cpu];
}

static inline kern_return_t
perf_platform_enable(bool enable)
{
	if (scripted.enable_answer == KERN_SUCCESS)
		scripted.hooks = enable;
	return scripted.enable_answer;
}

static inline uint64_t
perf_platform_hooked(void)
{
	return 0xfff;
}

static inline uint64_t
perf_platform_timed(void)
{
	return 0x00c;
}

static inline bool
perf_platform_name(uint32_t kind, uintptr_t key, char name[PERF_NAME_LENGTH])
{
	strcpy(name, kind == PERF_NAMES_TASKS ? "task " : "thread ");
	name[strlen(name)] = 'a' + key / 16 % 26;
	return true;
}

static inline uint32_t
perf_platform_traps(void)
{
	return 26;
}

static inline bool
perf_platform_trap_name(uint32_t trap, char name[PERF_NAME_LENGTH])
{
	if (trap != 25)
		return false;
	strcpy(name, "mach_msg_trap");
	return true;
}

#endif /* _PERF_PLATFORM_H_ */
