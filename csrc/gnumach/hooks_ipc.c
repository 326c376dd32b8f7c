/*
 * Wrappers of what carries messages in and out of tasks.
 *
 * A message is on its way from copyinmsg until it is handed to a server in the
 * kernel, queued, or handed to a receiver together with the stack; whichever
 * comes first.  If the system call ends before that, it has failed.
 *
 * A receipt is counted where the message reaches the receiver: at
 * ipc_kmsg_put, or on the fast paths at copyout.  Two things go through
 * ipc_kmsg_put that are no receipts: a message whose send or receive failed,
 * which ipc_kmsg_copyout_pseudo or _dest has handled before, and one that the
 * fast path has copied out but could not keep in its cache.  A system call
 * receives one message at most, so each of those is noted with the call, and
 * what ipc_kmsg_put does later in the same call is not counted.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_activity.h"
#include "perf_hooks.h"

void PERF_FAST_CALL
perf_activity_sent(struct perf_activity *activity, uint32_t flags)
{
	activity->sending = 0;
	if (!perf_interval_ended(PERF_EVENT_IPC_SEND | flags << 16, activity->message_id,
				 activity->message_size, &activity->call))
		perf_event_record(PERF_EVENT_IPC_SEND, flags, PERF_CURRENT, PERF_CURRENT,
				  activity->message_id, activity->message_size);
}

/* Also of a call whose beginning was not seen. */
void PERF_FAST_CALL
perf_send_unusual(uint64_t now)
{
	const struct perf_activity *activity = perf_activity_current();
	uint32_t id = activity->message_id, size = activity->message_size;

	if (!perf_interval_unusual(PERF_EVENT_IPC_SEND, id, size, &activity->call, now))
		perf_event_record(PERF_EVENT_IPC_SEND, 0, PERF_CURRENT, PERF_CURRENT, id, size);
}

/* Timed from the receiver's system call on, if that was seen. */
void PERF_FAST_CALL
perf_receipt_failed(uint32_t id, uint32_t size)
{
	if (!perf_interval_ended(PERF_EVENT_IPC_RECEIVE | PERF_FLAG_ERROR << 16, id, size,
				 &perf_activity_current()->call))
		perf_event_record(PERF_EVENT_IPC_RECEIVE, PERF_FLAG_ERROR, PERF_CURRENT,
				  PERF_CURRENT, id, size);
}

void PERF_FAST_CALL
perf_receipt_unusual(uint64_t now, uint32_t id, uint32_t size)
{
	if (!perf_interval_unusual(PERF_EVENT_IPC_RECEIVE, id, size,
				   &perf_activity_current()->call, now))
		perf_event_record(PERF_EVENT_IPC_RECEIVE, 0, PERF_CURRENT, PERF_CURRENT, id, size);
}

PERF_WRAP(mach_msg_return_t, ipc_kmsg_copyout_pseudo,
	  (ipc_kmsg_t kmsg, void *space, vm_map_t map, void *notify))
{
	perf_activity_current()->trap |= PERF_RECEIVED;
	return __real_ipc_kmsg_copyout_pseudo(kmsg, space, map, notify);
}

PERF_WRAP(void, ipc_kmsg_copyout_dest, (ipc_kmsg_t kmsg, void *space))
{
	perf_activity_current()->trap |= PERF_RECEIVED;
	__real_ipc_kmsg_copyout_dest(kmsg, space);
}
