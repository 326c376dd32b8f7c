/*
 * The clock of the embedded host: the time-stamp counter where the processor
 * promises that it neither stops nor changes its rate, else the monotonic clock
 * in nanoseconds.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _EMBEDDED_CLOCK_H_
#define _EMBEDDED_CLOCK_H_

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

extern bool embedded_clock_is_tsc;

/* Once, first.  Takes some milliseconds. */
void embedded_clock_init(void);

/* From the two clocks' progress since embedded_clock_init(). */
uint64_t embedded_clock_frequency(void);

static inline uint64_t
embedded_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static inline uint64_t
embedded_clock(void)
{
#if defined(__x86_64__) || defined(__i386__)
	if (__builtin_expect(embedded_clock_is_tsc, 1))
		return __builtin_ia32_rdtsc();
#endif
	return embedded_monotonic_ns();
}

#endif /* _EMBEDDED_CLOCK_H_ */
