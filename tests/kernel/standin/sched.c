/* Copyright (C) 2026 the perfmon authors.  SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel.h"

void thread_block(void (*continuation)(void))
{
	switch_context(percpu_array[0].active_thread, continuation, percpu_array[0].active_thread);
}

void kmem_cache_free(void *cache, uint32_t object)
{
	(void)cache, (void)object;
}

void hardclock(void);

void hardclock(void)
{
	clock_interrupt(10000, 0, 0, 0);
}
