/*
 * Entry thunks: tell a handler, then go on to the function with registers and
 * stack as its caller left them.  Nothing stays on the stack, so functions
 * that never return, that discard their stack or that take arguments in
 * registers are as good as any.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_trap_entries.h"

#include <perf_offsets.h>
#include <perf_processor.h>

#define THUNK(name)							\
	.globl	__wrap_##name;					\
	.type	__wrap_##name, @function;				\
	.p2align 4;							\
__wrap_##name:							\
	pushl	%eax;							\
	pushl	%ecx;							\
	pushl	%edx;							\
	movl	%esp, %eax;						\
	call	perf_enter_##name;					\
	popl	%edx;							\
	popl	%ecx;							\
	popl	%eax;							\
	jmp	__real_##name;					\
	.size	__wrap_##name, . - __wrap_##name

/* Where the caller is compiled C: no register holds an argument or is to be saved. */
#define C_THUNK(name)							\
	.globl	__wrap_##name;					\
	.type	__wrap_##name, @function;				\
	.p2align 4;							\
__wrap_##name:							\
	leal	-12(%esp), %eax;					\
	call	perf_enter_##name;					\
	jmp	__real_##name;					\
	.size	__wrap_##name, . - __wrap_##name

	.text

	C_THUNK(switch_context)
	C_THUNK(stack_handoff)
	C_THUNK(ipc_kobject_server)
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
	jmp	enter_trap
	.set	trap, trap + 1
	.endr

/*
 * The stack: number, return address, arguments.  The number makes way for the target.
 * Functions for traps are called as any in C: there is no register to save.
 */
	.type	enter_trap, @function
enter_trap:
	PERF_ENTER_TRAP
	.size	enter_trap, . - enter_trap

/*
 * Where the kernel's way back to user mode is detoured to.  The stack pointer
 * stands at the registers that user mode gets back, which are not on a stack;
 * every other register is free but edx, which some kernels have set already.
 */
	.globl	perf_detour_return_from_trap
	.type	perf_detour_return_from_trap, @function
	.p2align 4
perf_detour_return_from_trap:
	movl	%esp, %ebx
	movl	%edx, %esi
	PERF_TO_KERNEL_STACK %eax
	movl	PERF_OFFSET_SAVED_EAX(%ebx), %eax
	call	perf_leave_kernel
	movl	%ebx, %esp
	movl	%esi, %edx
	.globl	perf_moved_return_from_trap
perf_moved_return_from_trap:
	.fill	PERF_SIZE_return_from_trap, 1, 0x90 /* the kernel's instruction goes here */
	jmp	PERF_BEHIND_return_from_trap
	.size	perf_detour_return_from_trap, . - perf_detour_return_from_trap

	.section .note.GNU-stack, "", @progbits
