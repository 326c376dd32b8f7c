/*
 * Entry thunks: tell a handler, then go on to the function with registers and
 * stack as its caller left them.  Nothing stays on the stack, so functions
 * that never return, that discard their stack or whose caller they tell by its
 * return address are as good as any.
 *
 * Saved are the registers that the functions here are called with; all others
 * are free at a call, or have been saved by who was interrupted.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_trap_entries.h"

#define THUNK(name)							\
	.globl	__wrap_##name;					\
	.type	__wrap_##name, @function;				\
	.p2align 4;							\
__wrap_##name:							\
	pushq	%rax;							\
	pushq	%rdx;							\
	pushq	%rsi;							\
	pushq	%rdi;							\
	movq	%rsp, %rdi;						\
	call	perf_enter_##name;					\
	popq	%rdi;							\
	popq	%rsi;							\
	popq	%rdx;							\
	popq	%rax;							\
	jmp	__real_##name;					\
	.size	__wrap_##name, . - __wrap_##name

	.text

	THUNK(switch_context)
	THUNK(stack_handoff)
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
	pushq	$trap - 128	/* in two bytes up to 255 */
	jmp	perf_trap_entered
	.set	trap, trap + 1
	.endr

	.section .note.GNU-stack, "", @progbits
