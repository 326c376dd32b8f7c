/*
 * Page faults, but for the usual one in user mode (hooks_busy.c).
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_activity.h"
#include "perf_fault.h"

/* Until it is known, what the kernel never passes. */
continuation_t perf_fault_continuation = perf_fault_resolved;

kern_return_t __real_vm_fault(vm_map_t map, vm_offset_t address, int protection,
			      boolean_t change_wiring, boolean_t resume,
			      continuation_t continuation);

static inline uint32_t
failed(kern_return_t result)
{
	return result == KERN_SUCCESS ? 0 : PERF_FLAG_ERROR << 16;
}

void PERF_FAST_CALL
perf_fault_unusual(uint64_t now, kern_return_t result)
{
	const struct perf_activity *activity = perf_activity_current();

	perf_interval_unusual(PERF_EVENT_PAGE_FAULT | failed(result), activity->fault_address,
			      activity->fault_protection, &activity->fault, now);
}

/* The continuation to pass. */
static inline continuation_t
begin(vm_offset_t address, int protection, continuation_t continuation)
{
	struct perf_activity *activity = perf_activity_current();

	if (perf_fault_continuation == perf_fault_resolved)
		perf_fault_continuation = continuation;
	if (perf_unlikely(continuation != perf_fault_continuation)) {
		perf_event_record(PERF_EVENT_PAGE_FAULT, 0, PERF_CURRENT, PERF_CURRENT, address,
				  (uint32_t)protection);
		return continuation;
	}
	activity->fault_address = address;
	activity->fault_protection = (uint32_t)protection;
	perf_interval_begin(&activity->fault);
	return perf_fault_resolved;
}

kern_return_t
perf_vm_fault(vm_map_t map, vm_offset_t address, int protection, boolean_t change_wiring,
	      boolean_t resume, continuation_t continuation)
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
	perf_nested_end(PERF_EVENT_PAGE_FAULT | failed(result), address, (uint32_t)protection,
			&nested);
	return result;
}
