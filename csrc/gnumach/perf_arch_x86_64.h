/*
 * x86_64; see perf_arch.h.  thunks_x86_64.S must agree.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_ARCH_X86_64_H_
#define _PERF_ARCH_X86_64_H_

#include <stdint.h>

#include <perf_offsets.h>

/* A function that a thunk calls: arguments are where C has them. */
#define PERF_HANDLER __attribute__((used))

/* The stack of a function that a thunk is in front of, with what the thunk saved. */
struct perf_frame {
	uint64_t arguments[3]; /* rdi, rsi, rdx */
	uint64_t rax;
	uint64_t caller; /* the return address */
	uint64_t stack[];
};

static inline uintptr_t
perf_frame_argument(const struct perf_frame *frame, unsigned int number)
{
	return frame->arguments[number];
}

/* Where an interrupt that was not nested returns to. */
extern char return_to_iret[];

/* interrupt() takes its number in eax. */
static inline uint32_t
perf_interrupt_number(const struct perf_frame *frame)
{
	return (uint32_t)frame->rax;
}

/*
 * The first interrupt switches to a stack of its own and leaves a pointer to
 * the registers that it saved on top of it; the next ones, on that stack
 * already, save them above their return address.  Samples have the lower half:
 * the upper one is all ones in the kernel.
 */
static inline uint32_t
perf_interrupt_pc(const struct perf_frame *frame)
{
	const uint64_t *saved = frame->stack;

	if (frame->caller == (uint64_t)return_to_iret)
		saved = (const uint64_t *)frame->stack[0];
	return (uint32_t)saved[PERF_NESTED_PC];
}

#endif /* _PERF_ARCH_X86_64_H_ */
