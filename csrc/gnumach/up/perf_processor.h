/*
 * The processor of a kernel for one.  With its interrupts off nothing else
 * runs.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_PROCESSOR_H_
#define _PERF_PROCESSOR_H_

#include <perf_offsets.h>

#include <stdbool.h>
#include <stdint.h>

#define PERF_PLATFORM_CPUS 1

/* One of them is there and PERF_RUNNING_THREAD is in it. */
extern char percpu_array[], active_threads[];

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

static inline uintptr_t
perf_platform_thread(void)
{
	return *(const volatile uintptr_t *)PERF_RUNNING_THREAD;
}

/* Have nothing else run, until start; false if that cannot be had. */
static inline bool
perf_processors_stop(unsigned long *saved)
{
	__asm__ __volatile__("pushf; pop %0; cli" : "=r"(*saved) : : "memory");
	return true;
}

static inline void
perf_processors_start(unsigned long saved)
{
	__asm__ __volatile__("push %0; popf" : : "r"(saved) : "memory", "cc");
}

#endif /* _PERF_PROCESSOR_H_ */
