/*
 * What an event costs in time, on the platform of the embedded host.
 *
 * Prints lines of "path threads nanoseconds": the median, over rounds, of the
 * time that all threads took, by the events of one thread.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "perf_control.h"
#include "perf_core.h"

#define EVENTS 4000000
#define ROUNDS 5
#define THREADS_MAX 2

static uint64_t sum;

static void
read_clock(void)
{
	uint64_t seen = 0;

	for (uint32_t i = 0; i < EVENTS; i++)
		seen += perf_platform_clock();
	__atomic_add_fetch(&sum, seen, __ATOMIC_RELAXED);
}

static void
record_instant(void)
{
	for (uint32_t i = 0; i < EVENTS; i++)
		PERF_EVENT_RECORD(PERF_EVENT_VM_FREE, PERF_CURRENT, PERF_CURRENT, i, 1);
}

static void
record_timed(void)
{
	for (uint32_t i = 0; i < EVENTS; i++)
		PERF_TIME_BLOCK(PERF_EVENT_VM_ALLOC, PERF_CURRENT, PERF_CURRENT, i, 1, {
			__asm__ __volatile__("");
		});
}

static void
configure(uint32_t rate, bool enable)
{
	perf_control_enable(false);
	perf_control_configure(rate, PERF_BUFFER_DEFAULT);
	perf_control_enable(enable);
}

static void
disabled(void)
{
	configure(PERF_RATE_DEFAULT, false);
}

/* At this rate hardly any event leaves a sample. */
static void
statistics(void)
{
	configure(PERF_RATE_MIN, true);
}

static void
samples(void)
{
	configure(PERF_RATE_EVERY_EVENT, true);
}

static const struct path {
	const char *name;
	void (*prepare)(void);
	void (*run)(void);
} paths[] = {
	{"clock", disabled, read_clock},
	{"disabled", disabled, record_instant},
	{"instant_statistics", statistics, record_instant},
	{"instant_sample", samples, record_instant},
	{"timed_statistics", statistics, record_timed},
	{"timed_sample", samples, record_timed},
};

static pthread_barrier_t together;

static void *
run_path(void *path)
{
	pthread_barrier_wait(&together);
	((const struct path *)path)->run();
	pthread_barrier_wait(&together);
	return NULL;
}

static double
round_of(const struct path *path, unsigned int threads)
{
	pthread_t thread[THREADS_MAX];
	uint64_t start;

	pthread_barrier_init(&together, NULL, threads + 1);
	for (unsigned int i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, run_path, (void *)path);
	pthread_barrier_wait(&together);
	start = embedded_monotonic_ns();
	pthread_barrier_wait(&together);
	start = embedded_monotonic_ns() - start;
	for (unsigned int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	pthread_barrier_destroy(&together);
	return (double)start / EVENTS;
}

static int
ascending(const void *a, const void *b)
{
	double difference = *(const double *)a - *(const double *)b;

	return (difference > 0) - (difference < 0);
}

int
main(void)
{
	double took[ROUNDS];

	embedded_clock_init();
	perf_analysis_init();
	for (unsigned int threads = 1; threads <= THREADS_MAX; threads++)
		for (unsigned int i = 0; i < sizeof paths / sizeof paths[0]; i++) {
			paths[i].prepare();
			for (unsigned int round = 0; round < ROUNDS; round++)
				took[round] = round_of(&paths[i], threads);
			qsort(took, ROUNDS, sizeof took[0], ascending);
			printf("%s %u %.2f\n", paths[i].name, threads, took[ROUNDS / 2]);
		}
	return 0;
}
