/*
 * Names of events, ours and others.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_events.h"

#include "perf_core.h"

static const char *names[PERF_EVENT_MAX] = {
	[PERF_EVENT_IPC_SEND] = "IPC_SEND",
	[PERF_EVENT_IPC_RECEIVE] = "IPC_RECEIVE",
	[PERF_EVENT_VM_ALLOC] = "VM_ALLOC",
	[PERF_EVENT_VM_FREE] = "VM_FREE",
	[PERF_EVENT_TASK_CREATE] = "TASK_CREATE",
	[PERF_EVENT_TASK_TERMINATE] = "TASK_TERMINATE",
	[PERF_EVENT_THREAD_CREATE] = "THREAD_CREATE",
	[PERF_EVENT_THREAD_TERMINATE] = "THREAD_TERMINATE",
	[PERF_EVENT_CONTEXT_SWITCH] = "CONTEXT_SWITCH",
	[PERF_EVENT_INTERRUPT] = "INTERRUPT",
	[PERF_EVENT_SYSCALL] = "SYSCALL",
	[PERF_EVENT_PAGE_FAULT] = "PAGE_FAULT",
	[PERF_EVENT_PROFILE] = "PROFILE",
};

#define BUILTIN_NAMED ((UINT64_C(1) << (PERF_EVENT_PROFILE + 1)) - 1)

/* How many of names, from PERF_EVENT_FIRST_REGISTERED on, are registered. */
static uint32_t registered;

uint64_t
perf_events_registered(void)
{
	uint32_t count = perf_load32(&registered);
	uint32_t most = PERF_EVENT_MAX - PERF_EVENT_FIRST_REGISTERED;

	if (count == 0)
		return 0;
	return (UINT64_MAX >> (64 - (count < most ? count : most)))
	       << PERF_EVENT_FIRST_REGISTERED;
}

uint64_t
perf_events_named(void)
{
	return BUILTIN_NAMED | perf_events_registered();
}

const char *
perf_event_name(uint32_t event)
{
	return perf_event_exists(event) ? names[event] : NULL;
}

kern_return_t
perf_register_event(const char *name, uint32_t *event)
{
	kern_return_t kr = KERN_RESOURCE_SHORTAGE;

	if (name == NULL || name[0] == 0)
		return KERN_INVALID_ARGUMENT;
	perf_platform_lock();
	if (PERF_EVENT_FIRST_REGISTERED + registered < PERF_EVENT_MAX) {
		*event = PERF_EVENT_FIRST_REGISTERED + registered;
		names[*event] = name;
		perf_publish32(&registered, registered + 1);
		kr = KERN_SUCCESS;
	}
	perf_platform_unlock();
	return kr;
}
