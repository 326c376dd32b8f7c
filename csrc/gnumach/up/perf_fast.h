/*
 * The usual end of a timed event that leaves no sample, on the one processor of
 * an i386: what perf_record_usual() does then, in as few instructions and
 * registers as it takes.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_FAST_H_
#define _PERF_FAST_H_

#include <perf_usual.h>

#if defined(__i386__)

#define PERF_HAS_FAST 1

typedef uint32_t __attribute__((may_alias)) perf_half_t;

/*
 * The event is a constant.  False if the end is not usual or a sample is due;
 * then the statistics' last, which is the clock now, is all that has been
 * written.
 */
static inline __attribute__((always_inline)) bool
perf_record_fast(uint32_t event, const uint64_t *begun)
{
	struct perf_cpu *cpu = &perf_cpus[0];
	struct perf_statistics *statistics = &cpu->statistics[event];
	const perf_half_t *start = (const perf_half_t *)begun;
	perf_half_t *last = (perf_half_t *)&statistics->last;
	const perf_half_t *closed = (const perf_half_t *)&cpu->closed;

	__asm__ __volatile__ goto(
		"rdtsc\n\t"
		"movl %%eax, %[last]\n\t"
		"movl %%edx, %[last_high]\n\t"
		/* a sample is due if now > closed */
		"cmpl %%eax, %[closed]\n\t"
		"movl %[closed_high], %%ecx\n\t"
		"sbbl %%edx, %%ecx\n\t"
		"jl %l[otherwise]\n\t"
		/* ticks = now - begun, below 2^32 */
		"subl %[begun], %%eax\n\t"
		"sbbl %[begun_high], %%edx\n\t"
		"jne %l[otherwise]\n\t"
		/* ticks - low < span */
		"movl %%eax, %%edx\n\t"
		"subl %[low], %%edx\n\t"
		"cmpl %[span], %%edx\n\t"
		"jae %l[otherwise]\n\t"
		/* work[4 * shift - 16 + (ticks >> shift)]++, shift = log2(ticks) - 2 */
		"movl %%eax, %%edx\n\t"
		"bsrl %%eax, %%ecx\n\t"
		"subl $2, %%ecx\n\t"
		"shrl %%cl, %%eax\n\t"
		"leal (%%eax,%%ecx,4), %%eax\n\t"
		"incl %c[work](,%%eax,4)\n\t"
		"incl %[limited]\n\t"
		"incl %[timed]\n\t"
		"addl %%edx, %[total]\n\t"
		"jc %l[carry]"
		:
		: [last] "m"(last[0]), [last_high] "m"(last[1]), [closed] "m"(closed[0]),
		  [closed_high] "m"(closed[1]), [begun] "m"(start[0]),
		  [begun_high] "m"(start[1]), [low] "m"(statistics->low),
		  [span] "m"(statistics->span), [limited] "m"(cpu->limited),
		  [timed] "m"(statistics->timed_since), [total] "m"(statistics->total),
		  [work] "i"((uintptr_t)statistics->work -
			     sizeof(uint32_t) * (PERF_WORK_SHIFT << 2))
		: "eax", "ecx", "edx", "cc", "memory"
		: otherwise, carry);
	return true;
carry:
	perf_cpu_carry(cpu, statistics);
	return true;
otherwise:
	return false;
}

#else

#define PERF_HAS_FAST 0

static inline bool
perf_record_fast(uint32_t event, const uint64_t *begun)
{
	(void)event, (void)begun;
	return false;
}

#endif

#endif /* _PERF_FAST_H_ */
