/*
 * System calls, from the kernel's function for them to the way back to user
 * mode, which all of them pass however they end.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_activity.h"
#include "perf_hooks.h"
#include "perf_sites.h"

#define NEED_CALL							\
	(1u << PERF_EVENT_SYSCALL | 1u << PERF_EVENT_IPC_SEND | 1u << PERF_EVENT_IPC_RECEIVE)

uintptr_t PERF_HANDLER perf_enter_trap(uint32_t trap);
void PERF_HANDLER perf_leave_kernel(uint32_t result);

/* Those that answer a port's name or a truth value; what others answer is 0 for success. */
static inline bool
answers_a_value(uint32_t trap)
{
	switch (trap) {
	case 26: /* mach_reply_port */
	case 27: /* mach_thread_self */
	case 28: /* mach_task_self */
	case 29: /* mach_host_self */
	case 59: /* swtch_pri */
	case 60: /* swtch */
		return true;
	default:
		return false;
	}
}

/* The kernel's function for it. */
uintptr_t PERF_HANDLER
perf_enter_trap(uint32_t trap)
{
	struct perf_activity *activity;

	if ((perf_active.events[0] & NEED_CALL) == 0)
		return perf_trap_originals[trap];
	activity = perf_activity_enter();
	if (activity == NULL) {
		perf_event_record(PERF_EVENT_SYSCALL, 0, PERF_CURRENT, PERF_CURRENT, trap, 0);
		return perf_trap_originals[trap];
	}
	activity->trap = trap;
	activity->sending = 0;
	perf_interval_take(&activity->call);
	return perf_trap_originals[trap];
}

/* On the way to user mode, from a system call or anything else; what it gets in eax. */
void PERF_HANDLER
perf_leave_kernel(uint32_t result)
{
	struct perf_activity *activity = perf_activity_find();
	uint32_t flags;

	if (activity == NULL || activity->call.start.epoch == 0)
		return;
	flags = result == 0 || answers_a_value(activity->trap) ? 0 : PERF_FLAG_ERROR;
	if (activity->sending != 0)
		perf_activity_sent(activity, flags);
	perf_interval_end(PERF_EVENT_SYSCALL, flags, activity->trap, result, &activity->call);
	activity->call.start.epoch = 0;
}
