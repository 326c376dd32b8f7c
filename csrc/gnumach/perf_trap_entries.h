/*
 * The shape of the trap entries, for C and for the assembler.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_TRAP_ENTRIES_H_
#define _PERF_TRAP_ENTRIES_H_

#include <perf_offsets.h>

/* Of the kernel that this is compiled for. */
#define PERF_TRAPS_MAX PERF_TRAPS
#define PERF_TRAP_ENTRY_SIZE 8 /* a push of a byte and a near jump are 7 */
#define PERF_TRAP_MACH_MSG 25

/* Those that may answer a value are below. */
#define PERF_VALUE_TRAPS 64

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

/* Bit set: it answers a port's name or a truth value; what others answer is 0 for success. */
extern const uint32_t perf_value_traps[PERF_VALUE_TRAPS / 32];

static inline bool
perf_trap_answers_value(uint32_t trap)
{
	return trap < PERF_VALUE_TRAPS && (perf_value_traps[trap / 32] >> trap % 32 & 1);
}

#endif

#endif /* _PERF_TRAP_ENTRIES_H_ */
