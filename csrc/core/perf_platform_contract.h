/*
 * What the core asks of the platform that it runs on.
 *
 * A platform gives <perf_platform.h> (csrc/gnumach, csrc/embedded, tests/core):
 * three constants and the inline functions declared here.  Declaring them
 * after their definitions makes the compiler hold each platform to this list.
 * No file of the core includes anything else of its platform.
 *
 * "A hook" below is perf_record_instant(), perf_record_timed() and
 * perf_stamp_take().  They run anywhere, with 256 bytes of stack, so what they
 * call may not block, allocate, take a lock, or be hooked itself; those
 * functions are marked [hook].  All others run in a thread, in an RPC, and may
 * block.
 *
 *	PERF_PLATFORM_CPUS	most CPUs there can be; 65 KB of bss for each
 *	PERF_PLATFORM_TASKS	places in the table of task ids, a power of two
 *				of at least 32; 12 bytes each (16 on 64 bits)
 *	PERF_PLATFORM_THREADS	the same for threads
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_PLATFORM_CONTRACT_H_
#define _PERF_PLATFORM_CONTRACT_H_

#include <stdbool.h>
#include <stdint.h>

#include <mach/kern_return.h>
#include <mach/perf_monitor.h>

#include <perf_platform.h>

/* [hook] The clock, in ticks.  It does not go back on a CPU. */
static inline uint64_t perf_platform_clock(void);

/*
 * Ticks per second, from 1e6 to 1e10.  Asked for by perf_analysis_init(), and
 * under the control lock by an enable, after perf_platform_enable(true), and by
 * reports of the clock, until there are figures.
 */
static inline uint64_t perf_platform_clock_frequency(void);

/* Time of day, now; zeros where there is none. */
static inline void perf_platform_wall_clock(uint64_t *seconds,
					    uint64_t *nanoseconds);

/* [hook] The CPU that runs this, below perf_platform_cpus(); asked while masked. */
static inline unsigned int perf_platform_cpu(void);

/* CPUs in use, at most PERF_PLATFORM_CPUS; it does not change. */
static inline unsigned int perf_platform_cpus(void);

/*
 * [hook] Until unmask, nothing else runs on this CPU and this does not move to
 * another (interrupts masked).  Not nested.
 */
static inline unsigned long perf_platform_mask(void);
static inline void perf_platform_unmask(unsigned long saved);

/* [hook] Another CPU is about to finish something: relax. */
static inline void perf_platform_pause(void);

/* [hook] Keys of the task and thread that are running; 0: none. */
static inline uintptr_t perf_platform_task(void);
static inline uintptr_t perf_platform_thread(void);

/*
 * Exclude other control operations (enable, configure, reset, options,
 * baseline).  Not nested, never taken by a hook or a reader of samples; held
 * across perf_platform_ring() and perf_platform_enable().
 */
static inline void perf_platform_lock(void);
static inline void perf_platform_unlock(void);

/*
 * Memory for a CPU's ring of that many samples (PERF_BUFFER_MIN to
 * PERF_BUFFER_MAX), aligned to 64 bytes, wired; null if there is none.  What
 * was given once stays mapped for ever, because a reader may be in it, and may
 * be given again to the same CPU for the same or a smaller size.
 */
static inline perf_sample_t *perf_platform_ring(unsigned int cpu,
						uint32_t samples);

/*
 * Put the hooks in place, or take them out.  Enabling calls it before the
 * first event is let through, disabling after the last.
 */
static inline kern_return_t perf_platform_enable(bool enable);

/* Masks of the built-in events that are hooked here, and those that are timed. */
static inline uint64_t perf_platform_hooked(void);
static inline uint64_t perf_platform_timed(void);

/*
 * The name of a live task (PERF_NAMES_TASKS) or thread (PERF_NAMES_THREADS);
 * false if it has none.  The name is zeroed before the call and must end in a
 * zero.
 */
static inline bool perf_platform_name(uint32_t kind, uintptr_t key,
				      char name[PERF_NAME_LENGTH]);

/* Trap numbers go from 0 to below this; the names of some. */
static inline uint32_t perf_platform_traps(void);
static inline bool perf_platform_trap_name(uint32_t trap,
					   char name[PERF_NAME_LENGTH]);

#endif /* _PERF_PLATFORM_CONTRACT_H_ */
