/*
 * Context switches, on the one processor of an i386: what hooks_entry.c does.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_activities.h"
#include "perf_record_x86.h"
#include "perf_thunks_i386.h"

	.text

/*
 * The thread in perf_current makes way for another, whose argument is at a
 * place on the stack.  Its slice ends, and the other's begins at the same time.
 * Threads that are not at their first places, or have none, are left to C.
 */
	.macro	SWITCH to, real, otherwise
	movl	perf_current, %ecx
	cmpl	$PERF_NO_KEY, PERF_ACTIVITY_KEY(%ecx)
	jbe	\otherwise
	movl	\to(%esp), %eax
	movl	%eax, %edx
	shrl	$4, %edx
	imull	$PERF_ACTIVITY_HASH, %edx, %edx
	shrl	$16 - PERF_ACTIVITY_SHIFT, %edx
	andl	$(PERF_ACTIVITIES - 1) << PERF_ACTIVITY_SHIFT, %edx
	addl	$perf_activities, %edx
	cmpl	%eax, PERF_ACTIVITY_KEY(%edx)
	jne	\otherwise
	incl	PERF_ACTIVITY_SWITCHES(%ecx)
	orl	$PERF_WAITED_HIGH, PERF_ACTIVITY_CALL + 4(%ecx)
	orl	$PERF_WAITED_HIGH, PERF_ACTIVITY_FAULT + 4(%ecx)
	orl	$PERF_WAITED_HIGH, PERF_ACTIVITY_END + 4(%ecx)
	movl	%edx, perf_current
	rdtsc
	IF_DUE	.Ldue\@
	cmpl	perf_slices + 4, %edx
	jne	.Lunusual\@
	movl	%eax, %ecx
	subl	perf_slices, %eax
	UNLESS_USUAL PERF_SWITCH, .Lextreme\@
	movl	%ecx, EVENT(PERF_SWITCH) + PERF_STATISTICS_LAST
	movl	%edx, EVENT(PERF_SWITCH) + PERF_STATISTICS_LAST + 4
	movl	%ecx, perf_slices
	movl	%edx, perf_slices + 4
	incl	CPU(LIMITED)
	COUNT	PERF_SWITCH, .Lcarry\@
	jmp	\real

	.subsection 1
.Ldue\@:
	pushl	%ebx
	pushfl
	cli
	movl	CPU(NEXT), %ebx
	cmpl	CPU(PLAIN_END), %ebx
	jae	.Lrelease\@
	rdtsc
	cmpl	perf_slices + 4, %edx
	jne	.Lrelease\@
	subl	perf_slices, %eax
	UNLESS_USUAL PERF_SWITCH, .Lrestore\@
	movl	%edx, EVENT(PERF_SWITCH) + PERF_STATISTICS_LAST + 4
	movl	%edx, PERF_SLOT_TIMESTAMP + 4(%ebx)
	movl	%edx, perf_slices + 4
	movl	perf_slices, %edx
	addl	%eax, %edx	/* the clock's lower half */
	movl	%edx, EVENT(PERF_SWITCH) + PERF_STATISTICS_LAST
	movl	%edx, PERF_SLOT_TIMESTAMP(%ebx)
	movl	%edx, perf_slices
	movl	$PERF_SWITCH, PERF_SLOT_WHAT(%ebx)
	movl	%eax, PERF_SLOT_DURATION(%ebx)
	WRITE_IDS %ecx, %ebx
	movl	%edx, PERF_SLOT_DATA1(%ebx)
	movl	perf_current, %edx
	WRITE_DATA2 PERF_ACTIVITY_THREAD(%edx), %ebx
	addl	$PERF_SLOT_SIZE, CPU(NEXT)
	popfl
	popl	%ebx
	COUNT	PERF_SWITCH, .Lcarry\@
	jmp	\real
.Lcarry\@:
	CARRY	PERF_SWITCH
	jmp	\real
.Lrestore\@:
	addl	perf_slices, %eax
.Lrelease\@:
	popfl
	popl	%ebx
	jmp	.Lunusual\@
.Lextreme\@:
	movl	%ecx, %eax
.Lunusual\@:
	movl	4(%esp), %ecx
	call	perf_slice_unusual
	jmp	\real
	.subsection 0
	.endm

/* switch_context(from, continuation, to) */
FUNCTION(__wrap_switch_context):
	SWITCH	12, __real_switch_context, .Lswitch_otherwise
	.size	__wrap_switch_context, . - __wrap_switch_context

/* stack_handoff(from, to): a sender gives its stack to the receiver of its message. */
FUNCTION(__wrap_stack_handoff):
	movl	perf_current, %eax
	cmpl	$0, PERF_ACTIVITY_SENDING(%eax)
	je	.Lhandoff
	xorl	%edx, %edx
	call	perf_activity_sent
.Lhandoff:
	SWITCH	8, __real_stack_handoff, .Lhandoff_otherwise
	.size	__wrap_stack_handoff, . - __wrap_stack_handoff

	.subsection 1
.Lswitch_otherwise:
	leal	-12(%esp), %eax
	call	perf_enter_switch_context
	jmp	__real_switch_context
.Lhandoff_otherwise:
	leal	-12(%esp), %eax
	call	perf_enter_stack_handoff
	jmp	__real_stack_handoff
	.subsection 0

	.section .note.GNU-stack, "", @progbits
