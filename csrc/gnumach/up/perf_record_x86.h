/*
 * The usual event on the one processor of an i386 or x86_64, for the assembler:
 * what perf_record_usual() does, in as few instructions and registers as it takes.
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

#ifndef _PERF_RECORD_X86_H_
#define _PERF_RECORD_X86_H_

#include "perf_layout_x86.h"

#if defined(__x86_64__)
#define R(name) %r##name /* a register of a pointer's size */
#define WORD(operation) operation##q
#define ACTIVITY %r9
#define SLOT %r8
#define KEEP_SLOT
#define RESTORE_SLOT
#define CLOCK_LOW %ecx
#else
#define R(name) %e##name
#define WORD(operation) operation##l
#define ACTIVITY %ecx
#define SLOT %ebx
#define KEEP_SLOT pushl %ebx
#define RESTORE_SLOT popl %ebx
#define CLOCK_LOW %edx
#endif

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
	leal	(, R(ax), 4), %edx
	bsrl	%eax, %ecx
	shrl	%cl, %edx
	leal	(R(dx), R(cx), 4), %edx
	.endm

/* Count eax ticks; ecx and edx are destroyed. */
	.macro	COUNT event, carry
	FIND_BUCKET
	incl	BUCKETS + EVENT(\event)(, R(dx), 4)
	addl	%eax, EVENT(\event) + PERF_STATISTICS_TOTAL
	jc	\carry
	.endm

/* The event's total has carried.  Of an x86_64, rdi may be an argument, and r9 the activity. */
	.macro	CARRY event
#if defined(__x86_64__)
	pushq	%rdi
	pushq	%r9
	movq	$perf_cpus, %rdi
	movq	$EVENT(\event), %rsi
	call	perf_cpu_carry
	popq	%r9
	popq	%rdi
#else
	movl	$perf_cpus, %eax
	movl	$EVENT(\event), %edx
	call	perf_cpu_carry
#endif
	.endm

/* Of the event in slot, whose ids are those of an activity. */
	.macro	WRITE_IDS activity, slot
#if defined(__x86_64__)
	movq	PERF_ACTIVITY_TASK(\activity), %rdx
	movq	%rdx, PERF_SLOT_TASK(\slot)
#else
	movl	PERF_ACTIVITY_TASK(\activity), %edx
	movl	%edx, PERF_SLOT_TASK(\slot)
	movl	PERF_ACTIVITY_THREAD(\activity), %edx
	movl	%edx, PERF_SLOT_THREAD(\slot)
#endif
	.endm

	.macro	WRITE_DATA1 from, slot
	movl	\from, %edx
	movl	%edx, PERF_SLOT_DATA1(\slot)
	.endm

	.macro	WRITE_DATA2 from, slot
	movl	\from, %edx
	movl	%edx, PERF_SLOT_DATA2(\slot)
	.endm

	.macro	MASK
	pushf
	cli
	.endm

	.macro	UNMASK
	popf
	.endm

/*
 * An event of the running thread ends, which began at a place in its ACTIVITY,
 * with a sample or without.
 *
 * data	a macro that writes data1 and data2 of a slot from the activity and the
 *	stack, on which there are 8 bytes more than here; edx is free
 * then	a macro for what comes next, if that is not behind this; eax, ecx and
 *	edx are destroyed, of an x86_64 also rsi and all from r8 on but ACTIVITY
 * unusual, where to go with the clock in edx:eax if it is not usual
 * masked	where to go with it in edx:ecx if the event is not in the mask, if
 *	that is not to what comes next
 * carries	where to go if the total has carried, if there is no stack for C
 * mask, unmask macros around the sample
 */
	.macro	RECORD event, begun, data, then, unusual, masked, carries, mask=MASK, unmask=UNMASK
	rdtsc
	IF_DUE	.Ldue\@
	cmpl	\begun + 4(ACTIVITY), %edx
	jne	\unusual
#if defined(__x86_64__)
	movl	%eax, %ecx
	subl	\begun(ACTIVITY), %eax
#else
	movl	\begun(ACTIVITY), %ecx
	subl	%ecx, %eax
	addl	%eax, %ecx	/* edx:ecx is the clock */
#endif
	UNLESS_USUAL \event, .Lunusual\@
	movl	%ecx, EVENT(\event) + PERF_STATISTICS_LAST
	movl	%edx, EVENT(\event) + PERF_STATISTICS_LAST + 4
	incl	CPU(LIMITED)
	.ifb	\carries
	COUNT	\event, .Lcarry\@
	.else
	COUNT	\event, \carries
	.endif
.Ldone\@:
	\then

	.subsection 1
.Ldue\@:
	KEEP_SLOT
	\mask
	mov	CPU(NEXT), SLOT
	cmp	CPU(PLAIN_END), SLOT
	jae	.Lrelease\@
	rdtsc
	cmpl	\begun + 4(ACTIVITY), %edx
	jne	.Lrelease\@
#if defined(__x86_64__)
	movl	%eax, %ecx
#endif
	subl	\begun(ACTIVITY), %eax
	UNLESS_USUAL \event, .Lrestore\@
	movl	%edx, EVENT(\event) + PERF_STATISTICS_LAST + 4
	movl	%edx, PERF_SLOT_TIMESTAMP + 4(SLOT)
#if !defined(__x86_64__)
	movl	\begun(ACTIVITY), %edx
	addl	%eax, %edx
#endif
	movl	CLOCK_LOW, EVENT(\event) + PERF_STATISTICS_LAST
	movl	CLOCK_LOW, PERF_SLOT_TIMESTAMP(SLOT)
	movl	$\event, PERF_SLOT_WHAT(SLOT)
	movl	%eax, PERF_SLOT_DURATION(SLOT)
	WRITE_IDS ACTIVITY, SLOT
	\data	SLOT
	WORD(add) $PERF_SLOT_SIZE, CPU(NEXT)
	\unmask
	RESTORE_SLOT
	.ifb	\carries
	COUNT	\event, .Lcarry\@
	.else
	COUNT	\event, \carries
	.endif
	.ifb	\then
	jmp	.Ldone\@
	.else
	\then
	.endif
.Lcarry\@:
	CARRY	\event
	jmp	.Ldone\@
.Lrestore\@:
#if defined(__x86_64__)
	movl	%ecx, %eax
#else
	addl	\begun(ACTIVITY), %eax
#endif
.Lrelease\@:
	\unmask
	RESTORE_SLOT
	movl	%eax, %ecx
.Lunusual\@:
	testb	$1 << (\event & 7), perf_active + \event / 8
	.ifb	\masked
	je	.Ldone\@	/* nor is it in the mask */
	.else
	je	\masked
	.endif
	movl	%ecx, %eax
	jmp	\unusual
	.subsection 0
	.endm

#endif /* _PERF_RECORD_X86_H_ */
