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

static void __attribute__((noinline)) PERF_FAST_CALL
fault_ended(const struct perf_activity *activity, uint32_t flags)
{
	perf_interval_ended(PERF_EVENT_PAGE_FAULT | flags << 16, activity->fault_address,
			    activity->fault_protection, &activity->fault,
			    flags == 0 ? perf_interval_now(PERF_EVENT_PAGE_FAULT)
				       : perf_platform_clock());
}

static void
resolved(kern_return_t result)
{
	struct perf_activity *activity = perf_activity_current();

	if (perf_unlikely(result != KERN_SUCCESS))
		fault_ended(activity, PERF_FLAG_ERROR);
	else if (!perf_record_fast(PERF_EVENT_PAGE_FAULT, &activity->fault.begun))
		fault_ended(activity, 0);
	perf_interval_close(&activity->fault);
	kernel_continuation(result);
}

/* The continuation to pass. */
static inline continuation_t
begin(vm_offset_t address, int protection, continuation_t continuation)
{
	struct perf_activity *activity = perf_activity_current();

	if (kernel_continuation == NULL)
		kernel_continuation = continuation;
	if (perf_unlikely(continuation != kernel_continuation)) {
		perf_event_record(PERF_EVENT_PAGE_FAULT, 0, PERF_CURRENT, PERF_CURRENT, address,
				  (uint32_t)protection);
		return continuation;
	}
	activity->fault_address = address;
	activity->fault_protection = (uint32_t)protection;
	perf_interval_begin(&activity->fault);
	return resolved;
}

PERF_WRAP(kern_return_t, vm_fault,
	  (vm_map_t map, vm_offset_t address, int protection, boolean_t change_wiring,
	   boolean_t resume, continuation_t continuation))
{
	struct perf_nested nested;
	kern_return_t result;

	if (continuation != NULL) {
		if (!resume)
			continuation = begin(address, protection, continuation);
		return __real_vm_fault(map, address, protection, change_wiring, resume,
				       continuation);
	}
	perf_nested_begin(&nested);
	result = __real_vm_fault(map, address, protection, change_wiring, resume, NULL);
	perf_nested_end(PERF_EVENT_PAGE_FAULT | failed(result) << 16, address, (uint32_t)protection,
			&nested);
	return result;
}
