/*
 * Page faults in user mode go on with a continuation instead of returning;
 * ours takes its place, and then goes on with it.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_FAULT_H_
#define _PERF_FAULT_H_

#include <perf_analysis.h>
#include <perf_kernel.h>

typedef void (*continuation_t)(kern_return_t result);

/*
 * The one continuation that the kernel passes.  A thread that waits for its
 * page comes to ours though monitoring was disabled meanwhile, or even enabled
 * again, so what ours needs to go on is not kept with the thread.  Never null.
 */
extern continuation_t perf_fault_continuation;

void perf_fault_resolved(kern_return_t result);

/* One that was not resolved, or is not usual; the clock said now. */
void perf_fault_unusual(uint64_t now, kern_return_t result) PERF_FAST_CALL;

/* vm_fault(), called as no page fault in user mode does, or for the first time. */
kern_return_t perf_vm_fault(vm_map_t map, vm_offset_t address, int protection,
			    boolean_t change_wiring, boolean_t resume,
			    continuation_t continuation);

#endif /* _PERF_FAULT_H_ */
