/*
 * The processors of a kernel for several.  Each reaches its struct percpu
 * through gs; the kernel does not move a thread from one to another while it
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

#define PERF_PLATFORM_CPUS PERF_CPUS

uint8_t smp_get_numcpus(void);

static inline unsigned int
perf_platform_cpu(void)
{
	unsigned int cpu;

	__asm__ __volatile__("movl %%gs:%c1, %0" : "=r"(cpu) : "i"(PERF_OFFSET_PERCPU_CPU_ID));
	return cpu;
}

/* Those that the kernel found when it booted, whether or not they run. */
static inline unsigned int
perf_platform_cpus(void)
{
	unsigned int found = smp_get_numcpus();

	return found < PERF_PLATFORM_CPUS ? found : PERF_PLATFORM_CPUS;
}

static inline uintptr_t
perf_platform_thread(void)
{
	uintptr_t thread;

	__asm__ __volatile__("movl %%gs:%c1, %0"
			     : "=r"(thread)
			     : "i"(PERF_OFFSET_PERCPU_ACTIVE_THREAD));
	return thread;
}

/*
 * Have this processor alone run, interrupts off, all others where they execute
 * nothing of the kernel's; false if one of them could not be had.  See
 * processors.c.
 */
bool perf_processors_stop(unsigned long *saved);
void perf_processors_start(unsigned long saved);

#endif /* _PERF_PROCESSOR_H_ */
