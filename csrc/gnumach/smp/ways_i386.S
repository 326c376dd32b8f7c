/*
 * The busiest hooks of a kernel for several processors: ways to the C of
 * hooks_busy.c.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <perf_offsets.h>

#include "perf_thunks_i386.h"
#include "perf_trap_entries.h"

	.text

	C_THUNK(ipc_kobject_server)
	C_THUNK(switch_context)
	C_THUNK(stack_handoff)

FUNCTION(perf_message_trap_entry):
	pushl	$PERF_TRAP_MACH_MSG - 128
	jmp	perf_trap_entered
	.size	perf_message_trap_entry, . - perf_message_trap_entry

/*
 * The stack: number, return address, arguments.  The number makes way for the
 * target.  Functions for traps are called as any in C: there is no register to
 * save.
 */
FUNCTION(perf_trap_entered):
	movl	(%esp), %eax
	subl	$-128, %eax
	call	perf_enter_trap
	movl	%eax, (%esp)
	ret
	.size	perf_trap_entered, . - perf_trap_entered

/*
 * Where the kernel's way back to user mode is detoured to.  The stack pointer
 * stands at the registers that user mode gets back, which are not on a stack;
 * every other register is free but edx, which some kernels have set already.
 */
FUNCTION(perf_detour_return_from_trap):
	movl	%esp, %ebx
	movl	%edx, %esi
	movl	%gs:PERF_OFFSET_PERCPU_CPU_ID, %eax
	movl	kernel_stack(, %eax, 4), %esp
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
