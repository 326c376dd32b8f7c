/*
 * PROFILE: where the clock interrupt hit, in kernel and in user mode.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <perf_analysis.h>
#include <perf_kernel.h>

#include "perf_hooks.h"

/* A program counter of 0 is that of another interrupt. */
PERF_WRAP(void, clock_interrupt,
	  (int microseconds, boolean_t user_mode, boolean_t base_priority, vm_offset_t pc))
{
	perf_event_record(PERF_EVENT_PROFILE, 0, PERF_CURRENT, PERF_CURRENT, (uint32_t)pc,
			  perf_profile_data2(pc, user_mode));
	__real_clock_interrupt(microseconds, user_mode, base_priority, pc);
}
