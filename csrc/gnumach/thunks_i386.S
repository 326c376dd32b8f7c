/*
 * Entry thunks, and what mach_trap_table is filled with.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_thunks_i386.h"
#include "perf_trap_entries.h"

	.text

	THUNK(interrupt)
	THUNK(splx_cli)

/*
 * One entry for each number of a trap, PERF_TRAP_ENTRY_SIZE bytes apart;
 * traps.c puts them into mach_trap_table.
 */
	.globl	perf_trap_entries
	.p2align 4
perf_trap_entries:
	.set	trap, 0
	.rept	PERF_TRAPS_MAX
	.p2align 3
	pushl	$trap - 128	/* in two bytes up to 255 */
	jmp	perf_trap_entered
	.set	trap, trap + 1
	.endr

	.section .note.GNU-stack, "", @progbits
