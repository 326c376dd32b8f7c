/*
 * The registers of a thread, by what they are for.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _GUEST_REGISTERS_H_
#define _GUEST_REGISTERS_H_

#include <stdint.h>

#include <mach/machine/thread_status.h>

/* Where the thread goes on, and the top of its stack. */
static inline void guest_registers_start(struct i386_thread_state *state, void (*entry)(void),
					 uintptr_t *top)
{
#if defined(__x86_64__)
	state->rip = (uintptr_t)entry;
	state->ursp = (uintptr_t)top;
#else
	state->eip = (uintptr_t)entry;
	state->uesp = (uintptr_t)top;
#endif
}

/* Where the thread goes on: so many bytes further. */
static inline void guest_registers_skip(struct i386_thread_state *state, uintptr_t bytes)
{
#if defined(__x86_64__)
	state->rip += bytes;
#else
	state->eip += bytes;
#endif
}

#endif /* _GUEST_REGISTERS_H_ */
