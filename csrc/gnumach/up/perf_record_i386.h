/*
 * The usual event on the one processor of an i386, for the assembler: what
 * perf_record_usual() does, in as few instructions and registers as it takes.
 *
 * Why it is right without a section (perf_usual.h says more):
 *
 * Statistics.  The kernel is not preempted, so only an interrupt can come in
 * between.  What is written here belongs to one event, and no interrupt records
 * that event; but for limited, which is counted in one instruction.
 *
 * Samples.  They are written with interrupts masked, and the clock is read
 * again then, so that a sample is never behind a later one.  Until next moves
 * over a slot it holds the oldest sample of a full ring: what turns out not to
 * be usual has written nothing there.
 *
 * Rate limit.  A sample may be due only from due on (perf_cpu_due).  While there
 * is no limit that is 0, and it always is.  With a limit, and at the end of a lap,
 * plain_end sends the event to C, which is exact.  When the clock's upper half
 * changes, the next interrupt sees to due.
 *
 * Time.  It is usual only if it began in the same 2^32 ticks.  What is then
 * subtracted may wrap only into what is above limit, which is at most 2^30.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_RECORD_I386_H_
#define _PERF_RECORD_I386_H_

#include "perf_layout_i386.h"

#define CPU(member) perf_cpus + PERF_CPU_##member
#define EVENT(event) perf_cpus + PERF_CPU_STATISTICS + PERF_STATISTICS_SIZE * (event)

/* Buckets are numbered from 24 less than what FIND_BUCKET finds. */
#define BUCKETS (PERF_STATISTICS_WORK - 4 * (16 + 8))

/* Go there unless no sample can be due at edx:eax. */
	.macro	IF_DUE there
	cmpl	%eax, CPU(DUE)
	jbe	\there
	.endm

/* Go there unless eax is between the statistics' low and limit. */
	.macro	UNLESS_USUAL event, there
	cmpl	EVENT(\event) + PERF_STATISTICS_LOW, %eax
	jb	\there
	cmpl	EVENT(\event) + PERF_STATISTICS_LIMIT, %eax
	jae	\there
	.endm

/* The bucket of eax ticks, as a number, and 24, is edx; ecx is destroyed. */
	.macro	FIND_BUCKET
	leal	(, %eax, 4), %edx
	bsrl	%eax, %ecx
	shrl	%cl, %edx
	leal	(%edx, %ecx, 4), %edx
	.endm

/* Count eax ticks; ecx and edx are destroyed. */
	.macro	COUNT event, carry
	FIND_BUCKET
	incl	BUCKETS + EVENT(\event)(, %edx, 4)
	incl	EVENT(\event) + PERF_STATISTICS_TIMED_SINCE
	addl	%eax, EVENT(\event) + PERF_STATISTICS_TOTAL
	jc	\carry
	.endm

/* Of the event in slot, whose ids are those of an activity. */
	.macro	WRITE_IDS activity, slot
	movl	PERF_ACTIVITY_TASK(\activity), %edx
	movl	%edx, PERF_SLOT_TASK(\slot)
	movl	PERF_ACTIVITY_THREAD(\activity), %edx
	movl	%edx, PERF_SLOT_THREAD(\slot)
	.endm

	.macro	WRITE_DATA1 from, slot
	movl	\from, %edx
	movl	%edx, PERF_SLOT_DATA1(\slot)
	.endm

	.macro	WRITE_DATA2 from, slot
	movl	\from, %edx
	movl	%edx, PERF_SLOT_DATA2(\slot)
	.endm

/*
 * An event of the running thread ends, which began at a place in its activity,
 * in ecx, with a sample or without.
 *
 * data	a macro that writes data1 and data2 of a slot from the activity in ecx
 *	and the stack, on which there are 8 bytes more than here; edx is free
 * then	a macro for what comes next; eax, ecx and edx are destroyed
 * unusual, where to go with the clock in edx:eax if it is not usual
 */
	.macro	RECORD event, begun, data, then, unusual
	rdtsc
	IF_DUE	.Ldue\@
	cmpl	\begun + 4(%ecx), %edx
	jne	\unusual
	movl	\begun(%ecx), %ecx
	subl	%ecx, %eax
	addl	%eax, %ecx	/* edx:ecx is the clock */
	UNLESS_USUAL \event, .Lunusual\@
	movl	%ecx, EVENT(\event) + PERF_STATISTICS_LAST
	movl	%edx, EVENT(\event) + PERF_STATISTICS_LAST + 4
	incl	CPU(LIMITED)
	COUNT	\event, .Lcarry\@
.Ldone\@:
	\then

	.subsection 1
.Ldue\@:
	pushl	%ebx
	pushfl
	cli
	movl	CPU(NEXT), %ebx
	cmpl	CPU(PLAIN_END), %ebx
	jae	.Lrelease\@
	rdtsc
	cmpl	\begun + 4(%ecx), %edx
	jne	.Lrelease\@
	subl	\begun(%ecx), %eax
	UNLESS_USUAL \event, .Lrestore\@
	movl	%edx, EVENT(\event) + PERF_STATISTICS_LAST + 4
	movl	%edx, PERF_SLOT_TIMESTAMP + 4(%ebx)
	movl	\begun(%ecx), %edx
	addl	%eax, %edx	/* the clock's lower half */
	movl	%edx, EVENT(\event) + PERF_STATISTICS_LAST
	movl	%edx, PERF_SLOT_TIMESTAMP(%ebx)
	movl	$\event, PERF_SLOT_WHAT(%ebx)
	movl	%eax, PERF_SLOT_DURATION(%ebx)
	WRITE_IDS %ecx, %ebx
	\data	%ebx
	addl	$PERF_SLOT_SIZE, CPU(NEXT)
	popfl
	popl	%ebx
	COUNT	\event, .Lcarry\@
	\then
.Lcarry\@:
	movl	$perf_cpus, %eax
	movl	$EVENT(\event), %edx
	call	perf_cpu_carry
	jmp	.Ldone\@
.Lrestore\@:
	addl	\begun(%ecx), %eax
.Lrelease\@:
	popfl
	popl	%ebx
	movl	%eax, %ecx
.Lunusual\@:
	testb	$1 << (\event & 7), perf_active + \event / 8
	je	.Ldone\@	/* nor is it in the mask */
	movl	%ecx, %eax
	jmp	\unusual
	.subsection 0
	.endm

#endif /* _PERF_RECORD_I386_H_ */
