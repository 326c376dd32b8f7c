/*
 * The record path: what every event runs through.
 *
 * No lock, no store that another CPU also makes, no allocation, at most 256
 * bytes of stack (-fstack-usage, in the tests).
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_core.h"
#include "perf_ids.h"

struct perf_active perf_active;
struct perf_cpu perf_cpus[PERF_PLATFORM_CPUS];

#define PERF_NOINLINE __attribute__((noinline, cold))
#define PERF_INLINE static inline __attribute__((always_inline))

/*
 * The first time that this CPU records this event in a new generation.  A
 * ring set after the generation was looked at is harmless: the CPU comes back
 * here at its next event.
 */
static void PERF_NOINLINE
perf_renew(struct perf_cpu *cpu, uint32_t number, struct perf_statistics *statistics,
	   uint64_t now)
{
	uint32_t generation = perf_load32(&perf_shared.generation);

	if (perf_before_reset(statistics->generation))
		perf_statistics_clear(statistics);
	perf_store32(&statistics->generation, generation);
	if (cpu->generation == generation)
		return;

	uint64_t *account = (uint64_t *)&cpu->account;
	uint64_t *earlier = (uint64_t *)&cpu->earlier;
	bool reset = perf_before_reset(cpu->generation);

	for (unsigned int i = 0; i < sizeof cpu->account / sizeof *account; i++) {
		perf_store64(&earlier[i], reset ? 0 : earlier[i] + account[i]);
		perf_store64(&account[i], 0);
	}
	__atomic_store_n(&cpu->ring, perf_load_word(&perf_shared.ring[number]),
			 __ATOMIC_RELEASE);
	cpu->open = now - perf_load32(&perf_shared.limit.span);
	perf_store32(&cpu->generation, generation);
}

PERF_INLINE void
perf_ring_write(struct perf_cpu *cpu, uint32_t what, uint32_t duration, uint64_t now,
		uint32_t data1, uint32_t data2, uintptr_t task, uintptr_t thread)
{
	struct perf_slot *slot = perf_ring_slot(cpu->ring, cpu->account.written);
	struct perf_last_ids *ids = &cpu->last_ids;

	if (task == PERF_CURRENT)
		task = perf_platform_task();
	if (thread == PERF_CURRENT)
		thread = perf_platform_thread();
	if (perf_unlikely(perf_load_word(&ids->thread_key) != thread
			  || perf_load_word(&ids->task_key) != task))
		perf_ids_look_up(ids, task, thread);
	if (perf_unlikely((int64_t)(now - cpu->newest) < 0))
		now = cpu->newest;
	cpu->newest = now;
	perf_store64(&slot->timestamp, now);
	perf_store32(&slot->what, what);
	perf_store32(&slot->duration, duration);
	perf_store32(&slot->task, ids->task);
	perf_store32(&slot->thread, ids->thread);
	perf_store32(&slot->data1, data1);
	perf_store32(&slot->data2, data2);
	perf_add64(&cpu->account.written, 1);
}

PERF_INLINE bool
perf_ring_refuses(const struct perf_cpu *cpu)
{
	return perf_unlikely(perf_load32(&perf_shared.mode) == PERF_MODE_STOP)
	       && cpu->account.written >= perf_ring_size(cpu->ring);
}

/* start is null for an event without a duration. */
PERF_INLINE void
perf_record(uint32_t what, uint32_t data1, uint32_t data2, uintptr_t task,
	    uintptr_t thread, const struct perf_stamp *start)
{
	unsigned long saved = perf_platform_mask();
	uint32_t number = perf_platform_cpu();
	struct perf_cpu *cpu = &perf_cpus[number];
	struct perf_statistics *statistics = &cpu->statistics[what & 0xff];
	uint32_t duration = 0;
	uint64_t now;

	if (perf_unlikely(perf_load_word(&perf_shared.excluded) != 0)
	    && perf_load_word(&perf_shared.excluded)
		       == (task == PERF_CURRENT ? perf_platform_task() : task)) {
		perf_platform_unmask(saved);
		return;
	}

	now = perf_platform_clock();
	perf_section_begin(&cpu->sequence);
	if (perf_unlikely(statistics->generation != perf_load32(&perf_shared.generation)))
		perf_renew(cpu, number, statistics, now);

	perf_add64(&cpu->account.events, 1);
	perf_store64(&statistics->totals.last, now);
	if (start == NULL) {
		what |= PERF_FLAG_INSTANT << 16;
		perf_count_instant(statistics, what & PERF_FLAG_WAITED << 16);
	} else {
		uint64_t ticks = now - start->ticks;

		duration = ticks;
		if (perf_unlikely(ticks >> 32 != 0)) {
			what |= PERF_FLAG_SATURATED << 16;
			duration = UINT32_MAX;
			if ((int64_t)ticks < 0)
				ticks = duration = 0;
		}
		if (perf_unlikely(start->cpu != number))
			what |= PERF_FLAG_MIGRATED << 16;
		if (perf_unlikely(what & PERF_FLAG_WAITED << 16))
			perf_count_wait(statistics, ticks);
		else
			perf_count_work(statistics, ticks);
	}
	if (perf_unlikely(what & PERF_FLAG_ERROR << 16))
		perf_add64(&statistics->totals.errors, 1);

	if (!perf_limit_admits(&perf_shared.limit, now, &cpu->open))
		perf_add64(&cpu->account.rate_limited, 1);
	else if (perf_ring_refuses(cpu))
		perf_add64(&cpu->account.refused, 1);
	else
		perf_ring_write(cpu, what | number << 8, duration, now, data1, data2,
				task, thread);
	perf_section_end(&cpu->sequence);
	perf_platform_unmask(saved);
}

void PERF_FAST_CALL
perf_record_instant(uint32_t what, uint32_t data1, uint32_t data2, uintptr_t task,
		    uintptr_t thread)
{
	perf_record(what, data1, data2, task, thread, NULL);
}

void PERF_FAST_CALL
perf_record_timed(uint32_t what, uint32_t data1, uint32_t data2, uintptr_t task,
		  uintptr_t thread, const struct perf_stamp *start)
{
	if (start->epoch == __atomic_load_n(&perf_active.epoch, __ATOMIC_RELAXED))
		perf_record(what, data1, data2, task, thread, start);
}

void PERF_FAST_CALL
perf_stamp_take(struct perf_stamp *start)
{
	start->epoch = __atomic_load_n(&perf_active.epoch, __ATOMIC_RELAXED);
	start->cpu = perf_platform_cpu();
	start->ticks = perf_platform_clock();
}
