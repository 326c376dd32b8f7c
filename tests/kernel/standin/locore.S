/*
 * The stand-in's entry, traps and interrupts.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#define BASE 0xc0000000
#define MAGIC 0x1badb002

	.section .boot, "ax"
header:
	.long	MAGIC, 3, -(MAGIC + 3)

	/* Four megabytes where they are and at the kernel's base. */
	.globl	_start
_start:
	movl	$directory - BASE, %eax
	movl	$0x83, (%eax)
	movl	$0x83, (BASE >> 22) * 4(%eax)
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$0x10, %eax
	movl	%eax, %cr4
	movl	%cr0, %eax
	orl	$0x80010000, %eax
	movl	%eax, %cr0
	movl	$boot_stack_top, %esp
	movl	$1f, %eax
	jmp	*%eax

	.text
1:	call	c_boot_entry
2:	hlt
	jmp	2b

/* system_call(number, ...): as from user mode, whose registers are not on a stack. */
	.globl	system_call
	.type	system_call, @function
system_call:
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	%esp, %ebp
	movl	%esp, user_stack
	movl	20(%ebp), %eax
	shll	$4, %eax
	pushl	36(%ebp)
	pushl	32(%ebp)
	pushl	28(%ebp)
	pushl	24(%ebp)
	call	*mach_trap_table + 4(%eax)
	movl	%eax, user_registers + 11 * 4
	movl	$user_registers, %esp
	jmp	_return_from_trap

	.globl	thread_exception_return
	.type	thread_exception_return, @function
thread_exception_return:
	jmp	_return_from_trap

_return_from_trap:
	cmpl	$0, need_ast
	jne	_return_from_trap
	movl	user_registers + 11 * 4, %eax
	movl	user_stack, %esp
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret

/* clock_interrupts(): one interrupt, and one that hits it. */
	.globl	clock_interrupts
	.type	clock_interrupts, @function
clock_interrupts:
	movl	$0, %eax
	pushl	%eax
all_intrs:
	pushl	%ecx
	pushl	%edx
	cld
	cmpl	$0, nested
	jne	int_from_intstack
	incl	nested
	movl	%esp, %ecx
	pushl	%ecx
	call	interrupt
	.globl	return_to_iret
return_to_iret:
	addl	$4, %esp
	pushl	$2f
	pushl	$0
	jmp	all_intrs
2:	decl	nested
	popl	%edx
	popl	%ecx
	popl	%eax
	ret
int_from_intstack:
	call	interrupt
	popl	%edx
	popl	%ecx
	popl	%eax
	ret

	.bss
	.p2align 12
directory:
	.skip	4096
	.skip	16384
boot_stack_top:
	.skip	8192
kernel_stack_top:
user_registers:
	.skip	64
	.globl	user_stack
user_stack:
	.skip	4
need_ast:
	.skip	4
nested:
	.skip	4

	.data
	.globl	kernel_stack
	.type	kernel_stack, @object
	.size	kernel_stack, 4
kernel_stack:
	.long	kernel_stack_top

	.section .note.GNU-stack, "", @progbits
