/*
 * Recording from boot, if the kernel's command line says perf=...
 *
 * It begins when the kernel is about to make its own task: memory can be had
 * by then and command line and devices are known, but there is no task and no
 * thread yet.  While nothing is recorded that call is the stock kernel's, so
 * it is redirected once, when the kernel boots, until it has been made.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <perf_boot.h>
#include <perf_kernel.h>
#include <perf_platform.h>

#include "perf_boot_recording.h"
#include "perf_hooks.h"
#include "perf_sites.h"

void __wrap_task_init(void);

static void
complain(const char *item, const char *why)
{
	printf("perf=: %s %s: ignored\n", item, why);
}

void
perf_boot_recording_await(void)
{
	perf_hook_set((uintptr_t)__wrap_task_init, true);
}

PERF_WRAP(void, task_init, (void))
{
	perf_hook_set((uintptr_t)__wrap_task_init, false);
	perf_boot(kernel_cmdline, complain);
	__real_task_init();
}
