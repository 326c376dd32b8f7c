/*
 * Entry of a boot task and of its threads, and the kernel traps they use.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/* The instruction itself takes rcx and r11; the fourth argument goes elsewhere. */
#define TRAP(name, number)						\
	.globl	name;							\
	.type	name, @function;					\
name:	movl	$number, %eax;						\
	movq	%rcx, %r10;						\
	syscall;							\
	ret;								\
	.size	name, . - name

	.text

	TRAP(mach_msg_trap, -25)
	TRAP(mach_reply_port, -26)
	TRAP(mach_thread_self, -27)
	TRAP(mach_task_self, -28)
	TRAP(mach_host_self, -29)
	TRAP(syscall_vm_allocate, -65)
	TRAP(syscall_vm_deallocate, -66)

/*
 * The kernel leaves argc, argv and the environment on the stack.  They stay
 * there; the task runs on a stack of its own (guest_main_stack in runtime.c).
 */
	.globl	_start
	.type	_start, @function
_start:
	xorl	%ebp, %ebp
	movq	%rsp, %rdi
	leaq	guest_main_stack_top(%rip), %rsp
	call	guest_start
1:	jmp	1b
	.size	_start, . - _start

/* A new thread finds its function on top of its stack; the function never returns. */
	.globl	guest_thread_entry
	.type	guest_thread_entry, @function
guest_thread_entry:
	xorl	%ebp, %ebp
	popq	%rax
	andq	$-16, %rsp
	call	*%rax
1:	jmp	1b
	.size	guest_thread_entry, . - guest_thread_entry

	.section .note.GNU-stack, "", @progbits
