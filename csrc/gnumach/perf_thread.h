/*
 * Threads of the monitor's own, in the kernel's task.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_THREAD_H_
#define _PERF_THREAD_H_

#include <perf_kernel.h>
#include <perf_offsets.h>

/* The kernel's own: newer ones take a name in front of the function and its argument. */
thread_t __real_kernel_thread(task_t task, uintptr_t second, uintptr_t third, uintptr_t fourth);

/* Begin a thread that runs a function, which never returns. */
static inline thread_t
perf_thread_begin(const char *name, void (*function)(void))
{
	uintptr_t start = (uintptr_t)function;

	if (PERF_KERNEL_THREAD_PARAMETERS == 3)
		return __real_kernel_thread(kernel_task, start, 0, 0);
	return __real_kernel_thread(kernel_task, (uintptr_t)name, start, 0);
}

#endif /* _PERF_THREAD_H_ */
