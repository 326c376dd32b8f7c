/*
 * A platform as a kernel on one CPU would have it, but in a process: what
 * masking interrupts costs in instructions is there, its effect is not.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_PLATFORM_H_
#define _PERF_PLATFORM_H_

#include <stdbool.h>
#include <stdint.h>

#include <mach/kern_return.h>
#include <mach/perf_monitor.h>

#define PERF_PLATFORM_CPUS 1
#define PERF_PLATFORM_TASKS 256
#define PERF_PLATFORM_THREADS 1024

/* Where a kernel keeps its current thread, and a thread its task. */
extern struct running {
	uintptr_t *thread;
} running;

extern perf_sample_t ring_memory[PERF_BUFFER_MAX];

static inline uint64_t
perf_platform_clock(void)
{
	return __builtin_ia32_rdtsc();
}

static inline uint64_t
perf_platform_clock_frequency(void)
{
	return 2500000000;
}

static inline void
perf_platform_wall_clock(uint64_t *seconds, uint64_t *nanoseconds)
{
	*seconds = *nanoseconds = 0;
}

static inline unsigned int
perf_platform_cpu(void)
{
	return 0;
}

static inline unsigned int
perf_platform_cpus(void)
{
	return 1;
}

static inline unsigned long
perf_platform_mask(void)
{
	unsigned long flags;

	/* nop stands for cli, which a process may not. */
	__asm__ __volatile__("pushf\n\tpop %0\n\tnop" : "=r"(flags) : : "memory");
	return flags;
}

static inline void
perf_platform_unmask(unsigned long flags)
{
	__asm__ __volatile__("push %0\n\tpopf" : : "r"(flags) : "memory", "cc");
}

static inline void
perf_platform_pause(void)
{
}

static inline uintptr_t
perf_platform_thread(void)
{
	return (uintptr_t)running.thread;
}

static inline uintptr_t
perf_platform_task(void)
{
	return *running.thread;
}

static inline void
perf_platform_lock(void)
{
}

static inline void
perf_platform_unlock(void)
{
}

static inline perf_sample_t *
perf_platform_ring(unsigned int cpu, uint32_t samples)
{
	(void)cpu, (void)samples;
	return ring_memory;
}

static inline kern_return_t
perf_platform_enable(bool enable)
{
	(void)enable;
	return KERN_SUCCESS;
}

static inline uint64_t
perf_platform_hooked(void)
{
	return 0xfff;
}

static inline uint64_t
perf_platform_timed(void)
{
	return 0xfff;
}

static inline bool
perf_platform_name(uint32_t kind, uintptr_t key, char name[PERF_NAME_LENGTH])
{
	(void)kind, (void)key, (void)name;
	return false;
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
