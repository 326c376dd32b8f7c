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
 * fast path has copied out but could not keep in its cache.  So each of those
 * leaves a mark, which the next ipc_kmsg_put of that message by that thread
 * takes away.  Nothing blocks between the mark and its end, so there is one
 * mark for each CPU; a new message in the same memory begins with copyinmsg,
 * which clears it.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_activity.h"
#include "perf_hooks.h"

struct mark {
	uintptr_t kmsg;
	uintptr_t thread;
};

static struct mark marks[PERF_PLATFORM_CPUS];

/* With mach_msg_trap, the functions that have fast paths; only its place matters. */
void exception_raise(void);

static void
mark(uintptr_t kmsg)
{
	struct mark *mark = &marks[perf_platform_cpu()];

	mark->kmsg = kmsg;
	mark->thread = perf_platform_thread();
}

static bool
marked(uintptr_t kmsg)
{
	struct mark *mark = &marks[perf_platform_cpu()];
	bool same = mark->kmsg == kmsg && mark->thread == perf_platform_thread();

	mark->kmsg = 0;
	return same;
}

void
perf_activity_sent(struct perf_activity *activity, uint32_t flags)
{
	activity->sending = 0;
	perf_interval_end(PERF_EVENT_IPC_SEND, flags, activity->message_id, activity->message_size,
			  &activity->call);
}

/* The running thread's, if it is in a system call that began in this epoch. */
static struct perf_activity *
calling(void)
{
	struct perf_activity *activity = perf_activity_find();

	return activity != NULL && perf_interval_is_open(&activity->call) ? activity : NULL;
}

PERF_WRAP(int, copyinmsg, (const void *user, void *kernel, vm_size_t size, vm_size_t room))
{
	const mach_msg_header_t *header = kernel;
	struct perf_activity *activity;
	uint32_t flags, id;
	int failed;

	marks[perf_platform_cpu()].kmsg = 0;
	failed = __real_copyinmsg(user, kernel, size, room);
	flags = failed ? PERF_FLAG_ERROR : 0;
	id = failed ? 0 : (uint32_t)header->msgh_id;
	activity = calling();
	if (activity == NULL) {
		perf_event_record(PERF_EVENT_IPC_SEND, flags, PERF_CURRENT, PERF_CURRENT, id, size);
	} else {
		activity->message_id = id;
		activity->message_size = size;
		activity->sending = (uintptr_t)kernel - PERF_OFFSET_KMSG_HEADER;
		if (failed)
			perf_activity_sent(activity, flags);
	}
	return failed;
}

static void
sent(ipc_kmsg_t kmsg)
{
	struct perf_activity *activity = perf_activity_find();

	if (activity != NULL && activity->sending == (uintptr_t)kmsg)
		perf_activity_sent(activity, 0);
}

PERF_WRAP(mach_msg_return_t, ipc_mqueue_send,
	  (ipc_kmsg_t kmsg, mach_msg_option_t option, mach_msg_timeout_t time_out))
{
	mach_msg_return_t result = __real_ipc_mqueue_send(kmsg, option, time_out);

	if (result == MACH_MSG_SUCCESS)
		sent(kmsg);
	return result;
}

PERF_WRAP(ipc_kmsg_t, ipc_kobject_server, (ipc_kmsg_t request))
{
	sent(request);
	return __real_ipc_kobject_server(request);
}

/* Delivered; timed from the receiver's system call on, if that was seen. */
static void
received(uint32_t flags, uint32_t id, uint32_t size)
{
	struct perf_activity *activity = calling();

	if (activity == NULL)
		perf_event_record(PERF_EVENT_IPC_RECEIVE, flags, PERF_CURRENT, PERF_CURRENT, id,
				  size);
	else
		perf_interval_end(PERF_EVENT_IPC_RECEIVE, flags, id, size, &activity->call);
}

PERF_WRAP(mach_msg_return_t, ipc_kmsg_put,
	  (mach_msg_header_t *message, ipc_kmsg_t kmsg, mach_msg_size_t size))
{
	const mach_msg_header_t *header =
		(const mach_msg_header_t *)((uintptr_t)kmsg + PERF_OFFSET_KMSG_HEADER);
	uint32_t id = (uint32_t)header->msgh_id;
	bool counted = marked((uintptr_t)kmsg);
	mach_msg_return_t result;

	result = __real_ipc_kmsg_put(message, kmsg, size);
	if (!counted)
		received(result == MACH_MSG_SUCCESS ? 0 : PERF_FLAG_ERROR, id, size);
	return result;
}

PERF_WRAP(int, PERF_COPYOUT, (const void *kernel, void *user, vm_size_t size))
{
	const mach_msg_header_t *header = kernel;
	const void *caller = __builtin_return_address(0);
	int failed;

	failed = PERF_REAL(PERF_COPYOUT)(kernel, user, size);
	if (failed || size < sizeof(*header) ||
	    !(perf_is_within(caller, (uintptr_t)mach_msg_trap, PERF_SIZE_MACH_MSG_TRAP) ||
	      perf_is_within(caller, (uintptr_t)exception_raise, PERF_SIZE_EXCEPTION_RAISE)))
		return failed;
	received(0, (uint32_t)header->msgh_id, size);
	mark((uintptr_t)kernel - PERF_OFFSET_KMSG_HEADER);
	return failed;
}

PERF_WRAP(mach_msg_return_t, ipc_kmsg_copyout_pseudo,
	  (ipc_kmsg_t kmsg, void *space, vm_map_t map, void *notify))
{
	mach_msg_return_t result = __real_ipc_kmsg_copyout_pseudo(kmsg, space, map, notify);

	mark((uintptr_t)kmsg);
	return result;
}

PERF_WRAP(void, ipc_kmsg_copyout_dest, (ipc_kmsg_t kmsg, void *space))
{
	__real_ipc_kmsg_copyout_dest(kmsg, space);
	mark((uintptr_t)kmsg);
}
