/*
 * The clock: the time-stamp counter, calibrated against a counter of time, or
 * where the kernel has none against the clock interrupt.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <perf_arithmetic.h>
#include <perf_platform.h>

#define FIRST_INTERVAL 10 /* clock interrupts */
#define COUNTED 20000000  /* nanoseconds */
#define ATTEMPTS 8
#define UNCALIBRATED UINT64_C(1000000000)

extern volatile uint32_t time[]; /* struct time_value64, or time_value of old */

/*
 * The first clock interrupt that was waited for, and how many had passed at
 * the last calibration.  Under the control lock.
 */
static struct {
	uint64_t clock;
	uint32_t ticks;
	uint32_t interval;
	uint64_t frequency;
} calibration;

/* Wait for the next clock interrupt; at what time it came, and its number. */
static uint64_t
await_tick(uint32_t *tick)
{
	uint32_t before = elapsed_ticks;

	while (elapsed_ticks == before)
		perf_platform_pause();
	*tick = elapsed_ticks;
	return perf_platform_clock();
}

/* The clock at a value of the counter: of several readings the one that took least time. */
static uint64_t
clock_at_counter(uint32_t *counter)
{
	uint64_t least = UINT64_MAX, clock = 0;

	for (int i = 0; i < ATTEMPTS; i++) {
		uint64_t before = perf_platform_clock();
		uint32_t read = perf_counter();
		uint64_t took = perf_platform_clock() - before;

		if (took < least) {
			least = took;
			clock = before + took / 2;
			*counter = read;
		}
	}
	return clock;
}

static uint64_t
measured_by_counter(uint32_t period)
{
	uint32_t from, to;
	uint64_t begin = clock_at_counter(&from), end, rest;

	while (perf_counter() - from < COUNTED / period)
		perf_platform_pause();
	end = clock_at_counter(&to);
	return perf_divide((end - begin) * 1000000000u, (to - from) * period, &rest);
}

/*
 * Measured over ever longer intervals: again only when at least twice as much
 * time has passed as at the last measurement, so that it costs an enable
 * nothing as a rule.
 */
static uint64_t
measured_by_interrupt(void)
{
	uint64_t now, rest;
	uint32_t tick;

	if (calibration.frequency != 0 &&
	    elapsed_ticks - calibration.ticks < 2 * calibration.interval)
		return calibration.frequency;
	if (calibration.frequency == 0)
		calibration.clock = await_tick(&calibration.ticks);
	do {
		now = await_tick(&tick);
		calibration.interval = tick - calibration.ticks;
	} while (calibration.interval < FIRST_INTERVAL);
	return perf_divide((now - calibration.clock) * (uint32_t)hz, calibration.interval, &rest);
}

uint64_t
perf_clock_frequency(void)
{
	uint32_t period = perf_counter_period();

	if (elapsed_ticks == 0) /* the kernel's clocks do not run yet */
		return UNCALIBRATED;
	if (period == 0)
		calibration.frequency = measured_by_interrupt();
	else if (calibration.frequency == 0)
		calibration.frequency = measured_by_counter(period);
	return calibration.frequency;
}

void
perf_clock_wall(uint64_t *seconds, uint64_t *nanoseconds)
{
	unsigned long saved = perf_platform_mask();

#if PERF_SIZE_TIME == 16
	*seconds = (uint64_t)time[1] << 32 | time[0];
	*nanoseconds = time[2];
#else
	*seconds = time[0];
	*nanoseconds = (uint64_t)time[1] * 1000;
#endif
	perf_platform_unmask(saved);
}
