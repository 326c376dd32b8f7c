/*
 * System calls, from the kernel's function for them to the way back to user
 * mode, which all of them pass however they end.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_activity.h"
#include "perf_trap_entries.h"

/*
 * 26 mach_reply_port, 27 mach_thread_self, 28 mach_task_self, 29 mach_host_self;
 * 59 swtch_pri, 60 swtch
 */
const uint32_t perf_value_traps[PERF_VALUE_TRAPS / 32] = {0x3c000000, 0x18000000};

/* One that failed. */
void PERF_FAST_CALL
perf_call_failed(uint32_t result)
{
	struct perf_activity *activity = perf_activity_current();
	uint32_t trap = activity->trap & ~PERF_RECEIVED;

	if (result == MACH_SEND_INVALID_DATA) /* it could not be read */
		activity->message_id = 0;
	if (activity->sending != 0)
		perf_activity_sent(activity, PERF_FLAG_ERROR);
	perf_interval_ended(PERF_EVENT_SYSCALL | PERF_FLAG_ERROR << 16, trap, result,
			    &activity->call);
	perf_interval_close(&activity->call);
}

/*
 * One that succeeded, perhaps after a wait: only then may somebody else have
 * given it another result, and its message not have been sent.
 */
void PERF_FAST_CALL
perf_call_unusual(uint64_t now, uint32_t result)
{
	struct perf_activity *activity = perf_activity_current();

	if (activity->sending != 0)
		perf_activity_sent(activity, 0);
	perf_interval_unusual(PERF_EVENT_SYSCALL, activity->trap & ~PERF_RECEIVED, result,
			      &activity->call, now);
	perf_interval_close(&activity->call);
}

/* One whose beginning was not seen, and whose message has not been sent. */
void
perf_call_none(void)
{
	perf_activity_sent(perf_activity_current(), PERF_FLAG_ERROR);
}
