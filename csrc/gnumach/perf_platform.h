/*
 * GNU Mach as a platform of the core.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_PLATFORM_H_
#define _PERF_PLATFORM_H_

#include <stdbool.h>
#include <stdint.h>

#include <perf_kernel.h>
#include <perf_offsets.h>
#include <perf_processor.h> /* of up/ or smp/, as the kernel is */

#include <mach/perf_monitor.h>

#define PERF_PLATFORM_TASKS 1024
#define PERF_PLATFORM_THREADS 4096

#define PERF_TIMED ((UINT64_C(1) << PERF_EVENTS_BUILTIN) - 1)
#define PERF_HOOKED (PERF_TIMED | UINT64_C(1) << PERF_EVENT_PROFILE)

extern lock_data_t perf_control_lock;

uint64_t perf_clock_frequency(void);
void perf_clock_wall(uint64_t *seconds, uint64_t *nanoseconds);
perf_sample_t *perf_ring_memory(unsigned int cpu, uint32_t samples);
kern_return_t perf_sites_switch(bool on);
bool perf_object_name(uint32_t kind, uintptr_t key, char name[PERF_NAME_LENGTH]);
bool perf_trap_name(uint32_t trap, char name[PERF_NAME_LENGTH]);

static inline uintptr_t
perf_task_of(uintptr_t thread)
{
	return thread == 0 ? 0 : *(const uintptr_t *)(thread + PERF_OFFSET_THREAD_TASK);
}

static inline uint64_t
perf_platform_clock(void)
{
	return __builtin_ia32_rdtsc();
}

static inline uint64_t
perf_platform_clock_frequency(void)
{
	return perf_clock_frequency();
}

static inline void
perf_platform_wall_clock(uint64_t *seconds, uint64_t *nanoseconds)
{
	perf_clock_wall(seconds, nanoseconds);
}

static inline unsigned long
perf_platform_mask(void)
{
	unsigned long saved;

	__asm__ __volatile__("pushf; pop %0; cli" : "=r"(saved) : : "memory");
	return saved;
}

static inline void
perf_platform_unmask(unsigned long saved)
{
	__asm__ __volatile__("push %0; popf" : : "r"(saved) : "memory", "cc");
}

static inline void
perf_platform_pause(void)
{
	__builtin_ia32_pause();
}

static inline uintptr_t
perf_platform_task(void)
{
	return perf_task_of(perf_platform_thread());
}

static inline void
perf_platform_lock(void)
{
	lock_write(&perf_control_lock);
}

static inline void
perf_platform_unlock(void)
{
	lock_done(&perf_control_lock);
}

static inline perf_sample_t *
perf_platform_ring(unsigned int cpu, uint32_t samples)
{
	return perf_ring_memory(cpu, samples);
}

static inline kern_return_t
perf_platform_enable(bool enable)
{
	return perf_sites_switch(enable);
}

static inline uint64_t
perf_platform_hooked(void)
{
	return PERF_HOOKED;
}

static inline uint64_t
perf_platform_timed(void)
{
	return PERF_TIMED;
}

static inline bool
perf_platform_name(uint32_t kind, uintptr_t key, char name[PERF_NAME_LENGTH])
{
	return perf_object_name(kind, key, name);
}

static inline uint32_t
perf_platform_traps(void)
{
	return (uint32_t)mach_trap_count;
}

static inline bool
perf_platform_trap_name(uint32_t trap, char name[PERF_NAME_LENGTH])
{
	return perf_trap_name(trap, name);
}

#endif /* _PERF_PLATFORM_H_ */
