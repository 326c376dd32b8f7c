/*
 * Calibration of the time-stamp counter.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "embedded_clock.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#define NANOSECONDS_PER_SECOND UINT64_C(1000000000)
#define FIRST_INTERVAL_NS 2000000 /* an error of 100 ns is 0.005 % of it */
#define TRIES 5

bool embedded_clock_is_tsc;

/* One instant on both clocks. */
struct instant {
	uint64_t ticks;
	uint64_t ns;
};

static struct instant start;

static bool
tsc_is_invariant(void)
{
#if defined(__x86_64__) || defined(__i386__)
	unsigned int a, b, c, d;

	return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d >> 8 & 1);
#else
	return false;
#endif
}

/* The pair that was read with the least in between. */
static struct instant
instant_now(void)
{
	struct instant best = {0, 0};
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = embedded_clock();
		uint64_t ns = embedded_monotonic_ns();
		uint64_t took = embedded_clock() - before;

		if (took < least) {
			least = took;
			best = (struct instant){before + took / 2, ns};
		}
	}
	return best;
}

void
embedded_clock_init(void)
{
	embedded_clock_is_tsc = tsc_is_invariant();
	start = instant_now();
}

uint64_t
embedded_clock_frequency(void)
{
	struct instant now;

	if (!embedded_clock_is_tsc)
		return NANOSECONDS_PER_SECOND;
	do
		now = instant_now();
	while (now.ns - start.ns < FIRST_INTERVAL_NS);
	return (uint64_t)((double)(now.ticks - start.ticks) * NANOSECONDS_PER_SECOND
			  / (double)(now.ns - start.ns));
}
