/*
 * The clock: the time-stamp counter, calibrated against the interval timer.
 *
 * Of the three channels of the 8254, the kernel's clock is the first and the
 * speaker has the last.  That one counts down once, silently, while its count
 * is read at both ends of an interval: what is in between may be delayed, and
 * interrupts may be lost.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <perf_arithmetic.h>
#include <perf_platform.h>

/* Ports of the 8254, and the one that lets its last channel count. */
#define CHANNEL 0x42
#define COMMAND 0x43
#define CONTROL 0x61

#define COUNT_DOWN 0xb0 /* the last channel, both bytes, once */
#define LATCH 0x80	/* its count */
#define GATE 0x01
#define SPEAKER 0x02
#define ENDED 0x20 /* it is down */

#define COUNTS_PER_SECOND 1193182
#define COUNTS_MAX 0xffff /* 55 ms */
#define COUNTED 12000	  /* 10 ms */
#define READINGS 8
#define ATTEMPTS 8
#define STANDSTILL UINT64_C(1000000000) /* ticks in which it would have been down */
#define UNCALIBRATED UINT64_C(1000000000)

extern volatile uint32_t time[]; /* struct time_value64, or time_value of old */

static inline uint8_t
port_read(uint16_t port)
{
	uint8_t value;

	__asm__ __volatile__("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void
port_write(uint16_t port, uint8_t value)
{
	__asm__ __volatile__("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint32_t
counted(void)
{
	uint32_t low;

	port_write(COMMAND, LATCH);
	low = port_read(CHANNEL);
	return COUNTS_MAX - (low | (uint32_t)port_read(CHANNEL) << 8);
}

/* The channel counts from its next tick on: until then it says what it had before. */
static void
begin_counting(void)
{
	port_write(CONTROL, (port_read(CONTROL) & ~SPEAKER) | GATE);
	port_write(COMMAND, COUNT_DOWN);
	port_write(CHANNEL, COUNTS_MAX & 0xff);
	port_write(CHANNEL, COUNTS_MAX >> 8);
	counted();
}

/* The clock at a count: of several readings the one that took least time. */
static uint64_t
clock_at_count(uint32_t *count)
{
	uint64_t least = UINT64_MAX, clock = 0;

	for (int i = 0; i < READINGS; i++) {
		uint64_t before = perf_platform_clock();
		uint32_t read = counted();
		uint64_t took = perf_platform_clock() - before;

		if (took < least) {
			least = took;
			clock = before + took / 2;
			*count = read;
		}
	}
	return clock;
}

/* 0 if the channel was down before it was read, or does not count: then it is not there. */
static uint64_t
measured(bool *stands_still)
{
	uint32_t from, to;
	uint64_t begin, end, rest;

	begin_counting();
	begin = clock_at_count(&from);
	do {
		end = clock_at_count(&to);
		*stands_still = end - begin > STANDSTILL;
		if (*stands_still)
			return 0;
	} while (to - from < COUNTED);
	if (to < from || (port_read(CONTROL) & ENDED) != 0)
		return 0;
	return perf_divide((end - begin) * COUNTS_PER_SECOND, to - from, &rest);
}

uint64_t
perf_clock_frequency(void)
{
	static uint64_t frequency; /* under the control lock, both */
	static bool stands_still;

	for (int i = 0; i < ATTEMPTS && frequency == 0 && !stands_still; i++)
		frequency = measured(&stands_still);
	return frequency != 0 ? frequency : UNCALIBRATED;
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
