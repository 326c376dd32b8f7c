/*
 * Reading samples out of a ring that is being written.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_reader.h"

#include "perf_snapshot.h"

#define SEQUENCE_MASK ((UINT64_C(1) << PERF_CURSOR_SEQUENCE_BITS) - 1)

uint64_t
perf_cursor(uint32_t generation, uint64_t sequence)
{
	/* 0 and 0xffff would make cursors of PERF_CURSOR_OLDEST and _NEWEST. */
	uint64_t bits = 1 + generation % 0xfffe;

	return bits << PERF_CURSOR_SEQUENCE_BITS | (sequence & SEQUENCE_MASK);
}

/*
 * Where a cursor stands in what the ring holds now: from is the sample that it
 * names, at the first that can be read.  A cursor of another generation names
 * the beginning of this one.
 */
static void
resolve(uint64_t cursor, const struct perf_cpu_snapshot *snapshot, uint64_t *from,
	uint64_t *at)
{
	uint64_t newest = snapshot->account.written;
	uint64_t oldest = perf_ring_oldest(snapshot->ring, newest);

	if (cursor == PERF_CURSOR_NEWEST) {
		*from = *at = newest;
		return;
	}
	*from = 0;
	if (cursor == PERF_CURSOR_OLDEST)
		*from = oldest;
	else if (perf_cursor(snapshot->generation, cursor) == cursor)
		*from = cursor & SEQUENCE_MASK;
	if (*from > newest)
		*from = newest;
	*at = *from < oldest ? oldest : *from;
}

static uint32_t
smaller(uint64_t a, uint32_t b)
{
	return a < b ? (uint32_t)a : b;
}

kern_return_t
perf_reader_available(uint32_t cpu, uint64_t cursor, uint32_t max, uint32_t *count)
{
	struct perf_cpu_snapshot snapshot;
	uint64_t from, at;

	if (cpu >= perf_platform_cpus())
		return KERN_INVALID_ARGUMENT;
	perf_snapshot_cpu(cpu, &snapshot);
	resolve(cursor, &snapshot, &from, &at);
	*count = smaller(snapshot.account.written - at, max);
	return KERN_SUCCESS;
}

static void
copy_samples(perf_ring_t ring, uint64_t at, perf_sample_t *samples, uint32_t count)
{
	typedef uintptr_t __attribute__((may_alias)) word_t;
	enum { WORDS = sizeof(perf_sample_t) / sizeof(word_t) };
	word_t *to = (word_t *)samples;
	struct perf_slot *slots = perf_ring_slots(ring);
	uint32_t mask = perf_ring_mask(ring);

	for (uint32_t i = 0; i < count; i++) {
		const word_t *from = (const word_t *)&slots[(at + i) & mask];

		for (int word = 0; word < WORDS; word++)
			*to++ = __atomic_load_n(&from[word], __ATOMIC_ACQUIRE);
	}
}

kern_return_t
perf_reader_read(uint32_t cpu, uint64_t cursor, perf_sample_t *samples, uint32_t *count,
		 uint64_t *next, uint64_t *lost)
{
	struct perf_cpu_snapshot snapshot, after;
	uint64_t from, at, oldest;
	uint32_t room = *count, gone;

	if (cpu >= perf_platform_cpus())
		return KERN_INVALID_ARGUMENT;
	perf_snapshot_cpu(cpu, &after);
	do {
		snapshot = after;
		resolve(cursor, &snapshot, &from, &at);
		*count = smaller(snapshot.account.written - at, room);
		copy_samples(snapshot.ring, at, samples, *count);
		perf_snapshot_cpu(cpu, &after);
	} while (after.generation != snapshot.generation);

	/* What was overwritten while it was copied may be torn: take it out. */
	oldest = perf_ring_oldest(after.ring, after.account.written);
	gone = oldest > at ? smaller(oldest - at, *count) : 0;
	*count -= gone;
	for (uint32_t i = 0; gone != 0 && i < *count; i++)
		samples[i] = samples[i + gone];
	*next = perf_cursor(snapshot.generation, at + gone + *count);
	*lost = at + gone - from;
	return KERN_SUCCESS;
}
