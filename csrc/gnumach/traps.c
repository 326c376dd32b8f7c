/*
 * System calls: the functions in mach_trap_table are exchanged for entries
 * that know their number.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <perf_platform.h>

#include "perf_sites.h"
#include "perf_trap_entries.h"

/* That of messages may be one of its own. */
extern char perf_trap_entries[], perf_message_trap_entry[];

/* While the entries are in place, the functions they go on to. */
uintptr_t perf_trap_originals[PERF_TRAPS_MAX];

static inline uintptr_t *
trap_function(uint32_t trap)
{
	return (uintptr_t *)(mach_trap_table + trap * PERF_SIZE_TRAP + PERF_OFFSET_TRAP_FUNCTION);
}

static inline uintptr_t
entry(uint32_t trap)
{
	if (trap == PERF_TRAP_MACH_MSG)
		return (uintptr_t)perf_message_trap_entry;
	return (uintptr_t)perf_trap_entries + trap * PERF_TRAP_ENTRY_SIZE;
}

kern_return_t
perf_traps_check(void)
{
	return perf_platform_traps() <= PERF_TRAPS_MAX ? KERN_SUCCESS : KERN_FAILURE;
}

void
perf_traps_switch(bool on)
{
	for (uint32_t trap = 0; trap < perf_platform_traps(); trap++) {
		uintptr_t *function = trap_function(trap);

		if (on) {
			perf_trap_originals[trap] = *function;
			*function = entry(trap);
		} else {
			*function = perf_trap_originals[trap];
		}
	}
}
