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

#include <perf_offsets.h>

#include "perf_trap_entries.h"

/* Of struct perf_activity. */
#define PERF_ACTIVITY_TRAP 20
#define PERF_ACTIVITY_CALL 24

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

/* ipc_kobject_server(request): called by compiled C. */
	.globl	__wrap_ipc_kobject_server
	.type	__wrap_ipc_kobject_server, @function
	.p2align 4
__wrap_ipc_kobject_server:
	pushq	%rdi
	movq	%rsp, %rdi
	call	perf_enter_ipc_kobject_server
	popq	%rdi
	jmp	__real_ipc_kobject_server
	.size	__wrap_ipc_kobject_server, . - __wrap_ipc_kobject_server

/*
 * One entry for each number of a trap, PERF_TRAP_ENTRY_SIZE bytes apart;
 * traps.c puts them into mach_trap_table.
 */
	.globl	perf_trap_entries, perf_message_trap_entry
	.set	perf_message_trap_entry, \
		perf_trap_entries + PERF_TRAP_MACH_MSG * PERF_TRAP_ENTRY_SIZE
	.p2align 4
perf_trap_entries:
	.set	trap, 0
	.rept	PERF_TRAPS_MAX
	.p2align 3
	pushq	$trap - 128	/* in two bytes up to 255 */
	jmp	perf_trap_entered
	.set	trap, trap + 1
	.endr

/*
 * What hooks_busy.c's perf_enter_trap() does, and on to the kernel's function.
 * The stack: number, return address, arguments from the seventh on; the first
 * six are in registers, of which only rdx is in the way.
 */
	.type	perf_trap_entered, @function
perf_trap_entered:
	popq	%rax
	subl	$-128, %eax
	movq	perf_current, %r11
	movl	%eax, PERF_ACTIVITY_TRAP(%r11)
	movq	%rdx, %r10
	rdtsc
	movl	%eax, PERF_ACTIVITY_CALL(%r11)
	movl	%edx, PERF_ACTIVITY_CALL + 4(%r11)
	movq	%r10, %rdx
	movl	PERF_ACTIVITY_TRAP(%r11), %eax
	jmp	*perf_trap_originals(, %rax, 8)
	.size	perf_trap_entered, . - perf_trap_entered

/*
 * The way back to user mode of all but plain system calls.  The stack pointer
 * stands at the registers that user mode gets back, which are not on a stack;
 * every other register is free.
 */
	.globl	perf_detour_return_from_trap
	.type	perf_detour_return_from_trap, @function
	.p2align 4
perf_detour_return_from_trap:
	movq	%rsp, %rbx
	movq	kernel_stack, %rsp
	movl	PERF_OFFSET_SAVED_EAX(%rbx), %edi
	call	perf_leave_kernel
	movq	%rbx, %rsp
	.globl	perf_moved_return_from_trap
perf_moved_return_from_trap:
	.fill	PERF_SIZE_return_from_trap, 1, 0x90 /* the kernel's instruction goes here */
	jmp	PERF_BEHIND_return_from_trap
	.size	perf_detour_return_from_trap, . - perf_detour_return_from_trap

/*
 * That of a system call whose function returned, with its result in rax.  This
 * is a stack; every other register is loaded anew further on.
 */
	.globl	perf_detour_syscall64_check_for_ast
	.type	perf_detour_syscall64_check_for_ast, @function
	.p2align 4
perf_detour_syscall64_check_for_ast:
	movq	%rax, %rbx
	movl	%eax, %edi
	call	perf_leave_kernel
	movq	%rbx, %rax
	.globl	perf_moved_syscall64_check_for_ast
perf_moved_syscall64_check_for_ast:
	.fill	PERF_SIZE_syscall64_check_for_ast, 1, 0x90 /* the kernel's instruction goes here */
	jmp	PERF_BEHIND_syscall64_check_for_ast
	.size	perf_detour_syscall64_check_for_ast, . - perf_detour_syscall64_check_for_ast

	.section .note.GNU-stack, "", @progbits
