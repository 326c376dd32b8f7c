/*
 * The numbers of perf_layout_x86.h are those of the structures.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_activity.h"
#include "perf_layout_x86.h"
#include "perf_trap_entries.h"

#define AT(type, member, number) \
	_Static_assert(offsetof(struct type, member) == (number), #type "." #member)

AT(perf_cpu, limited, PERF_CPU_LIMITED);
AT(perf_cpu, due, PERF_CPU_DUE);
AT(perf_cpu, next, PERF_CPU_NEXT);
AT(perf_cpu, plain_end, PERF_CPU_PLAIN_END);
AT(perf_cpu, newest, PERF_CPU_NEWEST);
AT(perf_cpu, statistics, PERF_CPU_STATISTICS);

AT(perf_statistics, last, PERF_STATISTICS_LAST);
AT(perf_statistics, low, PERF_STATISTICS_LOW);
AT(perf_statistics, limit, PERF_STATISTICS_LIMIT);
AT(perf_statistics, total, PERF_STATISTICS_TOTAL);
AT(perf_statistics, work, PERF_STATISTICS_WORK);
_Static_assert(sizeof(struct perf_statistics) == PERF_STATISTICS_SIZE, "size");
_Static_assert(1 << PERF_STATISTICS_SHIFT == PERF_STATISTICS_SIZE, "shift");
_Static_assert(PERF_WORK_SHIFT == 4, "the buckets");

AT(perf_slot, timestamp, PERF_SLOT_TIMESTAMP);
AT(perf_slot, what, PERF_SLOT_WHAT);
AT(perf_slot, duration, PERF_SLOT_DURATION);
AT(perf_slot, task, PERF_SLOT_TASK);
AT(perf_slot, thread, PERF_SLOT_THREAD);
AT(perf_slot, data1, PERF_SLOT_DATA1);
AT(perf_slot, data2, PERF_SLOT_DATA2);
_Static_assert(sizeof(struct perf_slot) == PERF_SLOT_SIZE, "size");

AT(perf_activity, thread, PERF_ACTIVITY_KEY);
AT(perf_activity, ids.task, PERF_ACTIVITY_TASK);
AT(perf_activity, ids.thread, PERF_ACTIVITY_THREAD);
AT(perf_activity, switches, PERF_ACTIVITY_SWITCHES);
AT(perf_activity, call.begun, PERF_ACTIVITY_CALL);
AT(perf_activity, trap, PERF_ACTIVITY_TRAP);
AT(perf_activity, sending, PERF_ACTIVITY_SENDING);
AT(perf_activity, message_id, PERF_ACTIVITY_MESSAGE_ID);
AT(perf_activity, message_size, PERF_ACTIVITY_MESSAGE_SIZE);
AT(perf_activity, fault.begun, PERF_ACTIVITY_FAULT);
AT(perf_activity, fault_address, PERF_ACTIVITY_FAULT_ADDRESS);
AT(perf_activity, fault_protection, PERF_ACTIVITY_FAULT_PROTECTION);
AT(perf_activity, end.begun, PERF_ACTIVITY_END);
#if defined(PERF_ACTIVITY_SHIFT)
_Static_assert(sizeof(struct perf_activity) == 1 << PERF_ACTIVITY_SHIFT, "size");
#endif
_Static_assert(PERF_NO_KEY == PERF_NO_THREAD, "no thread");
AT(perf_interval, begun, 0);
AT(perf_nested, interval.begun, 0);
AT(perf_nested, switches, PERF_NESTED_SWITCHES);
AT(perf_active, events, 0);
_Static_assert(PERF_NEVER_HIGH == PERF_BEGUN_NEVER >> 32, "never");
_Static_assert(PERF_WAITED_HIGH == PERF_BEGUN_WAITED >> 32, "waited");
_Static_assert(PERF_RECEIVED == UINT32_C(0x80000000), "received");

_Static_assert(offsetof(mach_msg_header_t, msgh_id) == PERF_HEADER_ID, "msgh_id");
_Static_assert(sizeof(mach_msg_header_t) == PERF_HEADER_SIZE, "size");

_Static_assert(PERF_EVENT_IPC_SEND == PERF_SEND, "event");
_Static_assert(PERF_EVENT_IPC_RECEIVE == PERF_RECEIVE, "event");
_Static_assert(PERF_EVENT_CONTEXT_SWITCH == PERF_SWITCH, "event");
_Static_assert(PERF_EVENT_INTERRUPT == PERF_INTERRUPT, "event");
_Static_assert(PERF_EVENT_SYSCALL == PERF_SYSCALL, "event");
_Static_assert(PERF_EVENT_PAGE_FAULT == PERF_FAULT, "event");
_Static_assert(PERF_EVENT_MAX == PERF_EVENTS, "events");
_Static_assert(PERF_FLAG_WAITED == PERF_WAITED, "flag");
