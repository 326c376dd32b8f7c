/*
 * The busiest hooks: those that every system call, message and page fault in
 * user mode runs through.  On one processor up/hooks_busy_*.S stand in for this
 * file.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_activity.h"
#include "perf_fault.h"
#include "perf_sites.h"
#include "perf_trap_entries.h"

void PERF_HANDLER perf_enter_ipc_kobject_server(const struct perf_frame *frame);
uintptr_t PERF_HANDLER perf_enter_trap(uint32_t trap);
void PERF_HANDLER perf_leave_kernel(uint32_t result);

/* With mach_msg_trap, the functions that have fast paths; only its place matters. */
void exception_raise(void);

/* The kernel's function for it. */
uintptr_t PERF_HANDLER
perf_enter_trap(uint32_t trap)
{
	struct perf_activity *activity = perf_activity_current();

	activity->trap = trap;
	perf_interval_begin(&activity->call);
	return perf_trap_originals[trap];
}

/* On the way to user mode, from a system call or anything else; what it gets in eax. */
void PERF_HANDLER
perf_leave_kernel(uint32_t result)
{
	struct perf_activity *activity = perf_activity_current();
	uint64_t now;

	if (!perf_interval_is_open(&activity->call)) {
		if (perf_unlikely(activity->sending != 0))
			perf_call_none();
		return;
	}
	if (perf_unlikely(result != 0) && !perf_trap_answers_value(activity->trap)) {
		perf_call_failed(result);
		return;
	}
	now = perf_platform_clock();
	if (perf_likely(perf_interval_usual(PERF_EVENT_SYSCALL,
					    activity->trap & ~PERF_RECEIVED, result,
					    &activity->call, now)))
		perf_interval_close(&activity->call);
	else
		perf_call_unusual(now, result);
}

/* A message is on its way, if it could be read; if not, its system call fails. */
PERF_WRAP(int, copyinmsg, (const void *user, void *kernel, vm_size_t size, vm_size_t room))
{
	const mach_msg_header_t *header = kernel;
	int failed = __real_copyinmsg(user, kernel, size, room);
	struct perf_activity *activity = perf_activity_current();

	activity->message_id = (uint32_t)header->msgh_id;
	activity->message_size = size;
	activity->sending = (uintptr_t)kernel - PERF_OFFSET_KMSG_HEADER;
	return failed;
}

/* The message has been handed over. */
static inline void
sent(struct perf_activity *activity)
{
	uint64_t now = perf_platform_clock();

	activity->sending = 0;
	if (!perf_interval_usual(PERF_EVENT_IPC_SEND, activity->message_id,
				 activity->message_size, &activity->call, now))
		perf_send_unusual(now);
}

/* ipc_kobject_server(request) */
void PERF_HANDLER
perf_enter_ipc_kobject_server(const struct perf_frame *frame)
{
	struct perf_activity *activity = perf_activity_current();

	if (perf_likely(activity->sending == perf_frame_argument(frame, 0)))
		sent(activity);
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

static inline void
received(struct perf_activity *activity, uint32_t id, uint32_t size)
{
	uint64_t now = perf_platform_clock();

	if (!perf_interval_usual(PERF_EVENT_IPC_RECEIVE, id, size, &activity->call, now))
		perf_receipt_unusual(now, id, size);
}

PERF_WRAP(mach_msg_return_t, ipc_kmsg_put,
	  (mach_msg_header_t *message, ipc_kmsg_t kmsg, mach_msg_size_t size))
{
	const mach_msg_header_t *header =
		(const mach_msg_header_t *)((uintptr_t)kmsg + PERF_OFFSET_KMSG_HEADER);
	struct perf_activity *activity = perf_activity_current();
	uint32_t id = (uint32_t)header->msgh_id;
	mach_msg_return_t result;

	if (activity->trap & PERF_RECEIVED)
		return __real_ipc_kmsg_put(message, kmsg, size);
	activity->trap |= PERF_RECEIVED;
	result = __real_ipc_kmsg_put(message, kmsg, size);
	if (perf_likely(result == MACH_MSG_SUCCESS))
		received(perf_activity_current(), id, size);
	else
		perf_receipt_failed(id, size);
	return result;
}

PERF_WRAP(int, PERF_COPYOUT, (const void *kernel, void *user, vm_size_t size))
{
	const mach_msg_header_t *header = kernel;
	const void *caller = __builtin_return_address(0);
	struct perf_activity *activity;
	int failed;

	failed = PERF_REAL(PERF_COPYOUT)(kernel, user, size);
	if (failed || size < sizeof(*header))
		return failed;
	if (PERF_ALL_CALLS &&
	    !(perf_is_within(caller, (uintptr_t)mach_msg_trap, PERF_SIZE_MACH_MSG_TRAP) ||
	      perf_is_within(caller, (uintptr_t)exception_raise, PERF_SIZE_EXCEPTION_RAISE)))
		return failed;
	activity = perf_activity_current();
	activity->trap |= PERF_RECEIVED;
	received(activity, (uint32_t)header->msgh_id, size);
	return failed;
}

/* Goes on where the kernel's continuation would. */
void
perf_fault_resolved(kern_return_t result)
{
	struct perf_activity *activity = perf_activity_current();
	uint64_t now = perf_platform_clock();

	if (perf_unlikely(result != KERN_SUCCESS)
	    || !perf_interval_usual(PERF_EVENT_PAGE_FAULT, activity->fault_address,
				    activity->fault_protection, &activity->fault, now))
		perf_fault_unusual(now, result);
	perf_interval_close(&activity->fault);
	perf_fault_continuation(result);
}

PERF_WRAP(kern_return_t, vm_fault,
	  (vm_map_t map, vm_offset_t address, int protection, boolean_t change_wiring,
	   boolean_t resume, continuation_t continuation))
{
	struct perf_activity *activity = perf_activity_current();

	if (perf_unlikely(resume || continuation != perf_fault_continuation))
		return perf_vm_fault(map, address, protection, change_wiring, resume,
				     continuation);
	activity->fault_address = address;
	activity->fault_protection = (uint32_t)protection;
	perf_interval_begin(&activity->fault);
	return __real_vm_fault(map, address, protection, change_wiring, resume,
			       perf_fault_resolved);
}
