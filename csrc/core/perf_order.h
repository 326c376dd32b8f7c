/*
 * How one CPU writes what others read.
 *
 * Everything a CPU records is written by that CPU alone, between
 * perf_section_begin() and perf_section_end(), which make its sequence number
 * odd and even again.  A reader copies, and takes the copy only if the number
 * was even and is still the same.  It never makes a writer wait.
 *
 * On x86 stores become visible in the order of the program, so that plain
 * accesses between two compiler barriers do.  Elsewhere, and for
 * ThreadSanitizer, every store is a release and every load an acquire: then a
 * load that sees a store of a section also sees the odd number before it.
 *
 * The number wraps after 2^31 events; a reader would have to sleep through
 * exactly that many in the middle of one copy to be deceived.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_ORDER_H_
#define _PERF_ORDER_H_

#include <stdbool.h>
#include <stdint.h>

#if (defined(__i386__) || defined(__x86_64__)) && !defined(__SANITIZE_THREAD__)
#define PERF_PLAIN_STORES 1
#else
#define PERF_PLAIN_STORES 0
#endif

#define perf_likely(condition) __builtin_expect(!!(condition), 1)
#define perf_unlikely(condition) __builtin_expect(!!(condition), 0)

/* Writer: only for what this CPU owns, and only within a section. */

static inline void
perf_store8(uint8_t *at, uint8_t value)
{
#if PERF_PLAIN_STORES
	*at = value;
#else
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
#endif
}

static inline void
perf_store32(uint32_t *at, uint32_t value)
{
#if PERF_PLAIN_STORES
	*at = value;
#else
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
#endif
}

static inline void
perf_store64(uint64_t *at, uint64_t value)
{
#if PERF_PLAIN_STORES
	*at = value;
#else
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
#endif
}

static inline void
perf_add64(uint64_t *at, uint64_t value)
{
#if PERF_PLAIN_STORES
	*at += value;
#else
	perf_store64(at, *at + value);
#endif
}

static inline void
perf_add32(uint32_t *at, uint32_t value)
{
#if PERF_PLAIN_STORES
	*at += value;
#else
	perf_store32(at, *at + value);
#endif
}

/* Did it carry out of 32 bits? */
static inline bool
perf_add32_carries(uint32_t *at, uint32_t value)
{
#if PERF_PLAIN_STORES
	return __builtin_add_overflow(*at, value, at);
#else
	perf_store32(at, *at + value);
	return *at < value;
#endif
}

static inline void
perf_section_begin(uint32_t *sequence)
{
#if PERF_PLAIN_STORES
	*sequence += 1;
	__asm__ __volatile__("" ::: "memory");
#else
	__atomic_store_n(sequence, *sequence + 1, __ATOMIC_RELAXED);
#endif
}

static inline void
perf_section_end(uint32_t *sequence)
{
#if PERF_PLAIN_STORES
	__asm__ __volatile__("" ::: "memory");
	*sequence += 1;
#else
	__atomic_store_n(sequence, *sequence + 1, __ATOMIC_RELEASE);
#endif
}

/* Reader, and for what control operations set: each word stands for itself. */

static inline void
perf_publish32(uint32_t *at, uint32_t value)
{
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
}

static inline void
perf_publish_word(uintptr_t *at, uintptr_t value)
{
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
}

/* Of what any CPU may raise at any time. */
static inline void
perf_raise32(uint32_t *at, uint32_t value)
{
	uint32_t old = __atomic_load_n(at, __ATOMIC_RELAXED);

	while (old < value
	       && !__atomic_compare_exchange_n(at, &old, value, false, __ATOMIC_SEQ_CST,
					       __ATOMIC_RELAXED))
		;
}

static inline uint8_t
perf_load8(const uint8_t *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

static inline uint32_t
perf_load32(const uint32_t *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

static inline uintptr_t
perf_load_word(const uintptr_t *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

/* On 32 bits in two halves: between perf_section_read() and perf_section_same(). */
static inline uint64_t
perf_load64(const uint64_t *at)
{
#if UINTPTR_MAX > UINT32_MAX
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
#else
	typedef uint32_t __attribute__((may_alias)) half_t;
	const half_t *half = (const half_t *)at;
	uint32_t low = __atomic_load_n(half, __ATOMIC_ACQUIRE);

	return (uint64_t)__atomic_load_n(half + 1, __ATOMIC_ACQUIRE) << 32 | low;
#endif
}

/*
 * What the record path reads of what others set: one word each, once each,
 * behind the barrier that begins the section.  (No compiler folds an atomic
 * load into the comparison that it is for.)
 */
static inline uint32_t
perf_peek32(const uint32_t *at)
{
#if PERF_PLAIN_STORES
	return *at;
#else
	return perf_load32(at);
#endif
}

static inline uintptr_t
perf_peek_word(const uintptr_t *at)
{
#if PERF_PLAIN_STORES
	return *at;
#else
	return perf_load_word(at);
#endif
}

/*
 * do {
 *	before = perf_section_read(&sequence);
 *	copy
 * } while (!perf_section_same(&sequence, before));
 *
 * An odd number is not worth a copy: it is refused afterwards.
 */
static inline uint32_t
perf_section_read(const uint32_t *sequence)
{
	return perf_load32(sequence);
}

static inline bool
perf_section_same(const uint32_t *sequence, uint32_t before)
{
	return (before & 1) == 0 && perf_load32(sequence) == before;
}

#endif /* _PERF_ORDER_H_ */
