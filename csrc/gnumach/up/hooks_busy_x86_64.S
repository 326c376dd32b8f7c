/*
 * The busiest hooks, on the one processor of an x86_64: what hooks_busy.c does.
 *
 * Each finds the usual case by itself and leaves every other to C.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <perf_offsets.h>

#include "perf_record_x86.h"
#include "perf_trap_entries.h"

#define JOIN(prefix, name) JOIN_NOW(prefix, name)
#define JOIN_NOW(prefix, name) prefix##name

#define FUNCTION(name)							\
	.globl	name;							\
	.type	name, @function;					\
	.p2align 4;							\
name

#define RECEIVED 0x80000000 /* PERF_RECEIVED */
#define RECEIVED_BIT 31

	.text

/*
 * A system call begins.  The stack: number, return address, arguments from the
 * seventh on.  The number makes way, and so does rdx, the third argument.
 */
FUNCTION(perf_trap_entered):
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

/* Its third argument is the size of the message to send. */
FUNCTION(perf_message_trap_entry):
	movq	perf_current, %r11
	movl	$PERF_TRAP_MACH_MSG, PERF_ACTIVITY_TRAP(%r11)
	movl	%edx, PERF_ACTIVITY_MESSAGE_SIZE(%r11)
	rdtsc
	movl	%eax, PERF_ACTIVITY_CALL(%r11)
	movl	%edx, PERF_ACTIVITY_CALL + 4(%r11)
	movl	PERF_ACTIVITY_MESSAGE_SIZE(%r11), %edx
	jmp	*perf_trap_originals + 8 * PERF_TRAP_MACH_MSG
	.size	perf_message_trap_entry, . - perf_message_trap_entry

/* The clock in edx:eax as the first argument of what C is left with. */
	.macro	PASS_CLOCK
	shlq	$32, %rdx
	leaq	(%rdx, %rax), %rdi
	.endm

/*
 * copyinmsg(user, kernel, size, room), whose size the system call has noted.  The
 * thread may wait for its message's page, and monitoring may be disabled
 * meanwhile: so what is needed afterwards is on its stack.
 */
FUNCTION(__wrap_copyinmsg):
	pushq	%rsi
	call	__real_copyinmsg
	popq	%rdx
	movq	perf_current, %rcx
	movl	PERF_HEADER_ID(%rdx), %esi
	movl	%esi, PERF_ACTIVITY_MESSAGE_ID(%rcx)
	subq	$PERF_OFFSET_KMSG_HEADER, %rdx
	movq	%rdx, PERF_ACTIVITY_SENDING(%rcx)
	ret
	.size	__wrap_copyinmsg, . - __wrap_copyinmsg

/* ipc_kobject_server(request) */
	.macro	SERVE
	jmp	__real_ipc_kobject_server
	.endm

	.macro	WRITE_MESSAGE slot	/* id and size */
	movq	PERF_ACTIVITY_MESSAGE_ID(%r9), %rdx
	movq	%rdx, PERF_SLOT_DATA1(\slot)
	.endm

FUNCTION(__wrap_ipc_kobject_server):
	movq	perf_current, %r9
	cmpq	%rdi, PERF_ACTIVITY_SENDING(%r9)
	jne	.Lserve
	movq	$0, PERF_ACTIVITY_SENDING(%r9)
	RECORD	PERF_SEND, PERF_ACTIVITY_CALL, WRITE_MESSAGE, SERVE, .Lsend_unusual
	.subsection 1
.Lsend_unusual:
	pushq	%rdi
	PASS_CLOCK
	call	perf_send_unusual
	popq	%rdi
.Lserve:
	SERVE
	.subsection 0
	.size	__wrap_ipc_kobject_server, . - __wrap_ipc_kobject_server

/* ipc_mqueue_send(kmsg, option, timeout) */
	.macro	SUCCEED
	xorl	%eax, %eax
	ret
	.endm

FUNCTION(__wrap_ipc_mqueue_send):
	pushq	%rdi
	call	__real_ipc_mqueue_send
	popq	%rdi
	movq	perf_current, %r9
	cmpq	%rdi, PERF_ACTIVITY_SENDING(%r9)
	jne	.Lnot_sent
	testl	%eax, %eax
	jne	.Lnot_sent
	movq	$0, PERF_ACTIVITY_SENDING(%r9)
	RECORD	PERF_SEND, PERF_ACTIVITY_CALL, WRITE_MESSAGE, SUCCEED, .Lqueued_unusual
	.subsection 1
.Lqueued_unusual:
	PASS_CLOCK
	call	perf_send_unusual
	xorl	%eax, %eax
.Lnot_sent:
	ret
	.subsection 0
	.size	__wrap_ipc_mqueue_send, . - __wrap_ipc_mqueue_send

/*
 * ipc_kmsg_put(message, kmsg, size), after which the kmsg may be another's.  On
 * the stack are what is in front of its id, the id, and the size.
 */
	.macro	SUCCEED_WITH_ID
	addq	$16, %rsp
	SUCCEED
	.endm

	.macro	WRITE_PUT slot	/* id and size */
	movq	4 + 8(%rsp), %rdx
	movq	%rdx, PERF_SLOT_DATA1(\slot)
	.endm

FUNCTION(__wrap_ipc_kmsg_put):
	movq	perf_current, %rcx
	btsl	$RECEIVED_BIT, PERF_ACTIVITY_TRAP(%rcx)
	jc	__real_ipc_kmsg_put
	pushq	%rdx
	pushq	PERF_OFFSET_KMSG_HEADER + PERF_HEADER_ID - 4(%rsi)
	call	__real_ipc_kmsg_put
	testl	%eax, %eax
	jne	.Lput_failed
	movq	perf_current, %r9
	RECORD	PERF_RECEIVE, PERF_ACTIVITY_CALL, WRITE_PUT, SUCCEED_WITH_ID, .Lput_unusual
	.subsection 1
.Lput_unusual:
	PASS_CLOCK
	popq	%rsi
	popq	%rdx
	shrq	$32, %rsi
	call	perf_receipt_unusual
	SUCCEED
.Lput_failed:
	popq	%rdi
	popq	%rsi
	shrq	$32, %rdi
	pushq	%rax
	call	perf_receipt_failed
	popq	%rax
	ret
	.subsection 0
	.size	__wrap_ipc_kmsg_put, . - __wrap_ipc_kmsg_put

/* copyout(kernel, user, size), or copyoutmsg; then rdi, and esi for the size. */
	.macro	WRITE_RECEIPT slot
	WRITE_DATA1 PERF_HEADER_ID(%rdi), \slot
	movl	%esi, PERF_SLOT_DATA2(\slot)
	.endm

FUNCTION(JOIN(__wrap_, PERF_COPYOUT)):
	pushq	%rdi
	pushq	%rdx
	call	JOIN(__real_, PERF_COPYOUT)
	popq	%rsi
	popq	%rdi
	testl	%eax, %eax
	jne	.Lno_receipt
	cmpq	$PERF_HEADER_SIZE, %rsi
	jb	.Lno_receipt
#if PERF_ALL_CALLS /* and not only those of the two that have fast paths */
	movq	(%rsp), %rdx
	subq	$mach_msg_trap, %rdx
	cmpq	$PERF_SIZE_MACH_MSG_TRAP, %rdx
	jb	.Lreceipt
	movq	(%rsp), %rdx
	subq	$exception_raise, %rdx
	cmpq	$PERF_SIZE_EXCEPTION_RAISE, %rdx
	jae	.Lno_receipt
.Lreceipt:
#endif
	movq	perf_current, %r9
	orl	$RECEIVED, PERF_ACTIVITY_TRAP(%r9)
	RECORD	PERF_RECEIVE, PERF_ACTIVITY_CALL, WRITE_RECEIPT, SUCCEED, .Lreceipt_unusual
	.subsection 1
.Lreceipt_unusual:
	movl	%esi, %ecx
	movl	PERF_HEADER_ID(%rdi), %esi
	PASS_CLOCK
	movl	%ecx, %edx
	call	perf_receipt_unusual
	SUCCEED
.Lno_receipt:
	ret
	.subsection 0
	.size	JOIN(__wrap_, PERF_COPYOUT), . - JOIN(__wrap_, PERF_COPYOUT)

/*
 * vm_fault(map, address, protection, change_wiring, resume, continuation), of
 * which the last is exchanged.
 */
FUNCTION(__wrap_vm_fault):
	cmpq	perf_fault_continuation, %r9
	jne	perf_vm_fault
	testl	%r8d, %r8d
	jne	perf_vm_fault
	movq	perf_current, %r11
	movl	%esi, PERF_ACTIVITY_FAULT_ADDRESS(%r11)
	movl	%edx, PERF_ACTIVITY_FAULT_PROTECTION(%r11)
	movq	$perf_fault_resolved, %r9
	movl	%edx, %r10d
	rdtsc
	movl	%eax, PERF_ACTIVITY_FAULT(%r11)
	movl	%edx, PERF_ACTIVITY_FAULT + 4(%r11)
	movl	%r10d, %edx
	jmp	__real_vm_fault
	.size	__wrap_vm_fault, . - __wrap_vm_fault

/* perf_fault_resolved(result) */
	.macro	CONTINUE
	movl	$PERF_NEVER_HIGH, PERF_ACTIVITY_FAULT + 4(%r9)
	jmp	*perf_fault_continuation
	.endm

	.macro	WRITE_FAULT slot	/* address and protection */
	movq	PERF_ACTIVITY_FAULT_ADDRESS(%r9), %rdx
	movq	%rdx, PERF_SLOT_DATA1(\slot)
	.endm

FUNCTION(perf_fault_resolved):
	testl	%edi, %edi
	jne	.Lnot_resolved
	movq	perf_current, %r9
	RECORD	PERF_FAULT, PERF_ACTIVITY_FAULT, WRITE_FAULT, CONTINUE, .Lfault_unusual
	.subsection 1
.Lnot_resolved:
	rdtsc
.Lfault_unusual:
	pushq	%rdi
	movl	%edi, %esi
	PASS_CLOCK
	call	perf_fault_unusual
	popq	%rdi
	movq	perf_current, %r9
	CONTINUE
	.subsection 0
	.size	perf_fault_resolved, . - perf_fault_resolved

/*
 * The way out of a system call, whose result is in rdi and returns there.  One
 * that has ended, or whose beginning was not seen, is found here because it is
 * not usual.
 *
 * to_stack, from_stack	macros around what needs a stack; rbp is kept in between
 */
	.macro	WRITE_CALL slot
	movl	PERF_ACTIVITY_TRAP(%r9), %edx
	andl	$~RECEIVED, %edx
	movl	%edx, PERF_SLOT_DATA1(\slot)
	movl	%edi, PERF_SLOT_DATA2(\slot)
	.endm

	.macro	LEAVE to_stack, from_stack, mask, unmask
	testl	%edi, %edi
	jne	.Lanswered\@
.Lsucceeded\@:
	RECORD	PERF_SYSCALL, PERF_ACTIVITY_CALL, WRITE_CALL, , .Lcall_unusual\@, .Lcall_masked\@, \
		.Lcall_carries\@, \mask, \unmask
.Lcall_ended\@:
	movl	$PERF_NEVER_HIGH, PERF_ACTIVITY_CALL + 4(%r9)
.Lcall_left\@:

	.subsection 1
.Lcall_carries\@:
	\to_stack
	CARRY	PERF_SYSCALL
	\from_stack
	jmp	.Lcall_ended\@
.Lcall_masked\@:
	cmpq	$0, PERF_ACTIVITY_SENDING(%r9)
	je	.Lcall_ended\@
	movl	%ecx, %eax
.Lcall_unusual\@:
	\to_stack
	pushq	%rdi
	cmpl	$PERF_NEVER_HIGH, PERF_ACTIVITY_CALL + 4(%r9)
	je	.Lno_call\@
	movl	%edi, %esi
	PASS_CLOCK
	call	perf_call_unusual
	jmp	.Lcall_left_to_c\@
.Lno_call\@:
	cmpq	$0, PERF_ACTIVITY_SENDING(%r9)
	je	.Lcall_left_to_c\@
	call	perf_call_none
	jmp	.Lcall_left_to_c\@
.Lanswered\@:
	movl	PERF_ACTIVITY_TRAP(%r9), %ecx
	cmpl	$PERF_VALUE_TRAPS, %ecx
	jae	.Lcall_failed\@
	btl	%ecx, perf_value_traps
	jc	.Lsucceeded\@
.Lcall_failed\@:
	\to_stack
	pushq	%rdi
	call	perf_call_failed
.Lcall_left_to_c\@:
	popq	%rdi
	\from_stack
	jmp	.Lcall_left\@
	.subsection 0
	.endm

/*
 * The way back to user mode of all but plain system calls.  The stack pointer
 * stands at the registers that user mode gets back, which are not on a stack;
 * every other register is free.  Here the kernel has interrupts on, as they will
 * be in user mode.
 */
	.macro	TO_STACK
	movq	%rsp, %rbp
	movq	kernel_stack, %rsp
	.endm

	.macro	FROM_STACK
	movq	%rbp, %rsp
	.endm

FUNCTION(perf_detour_return_from_trap):
	movq	perf_current, %r9
	cmpl	$PERF_NEVER_HIGH, PERF_ACTIVITY_CALL + 4(%r9)
	je	.Lno_call
	movl	PERF_OFFSET_SAVED_EAX(%rsp), %edi
	LEAVE	TO_STACK, FROM_STACK, cli, sti
	.globl	perf_moved_return_from_trap
perf_moved_return_from_trap:
	.fill	PERF_SIZE_return_from_trap, 1, 0x90 /* the kernel's instruction goes here */
	jmp	PERF_BEHIND_return_from_trap

	.subsection 1
.Lno_call:
	cmpq	$0, PERF_ACTIVITY_SENDING(%r9)
	je	perf_moved_return_from_trap
	TO_STACK
	call	perf_call_none
	FROM_STACK
	jmp	perf_moved_return_from_trap
	.subsection 0
	.size	perf_detour_return_from_trap, . - perf_detour_return_from_trap

/*
 * That of a system call whose function returned, with its result in rax.  This
 * is a stack; every other register is loaded anew further on.
 */
FUNCTION(perf_detour_syscall64_check_for_ast):
	movq	perf_current, %r9
	movq	%rax, %rdi
	LEAVE	, , MASK, UNMASK
	movq	%rdi, %rax
	.globl	perf_moved_syscall64_check_for_ast
perf_moved_syscall64_check_for_ast:
	.fill	PERF_SIZE_syscall64_check_for_ast, 1, 0x90 /* the kernel's instruction goes here */
	jmp	PERF_BEHIND_syscall64_check_for_ast
	.size	perf_detour_syscall64_check_for_ast, . - perf_detour_syscall64_check_for_ast

	.section .note.GNU-stack, "", @progbits
