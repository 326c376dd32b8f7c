/*
 * Entry thunks of an i386: tell a handler, then go on to the function with
 * registers and stack as its caller left them.  Nothing stays on the stack, so
 * functions that never return, that discard their stack or that take arguments
 * in registers are as good as any.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_THUNKS_I386_H_
#define _PERF_THUNKS_I386_H_

#define FUNCTION(name)							\
	.globl	name;							\
	.type	name, @function;					\
	.p2align 4;							\
name

#define THUNK(name)							\
FUNCTION(__wrap_##name):						\
	pushl	%eax;							\
	pushl	%ecx;							\
	pushl	%edx;							\
	movl	%esp, %eax;						\
	call	perf_enter_##name;					\
	popl	%edx;							\
	popl	%ecx;							\
	popl	%eax;							\
	jmp	__real_##name;						\
	.size	__wrap_##name, . - __wrap_##name

/* Where the caller is compiled C: no register holds an argument or is to be saved. */
#define C_THUNK(name)							\
FUNCTION(__wrap_##name):						\
	leal	-12(%esp), %eax;					\
	call	perf_enter_##name;					\
	jmp	__real_##name;						\
	.size	__wrap_##name, . - __wrap_##name

#endif /* _PERF_THUNKS_I386_H_ */
