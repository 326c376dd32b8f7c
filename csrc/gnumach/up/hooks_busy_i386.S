/*
 * The busiest hooks, on the one processor of an i386: what hooks_busy.c does.
 *
 * Each finds the usual case by itself and leaves every other to C.  No argument
 * is moved that need not be.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <perf_offsets.h>

#include "perf_record_x86.h"
#include "perf_thunks_i386.h"
#include "perf_trap_entries.h"

#define JOIN(prefix, name) JOIN_NOW(prefix, name)
#define JOIN_NOW(prefix, name) prefix##name

#define RECEIVED 0x80000000 /* PERF_RECEIVED */
#define RECEIVED_BIT 31

	.text

/* A system call begins.  eax, ecx and edx are free, as in any function. */
	.macro	BEGIN_CALL
	rdtsc
	movl	%eax, PERF_ACTIVITY_CALL(%ecx)
	movl	%edx, PERF_ACTIVITY_CALL + 4(%ecx)
	.endm

/* The stack: number, return address, arguments.  The number makes way. */
FUNCTION(perf_trap_entered):
	popl	%eax
	subl	$-128, %eax
	movl	perf_current, %ecx
	movl	%eax, PERF_ACTIVITY_TRAP(%ecx)
	BEGIN_CALL
	movl	PERF_ACTIVITY_TRAP(%ecx), %eax
	jmp	*perf_trap_originals(, %eax, 4)
	.size	perf_trap_entered, . - perf_trap_entered

FUNCTION(perf_message_trap_entry):
	movl	perf_current, %ecx
	movl	$PERF_TRAP_MACH_MSG, PERF_ACTIVITY_TRAP(%ecx)
	BEGIN_CALL
	jmp	*perf_trap_originals + 4 * PERF_TRAP_MACH_MSG
	.size	perf_message_trap_entry, . - perf_message_trap_entry

/* copyinmsg(user, kernel, size, room) */
FUNCTION(__wrap_copyinmsg):
	pushl	16(%esp)
	pushl	16(%esp)
	pushl	16(%esp)
	pushl	16(%esp)
	call	__real_copyinmsg
	addl	$16, %esp
	movl	perf_current, %ecx
	movl	8(%esp), %edx
	pushl	PERF_HEADER_ID(%edx)
	popl	PERF_ACTIVITY_MESSAGE_ID(%ecx)
	pushl	12(%esp)
	popl	PERF_ACTIVITY_MESSAGE_SIZE(%ecx)
	subl	$PERF_OFFSET_KMSG_HEADER, %edx
	movl	%edx, PERF_ACTIVITY_SENDING(%ecx)
	ret
	.size	__wrap_copyinmsg, . - __wrap_copyinmsg

/* ipc_kobject_server(request) */
	.macro	SERVE
	jmp	__real_ipc_kobject_server
	.endm

	.macro	WRITE_MESSAGE slot
	WRITE_DATA1 PERF_ACTIVITY_MESSAGE_ID(%ecx), \slot
	WRITE_DATA2 PERF_ACTIVITY_MESSAGE_SIZE(%ecx), \slot
	.endm

FUNCTION(__wrap_ipc_kobject_server):
	movl	perf_current, %ecx
	movl	4(%esp), %eax
	cmpl	%eax, PERF_ACTIVITY_SENDING(%ecx)
	jne	.Lserve
	movl	$0, PERF_ACTIVITY_SENDING(%ecx)
	RECORD	PERF_SEND, PERF_ACTIVITY_CALL, WRITE_MESSAGE, SERVE, .Lsend_unusual
	.subsection 1
.Lsend_unusual:
	call	perf_send_unusual
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
	pushl	12(%esp)
	pushl	12(%esp)
	pushl	12(%esp)
	call	__real_ipc_mqueue_send
	addl	$12, %esp
	movl	perf_current, %ecx
	movl	4(%esp), %edx
	cmpl	%edx, PERF_ACTIVITY_SENDING(%ecx)
	jne	.Lnot_sent
	testl	%eax, %eax
	jne	.Lnot_sent
	movl	$0, PERF_ACTIVITY_SENDING(%ecx)
	RECORD	PERF_SEND, PERF_ACTIVITY_CALL, WRITE_MESSAGE, SUCCEED, .Lqueued_unusual
	.subsection 1
.Lqueued_unusual:
	call	perf_send_unusual
	xorl	%eax, %eax
.Lnot_sent:
	ret
	.subsection 0
	.size	__wrap_ipc_mqueue_send, . - __wrap_ipc_mqueue_send

/* ipc_kmsg_put(message, kmsg, size), after which the kmsg may be another's */
	.macro	SUCCEED_WITH_ID
	addl	$4, %esp
	SUCCEED
	.endm

	.macro	WRITE_PUT slot
	WRITE_DATA1 8(%esp), \slot
	WRITE_DATA2 24(%esp), \slot
	.endm

FUNCTION(__wrap_ipc_kmsg_put):
	movl	perf_current, %ecx
	btsl	$RECEIVED_BIT, PERF_ACTIVITY_TRAP(%ecx)
	jc	__real_ipc_kmsg_put
	movl	8(%esp), %eax
	pushl	PERF_OFFSET_KMSG_HEADER + PERF_HEADER_ID(%eax)
	pushl	16(%esp)
	pushl	16(%esp)
	pushl	16(%esp)
	call	__real_ipc_kmsg_put
	addl	$12, %esp
	testl	%eax, %eax
	jne	.Lput_failed
	movl	perf_current, %ecx
	RECORD	PERF_RECEIVE, PERF_ACTIVITY_CALL, WRITE_PUT, SUCCEED_WITH_ID, .Lput_unusual
	.subsection 1
.Lput_unusual:
	popl	%ecx
	pushl	12(%esp)
	call	perf_receipt_unusual
	addl	$4, %esp
	SUCCEED
.Lput_failed:
	movl	16(%esp), %edx
	xchgl	%eax, (%esp)
	call	perf_receipt_failed
	popl	%eax
	ret
	.subsection 0
	.size	__wrap_ipc_kmsg_put, . - __wrap_ipc_kmsg_put

/* copyout(kernel, user, size), or copyoutmsg */
	.macro	WRITE_RECEIPT slot
	movl	4 + 8(%esp), %edx
	WRITE_DATA1 PERF_HEADER_ID(%edx), \slot
	WRITE_DATA2 12 + 8(%esp), \slot
	.endm

FUNCTION(JOIN(__wrap_, PERF_COPYOUT)):
	pushl	12(%esp)
	pushl	12(%esp)
	pushl	12(%esp)
	call	JOIN(__real_, PERF_COPYOUT)
	addl	$12, %esp
	testl	%eax, %eax
	jne	.Lno_receipt
	cmpl	$PERF_HEADER_SIZE, 12(%esp)
	jb	.Lno_receipt
#if PERF_ALL_CALLS /* and not only those of the two that have fast paths */
	movl	(%esp), %edx
	subl	$mach_msg_trap, %edx
	cmpl	$PERF_SIZE_MACH_MSG_TRAP, %edx
	jb	.Lreceipt
	addl	$mach_msg_trap, %edx
	subl	$exception_raise, %edx
	cmpl	$PERF_SIZE_EXCEPTION_RAISE, %edx
	jae	.Lno_receipt
.Lreceipt:
#endif
	movl	perf_current, %ecx
	orl	$RECEIVED, PERF_ACTIVITY_TRAP(%ecx)
	RECORD	PERF_RECEIVE, PERF_ACTIVITY_CALL, WRITE_RECEIPT, SUCCEED, .Lreceipt_unusual
	.subsection 1
.Lreceipt_unusual:
	movl	4(%esp), %ecx
	movl	PERF_HEADER_ID(%ecx), %ecx
	pushl	12(%esp)
	call	perf_receipt_unusual
	addl	$4, %esp
	xorl	%eax, %eax
.Lno_receipt:
	ret
	.subsection 0

/*
 * vm_fault(map, address, protection, change_wiring, resume, continuation), of
 * which the last is exchanged.
 */
FUNCTION(__wrap_vm_fault):
	movl	24(%esp), %eax
	cmpl	perf_fault_continuation, %eax
	jne	perf_vm_fault
	cmpl	$0, 20(%esp)
	jne	perf_vm_fault
	movl	perf_current, %ecx
	movl	8(%esp), %eax
	movl	%eax, PERF_ACTIVITY_FAULT_ADDRESS(%ecx)
	movl	12(%esp), %eax
	movl	%eax, PERF_ACTIVITY_FAULT_PROTECTION(%ecx)
	movl	$perf_fault_resolved, 24(%esp)
	rdtsc
	movl	%eax, PERF_ACTIVITY_FAULT(%ecx)
	movl	%edx, PERF_ACTIVITY_FAULT + 4(%ecx)
	jmp	__real_vm_fault
	.size	__wrap_vm_fault, . - __wrap_vm_fault

/* perf_fault_resolved(result) */
	.macro	CONTINUE
	movl	perf_current, %ecx
	movl	$PERF_NEVER_HIGH, PERF_ACTIVITY_FAULT + 4(%ecx)
	jmp	*perf_fault_continuation
	.endm

	.macro	WRITE_FAULT slot
	WRITE_DATA1 PERF_ACTIVITY_FAULT_ADDRESS(%ecx), \slot
	WRITE_DATA2 PERF_ACTIVITY_FAULT_PROTECTION(%ecx), \slot
	.endm

FUNCTION(perf_fault_resolved):
	cmpl	$0, 4(%esp)
	jne	.Lnot_resolved
	movl	perf_current, %ecx
	RECORD	PERF_FAULT, PERF_ACTIVITY_FAULT, WRITE_FAULT, CONTINUE, .Lfault_unusual
	.subsection 1
.Lnot_resolved:
	rdtsc
.Lfault_unusual:
	movl	4(%esp), %ecx
	call	perf_fault_unusual
	CONTINUE
	.subsection 0
	.size	perf_fault_resolved, . - perf_fault_resolved

/*
 * Where the kernel's way back to user mode is detoured to.  The stack pointer
 * stands at the registers that user mode gets back, which are not on a stack;
 * every other register is free, but edx if the kernel has set it already.
 */
#if PERF_SKIPPED_return_from_trap
#define KEEP_EDX movl %edx, %esi
#define HAVE_EDX movl %esi, %edx
#else
#define KEEP_EDX
#define HAVE_EDX
#endif

FUNCTION(perf_detour_return_from_trap):
	movl	perf_current, %ebx
	cmpl	$PERF_NEVER_HIGH, PERF_ACTIVITY_CALL + 4(%ebx)
	je	.Lno_call
	KEEP_EDX
	cmpl	$0, PERF_OFFSET_SAVED_EAX(%esp)
	jne	.Lcall_answered
.Lcall_succeeded:
	rdtsc
	IF_DUE	.Lcall_due
	cmpl	PERF_ACTIVITY_CALL + 4(%ebx), %edx
	jne	.Lcall_unusual
	movl	%eax, %ecx
	subl	PERF_ACTIVITY_CALL(%ebx), %eax
	UNLESS_USUAL PERF_SYSCALL, .Lcall_extreme
	movl	%ecx, EVENT(PERF_SYSCALL) + PERF_STATISTICS_LAST
	movl	%edx, EVENT(PERF_SYSCALL) + PERF_STATISTICS_LAST + 4
	incl	CPU(LIMITED)
	COUNT	PERF_SYSCALL, .Lcall_carries
.Lcall_ended:
	movl	$PERF_NEVER_HIGH, PERF_ACTIVITY_CALL + 4(%ebx)
	HAVE_EDX
	.globl	perf_moved_return_from_trap
perf_moved_return_from_trap:
	.fill	PERF_SIZE_return_from_trap, 1, 0x90 /* the kernel's instruction goes here */
	jmp	PERF_BEHIND_return_from_trap

	.subsection 1
.Lcall_due:
	movl	%esp, %ebp
	movl	kernel_stack, %esp
	pushfl
	cli
	movl	CPU(NEXT), %edi
	cmpl	CPU(PLAIN_END), %edi
	jae	.Lcall_release
	rdtsc
	cmpl	PERF_ACTIVITY_CALL + 4(%ebx), %edx
	jne	.Lcall_release
	movl	%eax, %ecx
	subl	PERF_ACTIVITY_CALL(%ebx), %eax
	UNLESS_USUAL PERF_SYSCALL, .Lcall_restore
	movl	%ecx, EVENT(PERF_SYSCALL) + PERF_STATISTICS_LAST
	movl	%edx, EVENT(PERF_SYSCALL) + PERF_STATISTICS_LAST + 4
	movl	%ecx, PERF_SLOT_TIMESTAMP(%edi)
	movl	%edx, PERF_SLOT_TIMESTAMP + 4(%edi)
	movl	$PERF_SYSCALL, PERF_SLOT_WHAT(%edi)
	movl	%eax, PERF_SLOT_DURATION(%edi)
	WRITE_IDS %ebx, %edi
	movl	PERF_ACTIVITY_TRAP(%ebx), %edx
	andl	$~RECEIVED, %edx
	movl	%edx, PERF_SLOT_DATA1(%edi)
	WRITE_DATA2 PERF_OFFSET_SAVED_EAX(%ebp), %edi
	addl	$PERF_SLOT_SIZE, CPU(NEXT)
	popfl
	movl	%ebp, %esp
	COUNT	PERF_SYSCALL, .Lcall_carries
	jmp	.Lcall_ended
.Lcall_restore:
	movl	%ecx, %eax
.Lcall_release:
	popfl
	movl	%ebp, %esp
	movl	%eax, %ecx
.Lcall_extreme:
	testb	$1 << (PERF_SYSCALL & 7), perf_active + PERF_SYSCALL / 8
	je	.Lcall_masked
	movl	%ecx, %eax
.Lcall_unusual:
	movl	PERF_OFFSET_SAVED_EAX(%esp), %ecx
	movl	%esp, %edi
	movl	kernel_stack, %esp
	call	perf_call_unusual
	jmp	.Lcall_back
.Lcall_masked:
	cmpl	$0, PERF_ACTIVITY_SENDING(%ebx)
	je	.Lcall_ended
	movl	%ecx, %eax
	jmp	.Lcall_unusual
.Lcall_carries:
	movl	%esp, %edi
	movl	kernel_stack, %esp
	CARRY	PERF_SYSCALL
	movl	%edi, %esp
	jmp	.Lcall_ended
.Lcall_answered:
	movl	PERF_ACTIVITY_TRAP(%ebx), %ecx
	cmpl	$PERF_VALUE_TRAPS, %ecx
	jae	.Lcall_failed
	btl	%ecx, perf_value_traps
	jc	.Lcall_succeeded
.Lcall_failed:
	movl	PERF_OFFSET_SAVED_EAX(%esp), %eax
	movl	%esp, %edi
	movl	kernel_stack, %esp
	call	perf_call_failed
.Lcall_back:
	movl	%edi, %esp
	HAVE_EDX
	jmp	perf_moved_return_from_trap
.Lno_call:
	cmpl	$0, PERF_ACTIVITY_SENDING(%ebx)
	je	perf_moved_return_from_trap
	KEEP_EDX
	movl	%esp, %edi
	movl	kernel_stack, %esp
	call	perf_call_none
	jmp	.Lcall_back
	.subsection 0
	.size	perf_detour_return_from_trap, . - perf_detour_return_from_trap

	.section .note.GNU-stack, "", @progbits
