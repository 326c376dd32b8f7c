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

void PERF_HANDLER perf_enter_ipc_kobject_server(const struct perf_frame *frame);

/* With mach_msg_trap, the functions that have fast paths; only its place matters. */
void exception_raise(void);

static void __attribute__((noinline)) PERF_FAST_CALL
send_ended(const struct perf_activity *activity)
{
	perf_interval_ended(PERF_EVENT_IPC_SEND, activity->message_id, activity->message_size,
			    &activity->call, perf_interval_now(PERF_EVENT_IPC_SEND));
}

/* The message has been handed over. */
static inline void
sent(struct perf_activity *activity)
{
	activity->sending = 0;
	if (!perf_record_fast(PERF_EVENT_IPC_SEND, &activity->call.begun))
		send_ended(activity);
}

void PERF_FAST_CALL
perf_activity_sent(struct perf_activity *activity, uint32_t flags)
{
	activity->sending = 0;
	perf_interval_end(PERF_EVENT_IPC_SEND, flags, activity->message_id, activity->message_size,
			  &activity->call);
}

/* A message that could not be read, or of a call whose beginning was not seen. */
static void __attribute__((noinline, cold))
copied_in(struct perf_activity *activity, uint32_t flags)
{
	if (perf_interval_is_open(&activity->call))
		perf_activity_sent(activity, flags);
	else
		perf_event_record(PERF_EVENT_IPC_SEND, flags, PERF_CURRENT, PERF_CURRENT,
				  activity->message_id, activity->message_size);
}

PERF_WRAP(int, copyinmsg, (const void *user, void *kernel, vm_size_t size, vm_size_t room))
{
	const mach_msg_header_t *header = kernel;
	int failed = __real_copyinmsg(user, kernel, size, room);
	struct perf_activity *activity = perf_activity_current();
	uint32_t id = 0;

	if (perf_likely(!failed))
		id = (uint32_t)header->msgh_id;
	activity->message_id = id;
	activity->message_size = size;
	if (perf_unlikely(failed || !perf_interval_is_open(&activity->call)))
		copied_in(activity, failed ? PERF_FLAG_ERROR : 0);
	else
		activity->sending = (uintptr_t)kernel - PERF_OFFSET_KMSG_HEADER;
	return failed;
}

PERF_WRAP(mach_msg_return_t, ipc_mqueue_send,
	  (ipc_kmsg_t kmsg, mach_msg_option_t option, mach_msg_timeout_t time_out))
{
	mach_msg_return_t result = __real_ipc_mqueue_send(kmsg, option, time_out);
	struct perf_activity *activity = perf_activity_current();

	if (result == MACH_MSG_SUCCESS && activity->sending == (uintptr_t)kmsg)
		sent(activity);
	return result;
}

/* ipc_kobject_server(request) */
void PERF_HANDLER
perf_enter_ipc_kobject_server(const struct perf_frame *frame)
{
	struct perf_activity *activity = perf_activity_current();

	if (perf_likely(activity->sending == perf_frame_argument(frame, 0)))
		sent(activity);
}

/* Timed from the receiver's system call on, if that was seen. */
static void __attribute__((noinline)) PERF_FAST_CALL
receipt_ended(uint32_t what, uint32_t id, uint32_t size)
{
	const struct perf_activity *activity = perf_activity_current();
	uint64_t now = what >> 16 == 0 ? perf_interval_now(PERF_EVENT_IPC_RECEIVE)
				       : perf_platform_clock();

	if (!perf_interval_ended(what, id, size, &activity->call, now))
		perf_event_record(PERF_EVENT_IPC_RECEIVE, what >> 16, PERF_CURRENT, PERF_CURRENT,
				  id, size);
}

PERF_WRAP(mach_msg_return_t, ipc_kmsg_put,
	  (mach_msg_header_t *message, ipc_kmsg_t kmsg, mach_msg_size_t size))
{
	const mach_msg_header_t *header =
		(const mach_msg_header_t *)((uintptr_t)kmsg + PERF_OFFSET_KMSG_HEADER);
	uint32_t id = (uint32_t)header->msgh_id;
	mach_msg_return_t result = __real_ipc_kmsg_put(message, kmsg, size);
	struct perf_activity *activity = perf_activity_current();

	if (activity->trap & PERF_RECEIVED)
		return result;
	activity->trap |= PERF_RECEIVED;
	if (perf_unlikely(result != MACH_MSG_SUCCESS))
		receipt_ended(PERF_EVENT_IPC_RECEIVE | PERF_FLAG_ERROR << 16, id, size);
	else if (!perf_record_fast(PERF_EVENT_IPC_RECEIVE, &activity->call.begun))
		receipt_ended(PERF_EVENT_IPC_RECEIVE, id, size);
	return result;
}

PERF_WRAP(int, PERF_COPYOUT, (const void *kernel, void *user, vm_size_t size))
{
	const mach_msg_header_t *header = kernel;
	const void *caller = __builtin_return_address(0);
	struct perf_activity *activity;
	int failed;

	failed = PERF_REAL(PERF_COPYOUT)(kernel, user, size);
	if (failed || size < sizeof(*header) ||
	    !(perf_is_within(caller, (uintptr_t)mach_msg_trap, PERF_SIZE_MACH_MSG_TRAP) ||
	      perf_is_within(caller, (uintptr_t)exception_raise, PERF_SIZE_EXCEPTION_RAISE)))
		return failed;
	activity = perf_activity_current();
	activity->trap |= PERF_RECEIVED;
	if (!perf_record_fast(PERF_EVENT_IPC_RECEIVE, &activity->call.begun))
		receipt_ended(PERF_EVENT_IPC_RECEIVE, (uint32_t)header->msgh_id, size);
	return failed;
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
