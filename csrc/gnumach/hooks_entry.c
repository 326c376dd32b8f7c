/*
 * Handlers of the entry thunks: functions that do not return to their caller
 * in the ordinary way, or whose caller looks at its stack.  A thunk passes the
 * frame: frame[0] is the return address, frame[1] the first argument.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_activity.h"
#include "perf_entry.h"
#include "perf_hooks.h"

#define INTERRUPTS_MAX 8 /* nested; the deeper ones have no duration */

void PERF_HANDLER perf_enter_switch_context(const uint32_t *frame);
void PERF_HANDLER perf_enter_stack_handoff(const uint32_t *frame);
void PERF_HANDLER perf_enter_interrupt(const uint32_t *frame);
void PERF_HANDLER perf_enter_splx_cli(const uint32_t *frame);

/* Where an interrupt that was not nested returns to. */
extern char return_to_iret[];

uint32_t perf_switches[PERF_PLATFORM_CPUS];

/* Since when the thread that is running has been. */
static struct perf_stamp slices[PERF_PLATFORM_CPUS];

struct interrupt {
	struct perf_stamp start;
	uint32_t number;
	uint32_t pc;
};

/* The interrupts that a processor is in; they return in order. */
static struct {
	uint32_t depth;
	struct interrupt stack[INTERRUPTS_MAX];
} interrupts[PERF_PLATFORM_CPUS];

void
perf_interrupts_clear(void)
{
	for (unsigned int cpu = 0; cpu < PERF_PLATFORM_CPUS; cpu++)
		interrupts[cpu].depth = 0;
}

/* The duration is that of the slice that ends. */
static void
switched(uintptr_t from, uintptr_t to)
{
	struct perf_stamp *slice = &slices[perf_platform_cpu()];
	uintptr_t task = perf_task_of(from);

	perf_switches[perf_platform_cpu()]++;
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

/* stack_handoff(from, to): a sender gives its stack to the receiver of its message. */
void PERF_HANDLER
perf_enter_stack_handoff(const uint32_t *frame)
{
	struct perf_activity *activity = perf_activity_find();

	if (activity != NULL && activity->sending != 0)
		perf_activity_sent(activity, 0);
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
	uint32_t depth = interrupts[perf_platform_cpu()].depth++;
	struct interrupt *interrupt = &interrupts[perf_platform_cpu()].stack[depth];
	const uint32_t *saved = frame + 1;
	uint32_t pc = saved[3];

	if (frame[0] == (uint32_t)return_to_iret) {
		saved = (const uint32_t *)frame[1];
		pc = saved[7];
	}
	if (depth >= INTERRUPTS_MAX) {
		perf_event_record(PERF_EVENT_INTERRUPT, 0, PERF_CURRENT, PERF_CURRENT, frame[-1],
				  pc);
		return;
	}
	interrupt->number = frame[-1];
	interrupt->pc = pc;
	perf_time_begin(PERF_EVENT_INTERRUPT, &interrupt->start);
}

/* splx_cli(), which interrupt() calls when the handler has returned. */
void PERF_HANDLER
perf_enter_splx_cli(const uint32_t *frame)
{
	struct interrupt *interrupt;
	uint32_t depth = interrupts[perf_platform_cpu()].depth;

	(void)frame;
	if (depth == 0)
		return;
	interrupts[perf_platform_cpu()].depth = --depth;
	if (depth >= INTERRUPTS_MAX)
		return;
	interrupt = &interrupts[perf_platform_cpu()].stack[depth];
	perf_time_end(PERF_EVENT_INTERRUPT, 0, PERF_CURRENT, PERF_CURRENT, interrupt->number,
		      interrupt->pc, &interrupt->start);
}
