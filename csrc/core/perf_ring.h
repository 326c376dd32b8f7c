/*
 * The ring of samples of one CPU.
 *
 * Sample n of a generation lies in slot n mod size.  The CPU writes it within
 * a section, so that outside a section exactly the newest size samples below
 * written are in the ring, whole.  A reader that
 * copied samples asks again for written: those that are still in the ring by
 * then were not touched while it copied.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_RING_H_
#define _PERF_RING_H_

#include <stdbool.h>
#include <stdint.h>

#include <mach/perf_monitor.h>

#include "perf_order.h"

/* Every event that the mask lets through counts in one of them. */
struct perf_account {
	uint64_t written;
	uint64_t rate_limited;
	uint64_t refused; /* because the ring was full, in stop mode */
};

static inline uint64_t
perf_account_events(const struct perf_account *account)
{
	return account->written + account->rate_limited + account->refused;
}

/*
 * A ring's memory and its size are one word, the size as its logarithm in the
 * low bits that alignment leaves: whoever loads it has both or neither.  0: no
 * ring.
 */
typedef uintptr_t perf_ring_t;

#define PERF_RING_SIZE_MASK ((uintptr_t)31)

static inline perf_ring_t
perf_ring_pack(perf_sample_t *samples, uint32_t size)
{
	return (uintptr_t)samples | (uint32_t)__builtin_ctz(size);
}

static inline perf_sample_t *
perf_ring_samples(perf_ring_t ring)
{
	return (perf_sample_t *)(ring & ~PERF_RING_SIZE_MASK);
}

/* 1 if there is no ring; nothing is written or read then. */
static inline uint32_t
perf_ring_size(perf_ring_t ring)
{
	return UINT32_C(1) << (ring & PERF_RING_SIZE_MASK);
}

/*
 * A sample as words: event, cpu and flags in one store each would be three
 * instructions more on the hottest path there is.
 */
struct perf_slot {
	uint64_t timestamp;
	uint32_t what; /* event | cpu << 8 | flags << 16 */
	uint32_t duration;
	uint32_t task;
	uint32_t thread;
	uint32_t data1;
	uint32_t data2;
} __attribute__((may_alias));

_Static_assert(sizeof(struct perf_slot) == sizeof(perf_sample_t), "slot");
_Static_assert(offsetof(struct perf_slot, what) == offsetof(perf_sample_t, event),
	       "slot");
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "a sample is little-endian"
#endif

/* Where the next sample goes: what written is derived from. */
static inline void
perf_store_slot(struct perf_slot **at, struct perf_slot *slot)
{
#if PERF_PLAIN_STORES
	*at = slot;
#else
	__atomic_store_n(at, slot, __ATOMIC_RELEASE);
#endif
}

static inline struct perf_slot *
perf_ring_slots(perf_ring_t ring)
{
	return (struct perf_slot *)perf_ring_samples(ring);
}

/* Of a sequence number, its slot. */
static inline uint32_t
perf_ring_mask(perf_ring_t ring)
{
	return perf_ring_size(ring) - 1;
}

/* The first sample that is still in the ring. */
static inline uint64_t
perf_ring_oldest(perf_ring_t ring, uint64_t written)
{
	uint32_t size = perf_ring_size(ring);

	return written > size ? written - size : 0;
}

#endif /* _PERF_RING_H_ */
