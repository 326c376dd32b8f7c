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

struct perf_active perf_active = {.epoch = PERF_EPOCH_DISABLED};
struct perf_cpu perf_cpus[PERF_PLATFORM_CPUS];

#define PERF_NOINLINE __attribute__((noinline, cold))
#define PERF_INLINE static inline __attribute__((always_inline))

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

static void
renew_cpu(struct perf_cpu *cpu, uint32_t generation, uint64_t now)
{
	uint64_t *account = (uint64_t *)&cpu->account;
	uint64_t *earlier = (uint64_t *)&cpu->earlier;
	bool reset = perf_before_reset(cpu->generation);
	perf_ring_t ring = perf_load_word(&perf_shared.ring[cpu - perf_cpus]);

	for (unsigned int i = 0; i < sizeof cpu->account / sizeof *account; i++) {
		perf_store64(&earlier[i], reset ? 0 : earlier[i] + account[i]);
		perf_store64(&account[i], 0);
	}
	perf_publish_word(&cpu->ring, ring);
	cpu->slots = perf_ring_slots(ring);
	cpu->mask = perf_ring_mask(ring);
	cpu->closed = perf_limit_full(&perf_shared.limit, now);
	perf_store32(&cpu->generation, generation);
}

/*
 * The first time that this CPU records this event in a new generation, or any
 * event while a task is left out; false if it is that task's.  A ring that was
 * set after the generation was looked at is harmless: the CPU comes back here
 * at its next event.
 */
static bool PERF_NOINLINE PERF_FAST_CALL
look_closer(struct perf_cpu *cpu, struct perf_statistics *statistics,
	    const struct perf_keys *keys, uint64_t now)
{
	uint32_t generation = perf_load32(&perf_shared.generation);
	uintptr_t excluded = perf_load_word(&perf_shared.excluded);

	if (excluded != 0
	    && excluded == (keys != NULL && keys->task != PERF_CURRENT
				    ? keys->task
				    : perf_platform_task()))
		return false;
	if (statistics->generation != generation) {
		if (perf_before_reset(statistics->generation))
			perf_statistics_clear(statistics);
		perf_store32(&statistics->generation, generation);
	}
	if (cpu->generation != generation)
		renew_cpu(cpu, generation, now);
	return true;
}

/* An instant event that failed or blocked. */
static void PERF_NOINLINE PERF_FAST_CALL
count_flagged(struct perf_statistics *statistics, uint32_t what)
{
	if (what & WHAT_WAITED)
		perf_add64(&statistics->totals.waits, 1);
	else
		perf_count_instant(statistics);
	if (what & WHAT_ERROR)
		perf_add64(&statistics->totals.errors, 1);
}

/* A timed event with a flag or a long duration; the flags it has then. */
static uint32_t PERF_NOINLINE PERF_FAST_CALL
count_unusual(struct perf_statistics *statistics, uint32_t what, uint64_t ticks)
{
	if (ticks >= PERF_LONG_TICKS)
		what |= WHAT_SATURATED;
	if ((int64_t)ticks < 0)
		ticks = 0;
	if (what & WHAT_WAITED)
		perf_count_wait(statistics, ticks);
	else
		perf_count_work(statistics, ticks);
	if (what & WHAT_ERROR)
		perf_add64(&statistics->totals.errors, 1);
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

PERF_INLINE bool
ring_refuses(const struct perf_cpu *cpu)
{
	return perf_unlikely(perf_peek32(&perf_shared.mode) == PERF_MODE_STOP)
	       && cpu->account.written > cpu->mask;
}

PERF_INLINE void
write_sample(struct perf_cpu *cpu, uint32_t what, uint32_t duration, uint64_t now,
	     uint32_t data1, uint32_t data2, const struct perf_keys *keys)
{
	struct perf_slot *slot = &cpu->slots[(uint32_t)cpu->account.written & cpu->mask];

	perf_limit_take(&perf_shared.limit, now, &cpu->closed);
	if (ring_refuses(cpu)) {
		perf_add64(&cpu->account.refused, 1);
		return;
	}

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
		struct perf_last_ids *ids = &cpu->last_ids;

		if (perf_unlikely(perf_peek_word(&ids->thread_key)
				  != perf_platform_thread()))
			perf_ids_look_up(ids);
		perf_store32(&slot->task, ids->task);
		perf_store32(&slot->thread, ids->thread);
	}
	perf_add64(&cpu->account.written, 1);
}

/* start is unused for an event that is not timed. */
PERF_INLINE void
record(bool timed, uint32_t what, uint32_t data1, uint32_t data2,
       const struct perf_stamp *start, const struct perf_keys *keys)
{
	unsigned long saved = perf_platform_mask();
	uint32_t number = perf_platform_cpu();
	struct perf_cpu *cpu = &perf_cpus[number];
	struct perf_statistics *statistics = &cpu->statistics[(uint8_t)what];
	uint32_t duration = 0;
	uint64_t now = perf_platform_clock();

	if (PERF_PLATFORM_CPUS > 1)
		PERF_KEEP(cpu);
	PERF_KEEP(statistics);
	perf_section_begin(&cpu->sequence);
	if (perf_unlikely(statistics->generation != perf_peek32(&perf_shared.current))
	    && !look_closer(cpu, statistics, keys, now))
		goto out;

	perf_store64(&statistics->totals.last, now);
	if (!timed) {
		if (perf_unlikely(what & (WHAT_ERROR | WHAT_WAITED)))
			count_flagged(statistics, what);
		else
			perf_count_instant(statistics);
		what |= WHAT_INSTANT;
	} else {
		uint64_t ticks = now - start->ticks;

		duration = ticks;
		if (PERF_PLATFORM_CPUS > 1 && perf_unlikely(start->cpu != number))
			what |= WHAT_MIGRATED;
		if (perf_unlikely(ticks >= PERF_LONG_TICKS
				  || what & (WHAT_ERROR | WHAT_WAITED))) {
			what = count_unusual(statistics, what, ticks);
			if (what & WHAT_SATURATED)
				duration = (int64_t)ticks < 0 ? 0 : UINT32_MAX;
		} else {
			perf_count_short_work(statistics, duration);
		}
	}

	if (perf_likely(perf_limit_is_closed(now, cpu->closed)))
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
	record(false, what, data1, data2, NULL, keys);
}

void PERF_FAST_CALL
perf_record_timed(uint32_t what, uint32_t data1, uint32_t data2,
		  const struct perf_stamp *start, const struct perf_keys *keys)
{
	record(true, what, data1, data2, start, keys);
}

void PERF_FAST_CALL
perf_stamp_take(struct perf_stamp *start)
{
	start->epoch = __atomic_load_n(&perf_active.epoch, __ATOMIC_RELAXED);
	start->cpu = perf_platform_cpu();
	start->ticks = perf_platform_clock();
}
