/*
 * What a CPU does now and then: taking over what was set, going round its ring,
 * carrying.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_core.h"

struct perf_active perf_active = {.epoch = PERF_EPOCH_DISABLED};
struct perf_cpu perf_cpus[PERF_PLATFORM_CPUS];

static void __attribute__((noinline))
begin_account(struct perf_cpu *cpu, bool reset)
{
	uint64_t *account = (uint64_t *)&cpu->account;
	uint64_t *earlier = (uint64_t *)&cpu->earlier;

	perf_add64(&cpu->account.written,
		   (uint64_t)(cpu->next - perf_ring_slots(cpu->ring)));
	perf_add64(&cpu->account.rate_limited, cpu->limited);
	perf_store32(&cpu->limited, 0);
	for (unsigned int i = 0; i < sizeof cpu->account / sizeof *account; i++) {
		perf_store64(&earlier[i], reset ? 0 : earlier[i] + account[i]);
		perf_store64(&account[i], 0);
	}
}

static void __attribute__((noinline))
clear_statistics(struct perf_cpu *cpu)
{
	for (uint32_t event = 0; event < PERF_EVENT_MAX; event++)
		if (cpu->statistics[event].last != 0)
			perf_statistics_clear(&cpu->statistics[event]);
}

static void __attribute__((noinline))
begin_ring(struct perf_cpu *cpu)
{
	uint64_t now;

	perf_publish_word(&cpu->ring, perf_load_word(&perf_shared.ring[cpu - perf_cpus]));
	perf_store_slot(&cpu->next, perf_ring_slots(cpu->ring));
	now = perf_platform_clock();
	cpu->closed = perf_limit_full(&perf_shared.limit, now);
	perf_cpu_due(cpu, now);
}

static void __attribute__((noinline))
begin_lap(struct perf_cpu *cpu)
{
	cpu->stops = cpu->ring == 0 || perf_load32(&perf_shared.mode) == PERF_MODE_STOP;
	cpu->end = perf_ring_slots(cpu->ring);
	if (cpu->ring != 0)
		cpu->end += perf_ring_size(cpu->ring);
	if (cpu->stops && cpu->account.written != 0) /* there is a sample in each slot */
		cpu->end = cpu->next;
	cpu->plain_end = perf_load32(&perf_shared.limit.interval) == 0 ? cpu->end : NULL;
}

/*
 * A ring that was set after the generation was looked at is harmless: the CPU
 * comes back here at its next event.
 */
void PERF_FAST_CALL
perf_cpu_renew(struct perf_cpu *cpu)
{
	uint32_t version = perf_load32(&perf_shared.version);
	uint32_t generation = perf_load32(&perf_shared.generation);

	if (cpu->generation != generation) {
		bool reset = perf_before_reset(cpu->generation);

		begin_account(cpu, reset);
		if (reset)
			clear_statistics(cpu);
		begin_ring(cpu);
		perf_store32(&cpu->generation, generation);
	}
	begin_lap(cpu);
	for (uint32_t event = 0; event < PERF_EVENT_MAX; event++)
		perf_statistics_watch(&cpu->statistics[event],
				      perf_load_word(&perf_shared.excluded) != 0
					      || !perf_event_active(event));
	cpu->settings = version;
}

bool PERF_FAST_CALL
perf_cpu_lap(struct perf_cpu *cpu)
{
	if (cpu->stops) {
		perf_add64(&cpu->account.refused, 1);
		return false;
	}
	perf_add64(&cpu->account.written, perf_ring_size(cpu->ring));
	perf_store_slot(&cpu->next, perf_ring_slots(cpu->ring));
	return true;
}

bool PERF_FAST_CALL
perf_cpu_admit(struct perf_cpu *cpu, uint64_t now)
{
	if (!perf_limit_admit(&perf_shared.limit, now, &cpu->closed)) {
		perf_add32(&cpu->limited, 1);
		return false;
	}
	perf_cpu_due(cpu, now);
	return cpu->next != cpu->end || perf_cpu_lap(cpu);
}

void PERF_FAST_CALL
perf_cpu_carry(struct perf_cpu *cpu, struct perf_statistics *statistics)
{
	unsigned long saved = PERF_ALONE ? perf_platform_mask() : 0;

	perf_statistics_carry(statistics);
	perf_add64(&cpu->account.rate_limited, cpu->limited);
	perf_store32(&cpu->limited, 0);
	if (PERF_ALONE)
		perf_platform_unmask(saved);
}
