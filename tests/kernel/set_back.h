/*
 * A clock that can be set back while the kernel runs, for tests: included
 * before each file of the monitor, it stands for the processor's.  How far it
 * is behind, a debugger's stub writes into a buffer of the kernel's debugger.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifdef __ASSEMBLER__

	.macro	rdtsc
	.byte	0x0f, 0x31
	subl	db_last_line, %eax
	sbbl	db_last_line + 4, %edx
	.endm

#else

#include <stdint.h>

extern volatile uint32_t db_last_line[];

static inline uint64_t
perf_clock_set_back(void)
{
	uint32_t low, high;

	__asm__ __volatile__("rdtsc" : "=a"(low), "=d"(high));
	return ((uint64_t)high << 32 | low) - ((uint64_t)db_last_line[1] << 32 | db_last_line[0]);
}

#define __builtin_ia32_rdtsc() perf_clock_set_back()

#endif
