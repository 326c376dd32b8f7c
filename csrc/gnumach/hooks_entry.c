/*
 * Handlers of the entry thunks: functions that do not return to their caller
 * in the ordinary way, so that only their beginning can be seen here.  A
 * thunk passes the frame: frame[0] is the return address, frame[1] the first
 * argument.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <perf_analysis.h>
#include <perf_kernel.h>
#include <perf_platform.h>

#define PERF_HANDLER __attribute__((regparm(1), used))

void PERF_HANDLER perf_enter_switch_context(const uint32_t *frame);
void PERF_HANDLER perf_enter_stack_handoff(const uint32_t *frame);
void PERF_HANDLER perf_enter_interrupt(const uint32_t *frame);
void PERF_HANDLER perf_enter_vm_fault(const uint32_t *frame);
void PERF_HANDLER perf_enter_trap(uint32_t trap);

/* Where an interrupt that was not nested returns to. */
extern char return_to_iret[];

/* Since when the thread that is running has been. */
static struct perf_stamp slices[PERF_PLATFORM_CPUS];

/* The duration is that of the slice that ends. */
static void
switched(uintptr_t from, uintptr_t to)
{
	struct perf_stamp *slice = &slices[perf_platform_cpu()];
	uintptr_t task = perf_task_of(from);

	if (!perf_event_active(PERF_EVENT_CONTEXT_SWITCH)) {
		slice->epoch = 0;
		return;
	}
	uint32_t from_id = perf_thread_id(from, task);
	uint32_t to_id = perf_thread_id(to, perf_task_of(to));

	if (slice->epoch == perf_active.epoch)
		perf_time_end(PERF_EVENT_CONTEXT_SWITCH, 0, task, from, from_id, to_id, slice);
	else
		perf_event_record(PERF_EVENT_CONTEXT_SWITCH, 0, task, from, from_id, to_id);
	perf_stamp_take(slice);
}

/* switch_context(from, continuation, to) */
void PERF_HANDLER
perf_enter_switch_context(const uint32_t *frame)
{
	switched(frame[1], frame[3]);
}

/* stack_handoff(from, to) */
void PERF_HANDLER
perf_enter_stack_handoff(const uint32_t *frame)
{
	switched(frame[1], frame[2]);
}

/*
 * interrupt(), with its number in eax, which the thunk saved below the frame.
 * The first interrupt switches to a stack of its own and leaves a pointer to
 * what it saved, segment registers first, on top of it; the next ones, on that
 * stack already, save three registers above their return address.
 */
void PERF_HANDLER
perf_enter_interrupt(const uint32_t *frame)
{
	const uint32_t *saved = frame + 1;
	uint32_t pc = saved[3];

	if (!perf_event_active(PERF_EVENT_INTERRUPT))
		return;
	if (frame[0] == (uint32_t)return_to_iret) {
		saved = (const uint32_t *)frame[1];
		pc = saved[7];
	}
	perf_event_record(PERF_EVENT_INTERRUPT, 0, PERF_CURRENT, PERF_CURRENT, frame[-1], pc);
}

/* vm_fault(map, address, protection, change_wiring, resume, continuation) */
void PERF_HANDLER
perf_enter_vm_fault(const uint32_t *frame)
{
	bool resumed = frame[5];

	if (!resumed)
		perf_event_record(PERF_EVENT_PAGE_FAULT, 0, PERF_CURRENT, PERF_CURRENT, frame[2],
				  frame[3]);
}

void PERF_HANDLER
perf_enter_trap(uint32_t trap)
{
	perf_event_record(PERF_EVENT_SYSCALL, 0, PERF_CURRENT, PERF_CURRENT, trap, 0);
}
