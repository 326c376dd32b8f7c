/*
 * What happens once, when the kernel boots.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <perf_analysis.h>
#include <perf_kernel.h>
#include <perf_platform.h>
#include <perf_platform_rpc.h>

#include "perf_boot_recording.h"
#include "perf_hooks.h"
#include "perf_sites.h"

#define SUBSYSTEM_SLOT 72 /* message id 2072, in a table that begins with 2000 */
#define SUBSYSTEM_ROUTINES 15

extern mig_routine_t perf_monitor_server_routines[];

lock_data_t perf_control_lock;

static inline uintptr_t
physical(const char *address)
{
	return (uintptr_t)address - PERF_KERNEL_BASE;
}

static void
start(void)
{
	lock_init(&perf_control_lock, TRUE);
	perf_analysis_init();
	for (int i = 0; i < SUBSYSTEM_ROUTINES; i++)
		mach_server_routines[SUBSYSTEM_SLOT + i] = perf_monitor_server_routines[i];
	perf_boot_recording_await();
}

/*
 * The kernel registers its own memory before it allocates any, with
 * interrupts off; what was added behind it is registered with it.
 */
PERF_WRAP(void, biosmem_register_boot_data, (uintptr_t from, uintptr_t to, boolean_t temporary))
{
	if (from == physical(_start) && to == physical(_end)) {
		if (perf_added_end != 0)
			to = perf_added_end - PERF_KERNEL_BASE;
		start();
		if (PERF_UNREGISTERED_PAGE != 0)
			__real_biosmem_register_boot_data(PERF_UNREGISTERED_PAGE,
							  PERF_UNREGISTERED_PAGE + PERF_PAGE_SIZE,
							  FALSE);
	}
	__real_biosmem_register_boot_data(from, to, temporary);
}
