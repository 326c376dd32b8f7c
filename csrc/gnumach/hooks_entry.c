/*
 * Handlers of the entry thunks: functions that do not return to their caller
 * in the ordinary way, or whose caller looks at its stack.  A thunk passes what
 * it found (perf_arch.h).
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_activity.h"
#include "perf_entry.h"
#include "perf_hooks.h"

#define INTERRUPTS_MAX 8 /* nested; the deeper ones have no duration */
#define SPURIOUS 0xff	 /* interrupt() returns at once, without splx_cli() */

void PERF_HANDLER perf_enter_switch_context(const struct perf_frame *frame);
void PERF_HANDLER perf_enter_stack_handoff(const struct perf_frame *frame);
void PERF_HANDLER perf_enter_interrupt(const struct perf_frame *frame);
void PERF_HANDLER perf_enter_splx_cli(const struct perf_frame *frame);

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
perf_enter_switch_context(const struct perf_frame *frame)
{
	switched(perf_frame_argument(frame, 0), perf_frame_argument(frame, 2));
}

/* stack_handoff(from, to): a sender gives its stack to the receiver of its message. */
void PERF_HANDLER
perf_enter_stack_handoff(const struct perf_frame *frame)
{
	struct perf_activity *activity = perf_activity_find();

	if (activity != NULL && activity->sending != 0)
		perf_activity_sent(activity, 0);
	switched(perf_frame_argument(frame, 0), perf_frame_argument(frame, 1));
}

/* interrupt() */
void PERF_HANDLER
perf_enter_interrupt(const struct perf_frame *frame)
{
	uint32_t depth = interrupts[perf_platform_cpu()].depth;
	struct interrupt *interrupt = &interrupts[perf_platform_cpu()].stack[depth];
	uint32_t number = perf_interrupt_number(frame), pc = perf_interrupt_pc(frame);

	if (number != SPURIOUS)
		interrupts[perf_platform_cpu()].depth++;
	if (depth >= INTERRUPTS_MAX || number == SPURIOUS) {
		perf_event_record(PERF_EVENT_INTERRUPT, 0, PERF_CURRENT, PERF_CURRENT, number, pc);
		return;
	}
	interrupt->number = number;
	interrupt->pc = pc;
	perf_time_begin(PERF_EVENT_INTERRUPT, &interrupt->start);
}

/* splx_cli(), which interrupt() calls when the handler has returned. */
void PERF_HANDLER
perf_enter_splx_cli(const struct perf_frame *frame)
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
