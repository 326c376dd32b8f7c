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
 * A call in the kernel's text.  The instrumenter writes the table; a kernel
 * that was linked with --wrap has none, because its calls are wrapped for good.
 */
struct perf_site {
	uint32_t *operand; /* the call's displacement */
	uint32_t original; /* its value in the stock kernel */
	uintptr_t wrapper;
};

extern const struct perf_site perf_sites[];
extern const uint32_t perf_site_count;

/* Where the memory added to an image ends; 0 in a kernel that was linked with --wrap. */
extern const uintptr_t perf_added_end;

/* One of them alone, on the only processor that runs. */
void perf_site_set(const struct perf_site *site, bool on);

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
