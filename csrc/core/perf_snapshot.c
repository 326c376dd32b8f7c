/*
 * Copies of one CPU at a time.
 *
 * Each copy is small, so that it soon falls between two events of even the
 * busiest CPU.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_snapshot.h"

static void
copy_words(void *to, const void *from, uint32_t size)
{
	for (uint32_t i = 0; i < size / sizeof(uint64_t); i++)
		((uint64_t *)to)[i] = perf_load64((const uint64_t *)from + i);
}

static const struct perf_account nothing_recorded;

void
perf_snapshot_cpu(unsigned int number, struct perf_cpu_snapshot *snapshot)
{
	const struct perf_cpu *cpu = &perf_cpus[number];
	uint32_t before, generation;

	for (;;) {
		before = perf_section_read(&cpu->sequence);
		generation = perf_load32(&cpu->generation);
		snapshot->ring = perf_load_word(&cpu->ring);
		copy_words(&snapshot->account, &cpu->account, sizeof cpu->account);
		copy_words(&snapshot->earlier, &cpu->earlier, sizeof cpu->earlier);
		if (perf_section_same(&cpu->sequence, before))
			break;
		perf_platform_pause();
	}

	snapshot->generation = perf_load32(&perf_shared.generation);
	if (generation == snapshot->generation)
		return;
	if (perf_before_reset(generation)) {
		snapshot->earlier = nothing_recorded;
	} else {
		snapshot->earlier.written += snapshot->account.written;
		snapshot->earlier.rate_limited += snapshot->account.rate_limited;
		snapshot->earlier.refused += snapshot->account.refused;
	}
	snapshot->account = nothing_recorded;
	snapshot->ring = perf_load_word(&perf_shared.ring[number]);
}

void
perf_snapshot_event(uint32_t event, struct perf_totals *sum)
{
	struct perf_totals totals;

	*sum = (struct perf_totals){0};
	for (unsigned int i = 0; i < perf_platform_cpus(); i++) {
		const struct perf_cpu *cpu = &perf_cpus[i];
		const struct perf_statistics *statistics = &cpu->statistics[event];
		uint32_t before, generation;

		for (;;) {
			before = perf_section_read(&cpu->sequence);
			generation = perf_load32(&statistics->generation);
			if (perf_before_reset(generation))
				break;
			copy_words(&totals, &statistics->totals, sizeof totals);
			if (perf_section_same(&cpu->sequence, before)) {
				perf_totals_add(sum, &totals);
				break;
			}
			perf_platform_pause();
		}
	}
}

uint64_t
perf_snapshot_bucket(uint32_t event, bool wait, uint32_t bucket)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < perf_platform_cpus(); i++) {
		const struct perf_cpu *cpu = &perf_cpus[i];
		const struct perf_statistics *statistics = &cpu->statistics[event];
		const uint32_t *low = wait ? statistics->wait : statistics->work;
		const uint8_t *carry =
			wait ? statistics->wait_carry : statistics->work_carry;
		uint32_t before;
		uint64_t count;

		for (;;) {
			before = perf_section_read(&cpu->sequence);
			count = (uint64_t)perf_load8(&carry[bucket]) << 32
				| perf_load32(&low[bucket]);
			if (perf_before_reset(perf_load32(&statistics->generation)))
				count = 0;
			if (perf_section_same(&cpu->sequence, before))
				break;
			perf_platform_pause();
		}
		sum += count;
	}
	return sum;
}
