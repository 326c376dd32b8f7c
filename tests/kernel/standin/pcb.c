/* Copyright (C) 2026 the perfmon authors.  SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel.h"

struct thread *switch_context(struct thread *from, void (*continuation)(void), struct thread *to)
{
	(void)continuation, (void)to;
	return from;
}

void stack_handoff(struct thread *from, struct thread *to)
{
	(void)from, (void)to;
}

void biosmem_register_boot_data(uint32_t from, uint32_t to, int temporary)
{
	(void)from, (void)to, (void)temporary;
}

void clock_interrupt(int usec, int usermode, int basepri, uint32_t pc)
{
	(void)usec, (void)usermode, (void)basepri, (void)pc;
}
