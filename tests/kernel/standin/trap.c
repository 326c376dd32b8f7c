/* Copyright (C) 2026 the perfmon authors.  SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel.h"

struct i386_saved_state {
	uint32_t gs, fs, es, ds, edi, esi, ebp, cr2, ebx, edx, ecx, eax;
};

struct i386_saved_state *saved_state(void *at);

struct i386_saved_state *saved_state(void *at)
{
	return at;
}

static void resolved(int result)
{
	(void)result;
}

void user_trap(uint32_t address)
{
	vm_fault(0, address, 1, 0, 0, resolved);
}
