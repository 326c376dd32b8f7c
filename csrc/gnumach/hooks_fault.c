/*
 * Page faults.  One in user mode goes on with a continuation instead of
 * returning; ours takes its place, and then goes on with it.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_activity.h"
#include "perf_hooks.h"

typedef void (*continuation_t)(kern_return_t result);

/*
 * The one continuation that the kernel passes.  A thread that waits for its
 * page comes to ours though monitoring was disabled meanwhile, or even enabled
 * again, so what ours needs to go on is not kept with the thread.
 */
static continuation_t kernel_continuation;

static inline uint32_t
failed(kern_return_t result)
{
	return result == KERN_SUCCESS ? 0 : PERF_FLAG_ERROR;
}

static void
resolved(kern_return_t result)
{
	struct perf_activity *activity = perf_activity_find();

	if (activity != NULL) {
		perf_interval_end(PERF_EVENT_PAGE_FAULT, failed(result), activity->fault_address,
				  activity->fault_protection, &activity->fault);
		activity->fault.start.epoch = 0;
	}
	kernel_continuation(result);
}

/* The continuation to pass. */
static continuation_t
begin(vm_offset_t address, int protection, continuation_t continuation)
{
	struct perf_activity *activity = NULL;

	if (kernel_continuation == NULL)
		kernel_continuation = continuation;
	if (continuation == kernel_continuation)
		activity = perf_activity_enter();
	if (activity == NULL) {
		perf_event_record(PERF_EVENT_PAGE_FAULT, 0, PERF_CURRENT, PERF_CURRENT, address,
				  (uint32_t)protection);
		return continuation;
	}
	activity->fault_address = address;
	activity->fault_protection = (uint32_t)protection;
	perf_interval_take(&activity->fault);
	return resolved;
}

PERF_WRAP(kern_return_t, vm_fault,
	  (vm_map_t map, vm_offset_t address, int protection, boolean_t change_wiring,
	   boolean_t resume, continuation_t continuation))
{
	struct perf_interval interval;
	kern_return_t result;

	if (continuation != NULL) {
		if (!resume && perf_event_active(PERF_EVENT_PAGE_FAULT))
			continuation = begin(address, protection, continuation);
		return __real_vm_fault(map, address, protection, change_wiring, resume,
				       continuation);
	}
	perf_interval_begin(PERF_EVENT_PAGE_FAULT, &interval);
	result = __real_vm_fault(map, address, protection, change_wiring, resume, NULL);
	perf_interval_end(PERF_EVENT_PAGE_FAULT, failed(result), address, (uint32_t)protection,
			  &interval);
	return result;
}
