/*
 * The record path: what every event runs through.
 *
 * No lock, no store that another CPU also makes, no allocation, at most 256
 * bytes of stack.  The usual event is handled here in one piece; whatever is
 * not usual (a new generation, a task left out, a flag, a long or negative
 * duration, keys of others) is found by a single test each and handled out of
 * line.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_core.h"
#include "perf_ids.h"
#include "perf_usual.h"

#define PERF_NOINLINE __attribute__((noinline, cold))

#define WHAT_ERROR (PERF_FLAG_ERROR << 16)
#define WHAT_WAITED (PERF_FLAG_WAITED << 16)
#define WHAT_SATURATED (PERF_FLAG_SATURATED << 16)
#define WHAT_MIGRATED (PERF_FLAG_MIGRATED << 16)
#define WHAT_INSTANT (PERF_FLAG_INSTANT << 16)

/*
 * i386 has few registers, and a compiler that believes an address cheap to
 * compute does so again and again: make it keep this one.
 */
#define PERF_KEEP(pointer) __asm__("" : "+r"(pointer))

/*
 * Something was set since this CPU looked last, or a task is left out; false if
 * the event is that task's.
 */
static bool PERF_NOINLINE PERF_FAST_CALL
look_closer(struct perf_cpu *cpu, const struct perf_keys *keys)
{
	uintptr_t excluded = perf_load_word(&perf_shared.excluded);

	if (cpu->settings != perf_load32(&perf_shared.version))
		perf_cpu_renew(cpu);
	return excluded == 0
	       || excluded != (keys != NULL && keys->task != PERF_CURRENT
				       ? keys->task
				       : perf_platform_task());
}

/* An instant event that failed or blocked. */
static void PERF_NOINLINE PERF_FAST_CALL
count_flagged(struct perf_statistics *statistics, uint32_t what)
{
	if (what & WHAT_WAITED)
		perf_add64(&statistics->waits, 1);
	else
		perf_count_instant(statistics);
	if (what & WHAT_ERROR)
		perf_add64(&statistics->errors, 1);
}

/* A timed event that is not usual; the flags it has then. */
static uint32_t PERF_NOINLINE PERF_FAST_CALL
count_unusual(struct perf_statistics *statistics, uint32_t what, uint64_t ticks)
{
	if (ticks >= PERF_LONG_TICKS)
		what |= WHAT_SATURATED;
	if ((int64_t)ticks < 0)
		ticks = 0;
	if (what & WHAT_WAITED) {
		perf_count_wait(statistics, ticks);
	} else {
		perf_count_work(statistics, ticks);
		if (perf_is_extreme(statistics, ticks))
			perf_statistics_watch(statistics,
					      perf_load_word(&perf_shared.excluded) != 0);
	}
	if (what & WHAT_ERROR)
		perf_add64(&statistics->errors, 1);
	return what;
}

static void PERF_NOINLINE PERF_FAST_CALL
name_others(struct perf_slot *slot, const struct perf_keys *keys)
{
	uintptr_t task = keys->task, thread = keys->thread;

	if (task == PERF_CURRENT)
		task = perf_platform_task();
	if (thread == PERF_CURRENT)
		thread = perf_platform_thread();
	perf_store32(&slot->task, perf_task_id(task));
	perf_store32(&slot->thread, perf_thread_id(thread, task));
}

PERF_INLINE void
write_sample(struct perf_cpu *cpu, uint32_t what, uint32_t duration, uint64_t now,
	     uint32_t data1, uint32_t data2, const struct perf_keys *keys)
{
	struct perf_slot *slot;

	if (perf_unlikely(perf_peek32(&perf_shared.limit.interval) != 0)) {
		perf_limit_take(&perf_shared.limit, now, &cpu->closed);
		perf_cpu_due(cpu, now);
	}
	if (perf_unlikely(cpu->next == cpu->end) && !perf_cpu_lap(cpu))
		return;
	slot = cpu->next;
	if (perf_unlikely((int64_t)(now - cpu->newest) < 0))
		now = cpu->newest;
	cpu->newest = now;
	perf_store64(&slot->timestamp, now);
	perf_store32(&slot->what, what);
	perf_store32(&slot->duration, duration);
	perf_store32(&slot->data1, data1);
	perf_store32(&slot->data2, data2);
	if (perf_unlikely(keys != NULL)) {
		name_others(slot, keys);
	} else {
		struct perf_last_ids *last = &cpu->last_ids;

		if (perf_unlikely(perf_peek_word(&last->thread_key)
				  != perf_platform_thread()))
			perf_ids_look_up(last);
		perf_store32(&slot->task, last->ids.task);
		perf_store32(&slot->thread, last->ids.thread);
	}
	perf_store_slot(&cpu->next, slot + 1);
}

enum timing {
	INSTANT,
	BEGUN,	  /* ticks is when it began */
	MEASURED, /* ticks is how long it took, end when it ended */
};

/* Where hooks record the usual event in line this is rare, and compiled for size. */
#if defined(__OPTIMIZE_SIZE__)
static void __attribute__((noinline))
#else
PERF_INLINE void
#endif
record(enum timing timing, uint32_t what, uint32_t data1, uint32_t data2,
       const struct perf_keys *keys, uint64_t ticks, uint64_t end, uint32_t begun_on)
{
	unsigned long saved = perf_platform_mask();
	uint32_t number = perf_platform_cpu();
	struct perf_cpu *cpu = &perf_cpus[number];
	struct perf_statistics *statistics = &cpu->statistics[(uint8_t)what];
	uint32_t duration = 0;
	uint64_t now = timing == MEASURED ? end : perf_platform_clock();

	if (!PERF_ALONE)
		PERF_KEEP(cpu);
	PERF_KEEP(statistics);
	perf_section_begin(&cpu->sequence);
	if (perf_unlikely(cpu->settings != perf_peek32(&perf_shared.settings))
	    && !look_closer(cpu, keys))
		goto out;

	perf_store64(&statistics->last, now);
	if (timing == INSTANT) {
		if (perf_unlikely(what & (WHAT_ERROR | WHAT_WAITED)))
			count_flagged(statistics, what);
		else
			perf_count_instant(statistics);
		what |= WHAT_INSTANT;
	} else {
		if (timing == BEGUN)
			ticks = now - ticks;
		duration = ticks;
		if (!PERF_ALONE && perf_unlikely(begun_on != number))
			what |= WHAT_MIGRATED;
		if (perf_unlikely(what & (WHAT_ERROR | WHAT_WAITED))
		    || !perf_is_usual(statistics, ticks)) {
			what = count_unusual(statistics, what, ticks);
			if (what & WHAT_SATURATED)
				duration = (int64_t)ticks < 0 ? 0 : UINT32_MAX;
		} else if (perf_unlikely(perf_count_usual(statistics, duration))) {
			perf_cpu_carry(cpu, statistics);
		}
	}

	if (perf_peek32(&perf_shared.limit.interval) != 0
	    && perf_likely(perf_limit_is_closed(now, cpu->closed)))
		perf_add64(&cpu->account.rate_limited, 1);
	else
		write_sample(cpu, what | number << 8, duration, now, data1, data2, keys);
out:
	perf_section_end(&cpu->sequence);
	perf_platform_unmask(saved);
}

void PERF_FAST_CALL
perf_record_instant(uint32_t what, uint32_t data1, uint32_t data2,
		    const struct perf_keys *keys)
{
	record(INSTANT, what, data1, data2, keys, 0, 0, 0);
}

void PERF_FAST_CALL
perf_record_timed(uint32_t what, uint32_t data1, uint32_t data2,
		  const struct perf_stamp *start, const struct perf_keys *keys)
{
	record(BEGUN, what, data1, data2, keys, start->ticks, 0, start->cpu);
}

void PERF_FAST_CALL
perf_record_measured(uint32_t what, uint32_t data1, uint32_t data2,
		     const struct perf_keys *keys, uint64_t ticks, uint64_t end,
		     uint32_t begun_on)
{
	record(MEASURED, what, data1, data2, keys, ticks, end, begun_on);
}

void PERF_FAST_CALL
perf_stamp_take(struct perf_stamp *start)
{
	start->epoch = __atomic_load_n(&perf_active.epoch, __ATOMIC_RELAXED);
	start->cpu = perf_platform_cpu();
	start->ticks = perf_platform_clock();
}

/*
 * What is ahead of the clock that was read are samples of interrupts that came
 * since, which alone leave their timestamps; and what was not usual.
 */
void PERF_FAST_CALL
perf_usual_sample(uint32_t what, uint64_t now, uint32_t ticks, uint32_t data1,
		  uint32_t data2, const struct perf_ids *ids)
{
	unsigned long saved = PERF_ALONE ? perf_platform_mask() : 0;
	struct perf_cpu *cpu = &perf_cpus[perf_platform_cpu()];

	if (perf_unlikely((int64_t)now < (int64_t)cpu->newest))
		now = cpu->newest;
	if ((uint8_t)what == PERF_EVENT_INTERRUPT || !PERF_ALONE)
		cpu->newest = now;
	if (perf_likely(cpu->next < cpu->plain_end) || perf_cpu_admit(cpu, now)) {
		struct perf_slot *slot = cpu->next;

		perf_store64(&slot->timestamp, now);
		perf_store32(&slot->what, what);
		perf_store32(&slot->duration, ticks);
		perf_store32(&slot->task, ids->task);
		perf_store32(&slot->thread, ids->thread);
		perf_store32(&slot->data1, data1);
		perf_store32(&slot->data2, data2);
		perf_store_slot(&cpu->next, slot + 1);
	}
	if (PERF_ALONE)
		perf_platform_unmask(saved);
}
