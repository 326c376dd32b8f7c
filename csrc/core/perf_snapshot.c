/*
 * Copies of one CPU at a time.
 *
 * Each copy is small, or a pass over the buckets of one event, so that it soon
 * falls between two events of even the busiest CPU.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_snapshot.h"

/* Between begin and a successful end a CPU has changed nothing that was copied. */
struct copying {
	uint32_t before;
	unsigned long saved;
};

static inline void
begin_copy(const struct perf_cpu *cpu, struct copying *copying)
{
	if (PERF_ALONE)
		copying->saved = perf_platform_mask();
	else
		copying->before = perf_section_read(&cpu->sequence);
}

static inline bool
end_copy(const struct perf_cpu *cpu, const struct copying *copying)
{
	if (PERF_ALONE) {
		perf_platform_unmask(copying->saved);
		return true;
	}
	if (perf_section_same(&cpu->sequence, copying->before))
		return true;
	perf_platform_pause();
	return false;
}

static const struct perf_account nothing_recorded;

void
perf_snapshot_cpu(unsigned int number, struct perf_cpu_snapshot *snapshot)
{
	const struct perf_cpu *cpu = &perf_cpus[number];
	struct copying copying;
	uint32_t generation;

	do {
		begin_copy(cpu, &copying);
		generation = perf_load32(&cpu->generation);
		snapshot->ring = perf_load_word(&cpu->ring);
		perf_cpu_account(cpu, &snapshot->account);
		snapshot->earlier.written = perf_load64(&cpu->earlier.written);
		snapshot->earlier.rate_limited = perf_load64(&cpu->earlier.rate_limited);
		snapshot->earlier.refused = perf_load64(&cpu->earlier.refused);
	} while (!end_copy(cpu, &copying));

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

/* Also while buckets have not carried yet. */
static uint64_t
timed(const struct perf_statistics *statistics)
{
	uint64_t sum = perf_load64(&statistics->beyond);

	for (unsigned int i = 0; i < PERF_WORK_BUCKETS; i++)
		sum += (uint64_t)perf_load8(&statistics->work_carry[i]) * PERF_BUCKET_FULL
		       + perf_load32(&statistics->work[i]);
	return sum;
}

static void
copy_totals(const struct perf_statistics *statistics, struct perf_totals *totals)
{
	totals->instants = perf_load64(&statistics->instants);
	totals->timed = timed(statistics);
	totals->waits = perf_load64(&statistics->waits);
	totals->errors = perf_load64(&statistics->errors);
	totals->total = (uint64_t)perf_load32(&statistics->total_high) << 32
			| perf_load32(&statistics->total);
	totals->wait_total = perf_load64(&statistics->wait_total);
	totals->min_inverted = perf_load64(&statistics->min_inverted);
	totals->max = perf_load64(&statistics->max);
	totals->last = perf_load64(&statistics->last);
}

void
perf_snapshot_event(uint32_t event, struct perf_totals *sum)
{
	*sum = (struct perf_totals){0};
	for (unsigned int i = 0; i < perf_platform_cpus(); i++) {
		const struct perf_cpu *cpu = &perf_cpus[i];
		struct perf_totals totals;
		struct copying copying;
		bool counts;

		do {
			begin_copy(cpu, &copying);
			counts = !perf_before_reset(perf_load32(&cpu->generation));
			copy_totals(&cpu->statistics[event], &totals);
		} while (!end_copy(cpu, &copying));
		if (counts)
			perf_totals_add(sum, &totals);
	}
}

uint64_t
perf_snapshot_errors(uint32_t event)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < perf_platform_cpus(); i++) {
		const struct perf_cpu *cpu = &perf_cpus[i];
		struct copying copying;
		uint64_t errors;
		bool counts;

		do {
			begin_copy(cpu, &copying);
			counts = !perf_before_reset(perf_load32(&cpu->generation));
			errors = perf_load64(&cpu->statistics[event].errors);
		} while (!end_copy(cpu, &copying));
		if (counts)
			sum += errors;
	}
	return sum;
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
		struct copying copying;
		uint64_t count;
		bool counts;

		do {
			begin_copy(cpu, &copying);
			counts = !perf_before_reset(perf_load32(&cpu->generation));
			count = perf_bucket_value(perf_load32(&low[bucket]),
						  perf_load8(&carry[bucket]));
		} while (!end_copy(cpu, &copying));
		if (counts)
			sum += count;
	}
	return sum;
}
