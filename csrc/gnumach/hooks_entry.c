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

uint64_t perf_slices[PERF_PLATFORM_CPUS];

struct interrupt {
	struct perf_interval interval;
	uint32_t number;
	uint32_t pc;
};

/* The interrupts that a processor is in; they return in order. */
static struct {
	uint32_t depth;
	struct interrupt stack[INTERRUPTS_MAX];
} interrupts[PERF_PLATFORM_CPUS];

void
perf_entries_clear(void)
{
	for (unsigned int cpu = 0; cpu < PERF_PLATFORM_CPUS; cpu++) {
		perf_slices[cpu] = PERF_BEGUN_NEVER;
		interrupts[cpu].depth = 0;
	}
}

static void __attribute__((noinline, cold))
switch_unusually(uint64_t now, uintptr_t from, uint32_t from_id)
{
	uint32_t cpu = perf_platform_cpu();
	uint32_t to_id = perf_current[cpu]->ids.thread;
	struct perf_keys keys = {perf_task_of(from), from};
	uint64_t slice = perf_slices[cpu];

	perf_slices[cpu] = now;
	if (!perf_event_active(PERF_EVENT_CONTEXT_SWITCH))
		return;
	if (slice == PERF_BEGUN_NEVER) {
		perf_record_instant(PERF_EVENT_CONTEXT_SWITCH, from_id, to_id, &keys);
		perf_slices[cpu] = perf_platform_clock();
	} else {
		perf_record_measured(PERF_EVENT_CONTEXT_SWITCH, from_id, to_id, &keys, now - slice,
				     now, cpu);
	}
}

void PERF_FAST_CALL
perf_slice_unusual(uint64_t now, uintptr_t from)
{
	switch_unusually(now, from, perf_activity_enter(from)->ids.thread);
}

/* The duration is that of the slice that ends. */
static void
switched(uintptr_t from, uintptr_t to)
{
	uint32_t cpu = perf_platform_cpu();
	struct perf_activity *leaving = perf_current[cpu], *entering;
	uint32_t from_id = leaving->ids.thread;
	uint64_t now;

	perf_activity_leave(leaving, from);
	entering = perf_activity_enter(to);
	perf_current[cpu] = entering;
	now = perf_platform_clock();
	/* Two threads without places have one between them. */
	if (perf_unlikely(leaving == entering)
	    || !perf_record_usual(PERF_EVENT_CONTEXT_SWITCH, perf_slices[cpu], now, from_id,
				  entering->ids.thread, &leaving->ids))
		switch_unusually(now, from, from_id);
	else
		perf_slices[cpu] = now;
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
	struct perf_activity *activity = perf_activity_current();

	if (activity->sending != 0)
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
	perf_interval_begin(&interrupt->interval);
	if (PERF_ALONE)
		perf_cpu_due(&perf_cpus[0], interrupt->interval.begun);
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
	perf_interval_ended(PERF_EVENT_INTERRUPT, interrupt->number, interrupt->pc,
			  &interrupt->interval);
}
