/*
 * The end of any timed event of a thread or of an interrupt, on the one
 * processor of an i386.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_record_x86.h"
#include "perf_thunks_i386.h"

	.text

/*
 * perf_interval_ended(what, data1, data2, interval), of any event: its
 * statistics are at ebp behind those of event 0, what is on top of the stack.
 */
#define ANY(member) EVENT(0) + PERF_STATISTICS_##member

	.macro	UNLESS_ANY_USUAL there
	cmpl	ANY(LOW)(%ebp), %eax
	jb	\there
	cmpl	ANY(LIMIT)(%ebp), %eax
	jae	\there
	.endm

	.macro	COUNT_ANY
	FIND_BUCKET
	incl	BUCKETS + EVENT(0)(%ebp, %edx, 4)
	addl	%eax, ANY(TOTAL)(%ebp)
	jc	.Lany_carries
	.endm

/* perf_nested_end(what, data1, data2, nested), of which an interval comes first. */
FUNCTION(perf_nested_end):
	pushl	%ebx
	movl	8(%esp), %ebx
	pushl	%esi
	movl	perf_current, %esi
	movl	PERF_ACTIVITY_SWITCHES(%esi), %esi
	cmpl	PERF_NESTED_SWITCHES(%ebx), %esi
	je	.Lany
	orl	$PERF_WAITED << 16, %eax
	jmp	.Lany

FUNCTION(perf_interval_ended):
	pushl	%ebx
	movl	8(%esp), %ebx
	pushl	%esi
.Lany:
	movl	%edx, %esi
	pushl	%edi
	movl	%ecx, %edi
	pushl	%ebp
	movl	%eax, %ebp
	pushl	%eax
	rdtsc
	cmpl	$PERF_EVENTS, %ebp
	jae	.Lany_unusual	/* it has flags */
	shll	$PERF_STATISTICS_SHIFT, %ebp
	IF_DUE	.Lany_due
	cmpl	4(%ebx), %edx
	jne	.Lany_unusual
	movl	%eax, %ecx
	subl	(%ebx), %eax
	UNLESS_ANY_USUAL .Lany_extreme
	movl	%ecx, ANY(LAST)(%ebp)
	movl	%edx, ANY(LAST) + 4(%ebp)
	incl	CPU(LIMITED)
	COUNT_ANY
.Lany_recorded:
	movl	$1, %eax
.Lany_return:
	popl	%ecx
	popl	%ebp
	popl	%edi
	popl	%esi
	popl	%ebx
	ret

	.subsection 1
.Lany_due:
	pushfl
	cli
	movl	CPU(NEXT), %ecx
	cmpl	CPU(PLAIN_END), %ecx
	jae	.Lany_release
	rdtsc
	cmpl	4(%ebx), %edx
	jne	.Lany_release
	subl	(%ebx), %eax
	UNLESS_ANY_USUAL .Lany_restore
	movl	%edx, ANY(LAST) + 4(%ebp)
	movl	%edx, CPU(NEWEST) + 4	/* it may be an interrupt's */
	movl	%edx, PERF_SLOT_TIMESTAMP + 4(%ecx)
	movl	(%ebx), %edx
	addl	%eax, %edx	/* the clock's lower half */
	movl	%edx, ANY(LAST)(%ebp)
	movl	%edx, CPU(NEWEST)
	movl	%edx, PERF_SLOT_TIMESTAMP(%ecx)
	movl	4(%esp), %edx
	movl	%edx, PERF_SLOT_WHAT(%ecx)
	movl	%eax, PERF_SLOT_DURATION(%ecx)
	movl	%esi, PERF_SLOT_DATA1(%ecx)
	movl	%edi, PERF_SLOT_DATA2(%ecx)
	movl	perf_current, %esi
	WRITE_IDS %esi, %ecx
	addl	$PERF_SLOT_SIZE, CPU(NEXT)
	popfl
	COUNT_ANY
	jmp	.Lany_recorded
.Lany_carries:
	movl	$perf_cpus, %eax
	leal	EVENT(0)(%ebp), %edx
	call	perf_cpu_carry
	jmp	.Lany_recorded
.Lany_restore:
	addl	(%ebx), %eax
.Lany_release:
	popfl
	movl	%eax, %ecx
	jmp	.Lany_extreme
.Lany_extreme:
	movl	(%esp), %eax
	btl	%eax, perf_active
	jnc	.Lany_recorded	/* nor is it in the mask */
	movl	%ecx, %eax
.Lany_unusual:
	pushl	%edx
	pushl	%eax
	pushl	%ebx
	movl	12(%esp), %eax
	movl	%esi, %edx
	movl	%edi, %ecx
	call	perf_interval_unusual
	addl	$12, %esp
	jmp	.Lany_return
	.subsection 0
	.size	perf_interval_ended, . - perf_interval_ended

	.section .note.GNU-stack, "", @progbits
