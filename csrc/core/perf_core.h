/*
 * The state of the core, and who may write what.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_CORE_H_
#define _PERF_CORE_H_

#include <stdbool.h>
#include <stdint.h>

#include "perf_analysis.h"
#include "perf_arithmetic.h"
#include "perf_limiter.h"
#include "perf_platform_contract.h"
#include "perf_ring.h"
#include "perf_statistics.h"

#define PERF_NO_THREAD ((uintptr_t)1) /* no key is that */

/*
 * One CPU: whoever runs on it, and is not an interrupt, finds no section begun
 * and not ended; with interrupts masked it is alone.  So sections need no
 * number, and a control operation does for the CPU what CPUs otherwise do for
 * themselves.
 */
#define PERF_ALONE (PERF_PLATFORM_CPUS == 1)

/* The thread that a CPU saw running last, with its id and its task's. */
struct perf_last_ids {
	uintptr_t thread_key;
	struct perf_ids ids;
};

/*
 * What a CPU records.  Written by that CPU alone, in a section; read by all.
 * (But for last_ids: a death on another CPU takes its key out.)
 */
struct perf_cpu {
	uint32_t sequence; /* odd in a section */
	uint32_t settings; /* that it has taken over */
	uint64_t closed;   /* until then, inclusive, no sample is due */
	uint32_t limited;  /* usual events without a sample; carries into account */
	uint32_t due;	   /* see perf_cpu_due() */
	struct perf_slot *next; /* where the next sample goes; at end: nowhere */
	struct perf_slot *end;
	struct perf_slot *plain_end; /* end, or null while there is a rate limit */
	bool stops; /* there, and does not begin another lap */
	perf_ring_t ring;
	uint32_t generation;
	struct perf_account account; /* of the generation; written: before this lap */
	struct perf_account earlier; /* of generations since the last reset */
	uint64_t newest;	     /* timestamp of the newest sample */
	struct perf_last_ids last_ids;
	struct perf_statistics statistics[PERF_EVENT_MAX];
} __attribute__((aligned(64)));

#define PERF_LOOK_CLOSER UINT32_MAX /* no version of settings is that */

/*
 * What control operations set and the record path takes over.  Written under
 * the control lock, each word for itself; those that belong together take
 * effect when settings, stored last, tells each CPU to renew itself.
 */
struct perf_shared {
	/*
	 * What settings a CPU has that needs no second look: version, or
	 * PERF_LOOK_CLOSER while a task is left out.
	 */
	uint32_t settings;
	uint32_t version;    /* each change advances it */
	uint32_t generation; /* configure and reset advance it */
	uint32_t reset;	     /* the generation that the last reset began */
	uint32_t mode;
	struct perf_limit limit;
	uintptr_t excluded; /* key of the task left out; 0: none */
	perf_ring_t ring[PERF_PLATFORM_CPUS];
} __attribute__((aligned(64)));

/* A CPU takes over what was set: the CPU itself in a section, or PERF_ALONE. */
void PERF_FAST_CALL perf_cpu_renew(struct perf_cpu *cpu);

/* No place for a sample: the next lap begins, or false, and it is refused. */
bool PERF_FAST_CALL perf_cpu_lap(struct perf_cpu *cpu);

/*
 * May there be a sample of a usual event, and is there a place for it?  If not,
 * that is counted.  Asked where next is not below plain_end.
 */
bool PERF_FAST_CALL perf_cpu_admit(struct perf_cpu *cpu, uint64_t now);

/*
 * due is closed for those who look at the lower half of the clock alone: from
 * due on a sample may be due, before it none is.  It is 0 while there is no
 * limit, and unless closed lies in the 2^32 ticks that now does.  Who relies on
 * it says when others begin; until then an event that is due may be taken for
 * one that is not, and its token is for a later one.
 */
static inline void
perf_cpu_due(struct perf_cpu *cpu, uint64_t now)
{
	uint64_t first = cpu->closed + 1;

	cpu->due = first >> 32 == now >> 32 ? (uint32_t)first : 0;
}

/* What counts in 32 bits goes into 64, because the event's total has carried. */
void PERF_FAST_CALL perf_cpu_carry(struct perf_cpu *cpu,
				   struct perf_statistics *statistics);

/* Of the generation, whole; in a section, or as a reader copies. */
static inline void
perf_cpu_account(const struct perf_cpu *cpu, struct perf_account *account)
{
	perf_ring_t ring = perf_load_word(&cpu->ring);

	account->written =
		perf_load64(&cpu->account.written)
		+ (uint64_t)(__atomic_load_n(&cpu->next, __ATOMIC_ACQUIRE)
			     - perf_ring_slots(ring));
	account->rate_limited = perf_load64(&cpu->account.rate_limited)
				+ perf_load32(&cpu->limited);
	account->refused = perf_load64(&cpu->account.refused);
}

/* What only control operations and reports touch, under the control lock. */
struct perf_control {
	bool enabled;
	uint32_t epoch;
	uint32_t sample_rate;
	uint32_t buffer_size;
	uint64_t event_mask;
	uint32_t excluded_task;
	uint32_t regression_percent;
	uint32_t latency_us;
	uint32_t throughput;
	uint32_t error_rate;
	uint64_t ticks_per_second;
	uint64_t boot_ticks;
	bool scale_is_kept; /* figures were made on it */
	/* Reports read the scale without the lock, as what a CPU records. */
	uint32_t scale_sequence;
	struct perf_scale scale;
	uint64_t enabled_at; /* ticks */
	uint64_t monitored;  /* ticks, up to the last disable */
};

extern struct perf_cpu perf_cpus[PERF_PLATFORM_CPUS];
extern struct perf_shared perf_shared;
extern struct perf_control perf_control;

/* Ticks since an instant: none on a CPU whose clock is behind that of another. */
static inline uint64_t
perf_ticks_since(uint64_t instant)
{
	uint64_t now = perf_platform_clock();

	return now > instant ? now - instant : 0;
}

/* Nanoseconds of a duration; since boot, of a clock value. */
uint64_t perf_duration_ns(uint64_t ticks);
uint64_t perf_instant_ns(uint64_t ticks);

/* Does this generation come before the last reset? */
static inline bool
perf_before_reset(uint32_t generation)
{
	return (int32_t)(generation - perf_load32(&perf_shared.reset)) < 0;
}

#endif /* _PERF_CORE_H_ */
