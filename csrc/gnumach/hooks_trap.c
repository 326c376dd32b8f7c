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
#include "perf_trap_entries.h"

#if defined(__i386__)
_Static_assert(offsetof(struct perf_activity, call.begun) == PERF_ACTIVITY_CALL, "call");
_Static_assert(offsetof(struct perf_activity, trap) == PERF_ACTIVITY_TRAP, "trap");
#endif

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
	struct perf_activity *activity = perf_activity_current();

	activity->trap = trap;
	perf_interval_begin(&activity->call);
	return perf_trap_originals[trap];
}

/* One that failed, answers a value, or has not sent its message. */
static void __attribute__((noinline)) PERF_FAST_CALL
end_call(struct perf_activity *activity, uint32_t result)
{
	uint32_t trap = activity->trap & ~PERF_RECEIVED;
	uint32_t flags = result == 0 || answers_a_value(trap) ? 0 : PERF_FLAG_ERROR;

	if (activity->sending != 0)
		perf_activity_sent(activity, flags);
	perf_interval_end(PERF_EVENT_SYSCALL, flags, trap, result, &activity->call);
	perf_interval_close(&activity->call);
}

static void __attribute__((noinline)) PERF_FAST_CALL
call_ended(struct perf_activity *activity)
{
	perf_interval_ended(PERF_EVENT_SYSCALL, activity->trap & ~PERF_RECEIVED, 0,
			    &activity->call, perf_interval_now(PERF_EVENT_SYSCALL));
	perf_interval_close(&activity->call);
}

/* On the way to user mode, from a system call or anything else; what it gets in eax. */
void PERF_HANDLER
perf_leave_kernel(uint32_t result)
{
	struct perf_activity *activity = perf_activity_current();

	if (!perf_interval_is_open(&activity->call))
		return;
	if (perf_unlikely((result | activity->sending) != 0))
		end_call(activity, result);
	else if (perf_record_fast(PERF_EVENT_SYSCALL, &activity->call.begun))
		perf_interval_close(&activity->call);
	else
		call_ended(activity);
}
