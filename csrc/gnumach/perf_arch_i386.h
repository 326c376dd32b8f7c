/*
 * i386; see perf_arch.h.  thunks_i386.S must agree.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_ARCH_I386_H_
#define _PERF_ARCH_I386_H_

#include <stdint.h>

#include <perf_offsets.h>

/* A function that a thunk calls: its argument is in eax. */
#define PERF_HANDLER __attribute__((regparm(1), used))

/* The stack of a function that a thunk is in front of, with what the thunk saved. */
struct perf_frame {
	uint32_t edx;
	uint32_t ecx;
	uint32_t eax;
	uint32_t caller; /* the return address */
	uint32_t arguments[];
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
	return frame->eax;
}

/*
 * The first interrupt switches to a stack of its own and leaves a pointer to
 * what it saved, segment registers first, on top of it; the next ones, on that
 * stack already, have what they saved above their return address, in older
 * kernels without segment registers.
 */
static inline uint32_t
perf_interrupt_pc(const struct perf_frame *frame)
{
	if (frame->caller == (uint32_t)return_to_iret)
		return ((const uint32_t *)frame->arguments[0])[7];
	return frame->arguments[PERF_NESTED_PC];
}

#endif /* _PERF_ARCH_I386_H_ */
