/*
 * Switching the hooks: the places that change when monitoring is enabled.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_SITES_H_
#define _PERF_SITES_H_

#include <stdbool.h>
#include <stdint.h>

#include <mach/kern_return.h>

/*
 * A wrapped function, and how many of the calls in perf_sites, one after
 * another, are calls of it.  The instrumenter writes the tables; in a kernel that
 * was linked with --wrap they are empty, because its calls are wrapped for good.
 */
struct perf_hook {
	uintptr_t function;
	uintptr_t wrapper;
	uint32_t sites;
};

extern const struct perf_hook perf_hooks[];
extern const uint32_t perf_hook_count;

/* Where the displacement of each call is: all of a kernel's text is in the same 2 GB. */
extern const int32_t perf_sites[];

/* Where the memory added to an image ends; 0 in a kernel that was linked with --wrap. */
extern const uintptr_t perf_added_end;

/* The calls of one wrapper alone, on the only processor that runs. */
void perf_hook_set(uintptr_t wrapper, bool on);

/*
 * An instruction in the kernel's text that becomes a jump to the entry, which
 * goes on with a copy of the instruction and then behind it.  The copy is made
 * when monitoring is first enabled: only then are its addresses known wherever
 * the kernel was linked.
 */
#define PERF_JUMP_SIZE 5

struct perf_detour {
	uint8_t *instruction;
	uint8_t *moved;
	uint32_t size;
	uintptr_t entry;
};

extern const struct perf_detour perf_detours[];
extern const uint32_t perf_detour_count;

/* Put the trap entries into mach_trap_table, or the kernel's functions back. */
extern uintptr_t perf_trap_originals[];
kern_return_t perf_traps_check(void);
void perf_traps_switch(bool on);

#endif /* _PERF_SITES_H_ */
